// Clock, saving, keys and texts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WordClock, resume, speed } from '../../src/web/js/model/clock.js';
import { Autosave } from '../../src/web/js/model/save.js';
import { DEFAULTS, Keymap, chord, label, types } from '../../src/web/js/model/keys.js';
import { tables, t, format, said } from '../../src/web/js/i18n.js';
import { Problem } from '../../src/web/js/api.js';

test('the word of the moment, forwards, backwards and in pauses', () => {
  const words = [[0.5, 0.9], [1, 1.4], [3, 3.5]].map(([start_s, end_s]) => ({ start_s, end_s }));
  const clock = new WordClock(words, [{ duration_s: 4 }]);
  assert.deepEqual([0, 0.5, 0.95, 1.2, 2.9, 3.1, 9, 0.6, 0.1].map((s) => clock.word(s)), [-1, 0, 0, 1, 1, 2, 2, 0, -1]);
});

test('takes follow one another, and words of an inserted take keep their place', () => {
  const words = [{ start_s: 1, end_s: 2 }, { start_s: 0.5, end_s: 1, take: 1 }, { start_s: 5, end_s: 6 }];
  const clock = new WordClock(words, [{ duration_s: 10 }, { duration_s: 3 }]);
  assert.equal(clock.duration, 13);
  assert.deepEqual(clock.span(1), { from: 10.5, to: 11 });
  assert.deepEqual([1.5, 5.5, 10.7].map((s) => clock.word(s)), [0, 2, 1]);
  assert.deepEqual(clock.take(12), { take: 1, s: 2 });
  assert.deepEqual(clock.take(3), { take: 0, s: 3 });
});

test('speeds stop at the ends; resuming steps back only from where it was paused', () => {
  assert.equal(speed(1, 1), 1.1);
  assert.equal(speed(2, 1), 2);
  assert.equal(speed(0.5, -1), 0.5);
  assert.equal(resume(10, 10, 1.5), 8.5);
  assert.equal(resume(10, 4, 1.5), 4);
  assert.equal(resume(0.4, 0.4, 1.5), 0);
});

const saver = (answers) => {
  const log = [];
  const timers = { list: [], set: (f, ms) => { const x = { f, ms }; timers.list.push(x); return x; }, clear: (x) => { timers.list = timers.list.filter((y) => y !== x); } };
  const s = { text: 'a', log, timers, sent: [] };
  s.save = new Autosave({ version: 1, text: () => s.text, timers, now: () => 0, onstate: (state) => log.push(state), put: async (text, version) => { s.sent.push([text, version]); const answer = answers.shift(); if (answer instanceof Error) throw answer; await answer?.wait; return { version: version + 1 }; } });
  s.fire = async () => { const x = timers.list.pop(); await x.f(); await s.save.running; };
  return s;
};
const problem = (status, more) => Object.assign(new Error('x'), { status, more });

test('a change is saved on the version that it was made on', async () => {
  const s = saver([{}, {}]);
  s.text = 'b';
  s.save.changed();
  s.save.changed();
  assert.equal(s.timers.list.length, 1);
  await s.fire();
  s.text = 'c';
  s.save.changed();
  assert.equal(await s.save.flush(), true);
  assert.deepEqual(s.sent, [['b', 1], ['c', 2]]);
  assert.deepEqual(s.log, ['dirty', 'saving', 'saved', 'dirty', 'saving', 'saved']);
});

test('typing during a save is saved next', async () => {
  let done;
  const s = saver([{ wait: new Promise((r) => { done = r; }) }, {}]);
  s.text = 'b';
  s.save.changed();
  const all = s.save.flush();
  s.text = 'c';
  s.save.changed();
  done();
  assert.equal(await all, true);
  assert.deepEqual(s.sent, [['b', 1], ['c', 2]]);
});

test('without the service it waits and tries again, and says so', async () => {
  const s = saver([problem(0), problem(503), {}]);
  s.text = 'b';
  s.save.changed();
  assert.equal(await s.save.flush(), false);
  assert.equal(s.save.state, 'waiting');
  await s.fire();
  await s.fire();
  assert.equal(s.save.state, 'saved');
  assert.deepEqual(s.sent.map(([, v]) => v), [1, 1, 1]);
});

