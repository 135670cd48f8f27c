// Ready texts between the words: where they stand whatever is inserted, and what is handed in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorAt, lay, nextField, parts, placeOf, texts } from '../../src/web/js/model/placed.js';
import { RATE, assemble } from '../../src/web/js/model/takes.js';

const s = (seconds) => seconds * RATE;
const take = (n, seconds, mode = 'append', at, to) => ({ take: n, mode, at: at === undefined ? undefined : s(at), to: to === undefined ? undefined : s(to), samples: s(seconds) });
const put = (pieces, at, text) => ({ name: 'x', anchor: anchorAt(pieces, s(at)), parts: parts(text) });

test('a text becomes what is written and its fields; a question is no field', () => {
  assert.deepEqual(parts('In [number] weeks with [ ]. [? which]'), [{ text: 'In ' }, { field: 'number', fill: null }, { text: ' weeks with ' }, { field: '', fill: null }, { text: '. [? which]' }]);
});

test('a text keeps its place when something is inserted before or behind it', () => {
  const first = assemble([take(0, 10)]);
  const placed = [put(first, 4, 'Chest clear.')];
  assert.equal(placeOf(first, placed[0].anchor), s(4));
  assert.equal(placeOf(assemble([take(0, 10), take(1, 3, 'insert', 2)]), placed[0].anchor), s(7));
  assert.equal(placeOf(assemble([take(0, 10), take(1, 3, 'insert', 6)]), placed[0].anchor), s(4));
  // At the very place: what is said later comes behind the text.
  assert.equal(placeOf(assemble([take(0, 10), take(1, 3, 'insert', 4)]), placed[0].anchor), s(4));
  // What it stood behind was dictated over: it stays where that began.
  assert.equal(placeOf(assemble([take(0, 10), take(1, 1, 'overwrite', 3, 5)]), placed[0].anchor), s(3));
});

test('put in at the end, more is said behind it; put in at the beginning, all is', () => {
  const begun = assemble([take(0, 5)]);
  const placed = [put([], 0, 'First.'), put(begun, 5, 'Last.')];
  assert.deepEqual(texts(placed, assemble([take(0, 9)])), [{ at_s: 0, text: 'First.' }, { at_s: 5, text: 'Last.' }]);
});

test('what is said into a field stands in it, the rest behind it, in whatever order', () => {
  const begun = assemble([take(0, 10)]);
  const placed = [put(begun, 10, 'In [number] weeks with [whom].')];
  assert.deepEqual(texts(placed, begun), [{ at_s: 10, text: 'In [number] weeks with [whom].' }]);
  // The second field first: 2 s at 10 s.
  placed[0].parts[3].fill = { take: 1, to: s(2) };
  let takes = [take(0, 10), take(1, 2, 'insert', 10)];
  assert.deepEqual(texts(placed, assemble(takes)), [{ at_s: 10, text: 'In [number] weeks with ' }, { at_s: 12, text: '.' }]);
  // Then the first: 1 s at the same place, which pushes the other.
  placed[0].parts[1].fill = { take: 2, to: s(1) };
  takes = [...takes, take(2, 1, 'insert', 10)];
  assert.deepEqual(texts(placed, assemble(takes)), [{ at_s: 10, text: 'In ' }, { at_s: 11, text: ' weeks with ' }, { at_s: 13, text: '.' }]);
  assert.equal(nextField(placed, assemble(takes)), null);
});

test('only as much of a take as was said into the field counts, and a field that was dictated over is open again', () => {
  const placed = [put([], 0, '[what] is well.')];
  placed[0].parts[0].fill = { take: 0, to: s(2) };
  assert.deepEqual(texts(placed, assemble([take(0, 9)])), [{ at_s: 2, text: ' is well.' }]);
  placed[0].parts[0].fill = { take: 7, to: s(2) };
  assert.deepEqual(texts(placed, assemble([take(0, 9)])), [{ at_s: 0, text: '[what] is well.' }]);
});

test('the next open field comes round', () => {
  const placed = [put([], 0, '[a] and [b]')];
  const first = nextField(placed, []);
  assert.equal(first.part, 0);
  assert.equal(nextField(placed, [], first).part, 2);
  assert.equal(nextField(placed, [], { placed: 0, part: 2 }).part, 0);
  assert.deepEqual(lay(placed, []).map((u) => u.field ?? u.text), ['a', ' and ', 'b']);
});
