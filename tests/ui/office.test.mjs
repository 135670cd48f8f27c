// What comes in by itself, and what days brought: the parts without a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asksFor, namedAuthors } from '../../src/web/js/model/arrival.js';
import { reads } from '../../src/web/js/model/minutes.js';
import { weeks } from '../../src/web/js/model/volume.js';

const people = [{ username: 'dr.a' }, { username: 'dr.b' }];

test('the form begins with the author that everything names, and with none where two are named', () => {
  assert.equal(asksFor({ author: 'dr.a' }, people).author, 'dr.a');
  assert.equal(asksFor({ usual_author: 'dr.b' }, people).author, 'dr.b');
  assert.equal(asksFor({ author: 'dr.a', recorder_author: 'dr.a' }, people).author, 'dr.a');
  assert.equal(asksFor({ author: 'dr.a', recorder_author: 'dr.b' }, people).author, '');
  assert.equal(asksFor({ author: 'dr.a', recorder_author: 'DPM' }, people).author, 'dr.a', 'a name from the factory is nobody');
  assert.equal(asksFor({ author: 'dr.b' }, people, 'dr.a').author, 'dr.a', 'a physician decides for themselves');
  assert.deepEqual(namedAuthors({ author: 'x', usual_author: 'y' }), ['x', 'y']);
});

test('what came along is kept, and what did not has the usual', () => {
  assert.deepEqual(asksFor({ mrn: 'A-1', birth_date: '1961-03-14', priority: 'stat', route: 'author' }, people), { mrn: 'A-1', birth_date: '1961-03-14', author: '', priority: 'stat', route: 'author' });
  assert.deepEqual(asksFor({}, people), { mrn: '', birth_date: '', author: '', priority: 'routine', route: 'secretary' });
});

test('days become weeks that end today, and no day is lost', () => {
  const days = Array.from({ length: 90 }, (_, i) => ({ date: new Date(Date.UTC(2026, 0, 1 + i)).toISOString().slice(0, 10), received: i % 3, signed: 1 }));
  const all = weeks(days);
  assert.equal(all.length, 13);
  assert.equal(all.at(-1).date, days[83].date);
  assert.equal(all[0].signed, 6);
  assert.equal(all.reduce((n, w) => n + w.received, 0), days.reduce((n, d) => n + d.received, 0));
});

test('minutes are whole, or nothing where nothing may be', () => {
  assert.deepEqual(['30', ' 90 ', '', '0', '1.5', '-3', '525601', '1e3'].map((x) => reads(x, false)), [30, 90, null, undefined, undefined, undefined, undefined, undefined]);
  assert.equal(reads('', true), undefined);
});