test('somebody else’s version is never overwritten without asking', async () => {
  const s = saver([problem(412, { version: 5, by: 'Mara' }), {}]);
  s.text = 'mine';
  s.save.changed();
  assert.equal(await s.save.flush(), false);
  assert.deepEqual(s.save.conflict, { version: 5, by: 'Mara' });
  s.save.changed();
  assert.equal(s.timers.list.length, 0, 'nothing is sent before a person decides');
  assert.equal(await s.save.flush(), false);
  assert.equal(await s.save.keepMine(), true);
  assert.deepEqual(s.sent.at(-1), ['mine', 5]);
  s.save.tookTheirs(9, 'theirs');
  s.text = 'theirs';
  assert.equal(s.save.unsaved, false);
});

test('a lost lock stops saving until it is held again', async () => {
  const s = saver([problem(409), {}]);
  s.text = 'b';
  s.save.changed();
  await s.save.flush();
  assert.equal(s.save.state, 'stopped');
  s.save.changed();
  assert.equal(s.save.unsaved, true);
  s.save.goOn();
  await s.fire();
  assert.equal(s.save.state, 'saved');
});

const key = (k, more = {}) => ({ key: k, code: '', ctrlKey: false, altKey: false, shiftKey: false, metaKey: false, isComposing: false, ...more });
test('chords are written one way on every keyboard', () => {
  assert.equal(chord(key('F4')), 'F4');
  assert.equal(chord(key(' ', { ctrlKey: true })), 'Ctrl+Space');
  assert.equal(chord(key('?', { shiftKey: true })), '?');
  assert.equal(chord(key('†', { altKey: true, code: 'KeyT' })), 'Alt+T');
  assert.equal(chord(key('Z', { ctrlKey: true, shiftKey: true })), 'Ctrl+Shift+Z');
  assert.equal(chord(key('z', { metaKey: true }), 'mac'), 'Ctrl+Z');
  assert.equal(chord(key('ArrowLeft', { altKey: true, shiftKey: true })), 'Alt+Shift+ArrowLeft');
  assert.equal(chord(key('Shift', { shiftKey: true })), '');
  assert.equal(label('Ctrl+Enter'), 'Ctrl ↵');
  assert.equal(label('Ctrl+Z', 'mac'), '⌘Z');
});

test('a key is in use once only, and where somebody types it writes', () => {
  const map = new Keymap();
  assert.deepEqual(map.set('review', 'play', 'F8'), { scope: 'review', name: 'next_flag' });
  assert.deepEqual(map.set('review', 'play', '?'), { scope: 'all', name: 'help' });
  assert.equal(map.set('review', 'play', 'F12'), null);
  assert.deepEqual(map.find('F12', ['review']), { scope: 'review', name: 'play' });
  assert.equal(map.find('F4', ['review']), null);
  for (const scope of Object.keys(DEFAULTS)) {
    const all = Object.values(DEFAULTS[scope]).flat();
    assert.equal(new Set(all).size, all.length, `${scope} gives a key twice`);
  }
  for (const c of Object.values(DEFAULTS.review).flat()) assert.ok(!types(c), `${c} would write into the report`);
});

test('both languages have every text, with the same values', () => {
  const values = (s) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort().join();
  for (const other of Object.keys(tables)) {
    assert.deepEqual(Object.keys(tables.en).filter((k) => !(k in tables[other])), [], `missing in ${other}`);
    assert.deepEqual(Object.keys(tables[other]).filter((k) => !(k in tables.en)), [], `only in ${other}`);
    for (const k of Object.keys(tables.en)) assert.equal(values(tables[other][k]), values(tables.en[k]), `${other}: ${k}`);
  }
  for (const scope of Object.keys(DEFAULTS)) for (const name of Object.keys(DEFAULTS[scope])) assert.ok(`key.${scope}.${name}` in tables.en, `key.${scope}.${name}`);
});

test('times, dates and due times as people read them', () => {
  assert.equal(format.clock(111), '1:51');
  assert.equal(format.clock(3723), '1:02:03');
  assert.equal(format.age('1958-08-14', new Date('2026-08-13')), 67);
  const now = Date.parse('2026-03-03T10:00:00Z');
  const due = (min) => format.due(new Date(now + min * 60000).toISOString(), new Date(now - 3600000).toISOString(), now);
  assert.deepEqual([due(-12).text, due(-12).late], ['12 min late', true]);
  assert.deepEqual([due(10).text, due(10).soon, due(10).late], ['10 min', true, false]);
  assert.equal(due(130).text, '2 h 10');
  assert.equal(due(4 * 1440).text, '4 days');
});

test('an error says what to do', () => {
  assert.match(said(new Problem({ reason: 'network' })), /Check that it runs/);
  assert.match(said(new Problem({ status: 409, reason: 'locked', detail: 'Mara is working on it.' })), /Mara/);
  assert.equal(t('no.such.key'), 'no.such.key');
});
