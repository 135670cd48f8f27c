// The model of the review editor.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Review, kindOf, spelled, units } from '../../src/web/js/model/review.js';
import { DISCHARGE, draft, long } from './draft.mjs';

let clock = 0;
const made = (marked, more = {}) => {
  const d = draft(marked);
  return new Review({ ...d, trace: d.trace, now: () => clock, ...more });
};
const at = (r, s) => ({ from: r.text.indexOf(s), to: r.text.indexOf(s) + s.length });
const of = (r, x) => r.text.slice(x.from, x.to);
/** All anchors as text: what undo has to bring back exactly. */
const picture = (r) => JSON.stringify([r.text, r.spans.map((s) => [s.from, s.to]), r.flags.map((f) => [f.from, f.to, f.state]), r.edits.map((e) => [e.from, e.to, e.state]), r.starts]);

test('a word knows where it was heard, also after typing before, in and behind it', () => {
  const r = made('on {a pixel of->apixaban} 5 mg daily.');
  const edit = r.edits[0];
  assert.equal(of(r, edit), 'apixaban');
  r.replace(0, 0, 'Now ');
  assert.equal(of(r, edit), 'apixaban');
  r.replace(edit.from + 3, edit.from + 3, 'XX');
  assert.equal(of(r, edit), 'apiXXxaban');
  r.replace(edit.to, edit.to, 's');
  assert.equal(of(r, edit), 'apiXXxabans');
  r.replace(edit.to, edit.to, ' yes');
  assert.equal(of(r, edit), 'apiXXxabans');
  assert.equal(r.heard(edit.from, edit.to).text, 'a pixel of');
  assert.equal(of(r, r.rangeOfWord(4)), '5');
});

test('what replaces words is heard where they were', () => {
  const r = made('start by centipural 10 mg daily');
  const { from, to } = at(r, 'by centipural');
  r.replace(from, to, 'bisoprolol');
  assert.equal(r.text, 'start bisoprolol 10 mg daily');
  const heard = r.heard(from, from + 10);
  assert.equal(heard.text, 'by centipural');
  assert.equal(heard.start_s, r.words[1].start_s);
  assert.equal(r.wordAt(from + 4), 1);
  assert.equal(of(r, r.rangeOfWord(2)), 'bisoprolol');
});

test('every change is undone to the letter, with all anchors, and done again', () => {
  const r = made(DISCHARGE);
  let seed = 7;
  const random = (n) => { seed = (seed * 1103515245 + 12345) % 2147483648; return seed % n; };
  const pictures = [picture(r)];
  for (let i = 0; i < 300; i += 1) {
    clock += 10;
    const from = random(r.text.length + 1);
    const to = Math.min(r.text.length, from + (random(3) ? random(12) : 0));
    const insert = ['', 'a', 'word', ' two words ', '\n', '5 mg\n\nnext', '. '][random(7)];
    if (random(9) === 0) r.accept(r.flags[random(r.flags.length)].id, 0);
    else if (random(9) === 0) r.toggleEdit(r.edits[random(r.edits.length)].id);
    else r.replace(from, to, insert);
    if (picture(r) !== pictures.at(-1)) pictures.push(picture(r));
    assert.deepEqual(r.starts, [0, ...[...r.text.matchAll(/\n/g)].map((m) => m.index + 1)]);
    for (const x of [...r.spans, ...r.flags, ...r.edits]) assert.ok(x.from >= 0 && x.from <= x.to && x.to <= r.text.length);
  }
  const end = picture(r);
  const forward = [];
  while (r.done.length) { forward.push(picture(r)); r.undo(); }
  assert.equal(picture(r), pictures[0]);
  while (forward.length) { r.redo(); assert.equal(picture(r), forward.pop()); }
  assert.equal(picture(r), end);
});

test('typing that belongs together is one step, a pause or a new line another', () => {
  const r = made('abc def');
  clock = 0;
  for (const [i, c] of [...'hello'].entries()) r.replace(i, i, c, { kind: 'type' });
  clock += 5;
  r.replace(5, 5, '!', { kind: 'type' });
  r.undo();
  assert.equal(r.text, 'helloabc def');
  assert.deepEqual(r.undo(), [0, 0]);
  assert.equal(r.text, 'abc def');
  assert.deepEqual(r.redo(), [5, 5]);
  r.replace(2, 2, 'x');
  assert.equal(r.redo(), null, 'what was taken back is gone once something else is typed');
});

test('a suggestion replaces only the words that differ and keeps mark and capital', () => {
  const r = made('{Start by centipural 10mg->Start by centipural 10 mg!unknown_word warning|m|e|Start by bisoprolol 10mg=-3} daily. {tie a tropical,->Tiotropium,!sounds_like warning|m|e|ipratropium=1}');
  r.accept(1, 0);
  assert.match(r.text, /^Start by bisoprolol 10mg daily/);
  assert.equal(r.flag(1).state, 'cleared');
  r.accept(2, 0);
  assert.match(r.text, /Ipratropium,$/);
  assert.deepEqual(r.takeMarks(), { findings: { 1: 'cleared', 2: 'cleared' } });
  assert.equal(r.takeMarks(), null);
  r.undo();
  assert.equal(r.flag(2).state, 'open');
  assert.deepEqual(r.takeMarks(), { findings: { 2: 'open' } });
  assert.equal(r.accept(2, 4), null, 'there is no fifth suggestion');
});

test('only the words that were misheard are replaced where each has its place', () => {
  const d = draft('Start by centipural 10mg daily.');
  const r = new Review({ ...d, findings: [{ id: 1, kind: 'unknown_word', severity: 'warning', heard: 'Start by centipural 10mg', word_from: 0, word_to: 4, report_from: 0, report_to: 24, suggestions: [{ text: 'Start bisoprolol 10mg', score: 1 }] }] });
  r.accept(1, 0);
  assert.equal(r.text, 'Start bisoprolol 10mg daily.');
  assert.equal(of(r, r.flag(1)), 'Start bisoprolol 10mg');
});

test('the machine’s change is taken back and put in force again', () => {
  const r = made('showed {hyper inflation->hyperinflation}. {emboly->Emboli} too');
  r.toggleEdit(1);
  assert.equal(r.text, 'showed hyper inflation. Emboli too');
  assert.equal(r.edits[0].state, 'undone');
  r.toggleEdit(2);
  assert.equal(r.text, 'showed hyper inflation. Emboly too');
  r.toggleEdit(1);
  assert.equal(r.text, 'showed hyperinflation. Emboly too');
  assert.deepEqual(r.takeMarks(), { edits: { 1: 'applied', 2: 'undone' } });
  r.untold({ edits: { 1: 'undone', 2: 'undone' } });
  assert.deepEqual(r.takeMarks().edits, { 1: 'undone', 2: 'undone' });
});

test('speech without text is a hole before the word that follows it, in any version', () => {
  for (const version of [1, 4]) {
    const r = made(DISCHARGE, { version });
    const hole = r.flags.find((f) => f.gap);
    assert.equal(hole.from, hole.to);
    assert.equal(r.text.slice(hole.from, hole.from + 3), 'She', `version ${version}`);
  }
});

test('next flag goes round in the order of the text and leaves out what is settled', () => {
  const r = made(DISCHARGE);
  const order = [];
  let flag = r.nextFlag(1);
  for (let i = 0; i < 4; i += 1) { order.push(flag.kind); flag = r.nextFlag(1, flag.id); }
  assert.deepEqual(order, ['speech_without_text', 'sounds_like', 'spoken_correction', 'allergy_conflict']);
  assert.equal(flag.kind, 'speech_without_text');
  assert.equal(r.nextFlag(-1, flag.id).kind, 'allergy_conflict');
  r.clear(r.flags[1].id);
  assert.equal(r.nextFlag(1, flag.id).kind, 'spoken_correction');
  assert.equal(r.nextFlag(1, r.flags[1].id).kind, 'spoken_correction', 'from the one just settled to the next');
  for (const f of r.flags) r.clear(f.id);
  assert.equal(r.nextFlag(1), null);
});

test('a question stands in the text, is found again, and fields are visited in turn', () => {
  const r = made('Pain in the knee for ____ weeks, [site] tender.');
  const { from, to } = at(r, 'knee');
  r.ask(from, to, 'which ]side[?');
  assert.equal(r.text, 'Pain in the knee [? which side ?] for ____ weeks, [site] tender.');
  assert.deepEqual(r.questions().map((q) => q.text), ['which side ?']);
  const seen = [];
  let field = r.nextField(0);
  for (let i = 0; i < 4; i += 1) { seen.push(of(r, field)); field = r.nextField(field.to); }
  const before = r.text.indexOf('tender');
  r.ask(before, before, 'where?');
  assert.match(r.text, /\[site\] \[\? where\?\] tender\.$/, 'a question does not run into the word behind it');
  assert.deepEqual(seen, ['[? which side ?]', '____', '[site]', '[? which side ?]']);
});

test('find and replace all is one step to undo', () => {
  const r = made('Left knee, left hip, cleft.');
  assert.equal(r.find('left').length, 3);
  assert.equal(r.find('left', { whole: true }).length, 2);
  assert.equal(r.find('left', { matchCase: true, whole: true }).length, 1);
  assert.equal(r.find('(x').length, 0);
  assert.equal(r.replaceAll('left', 'right', { whole: true }), 2);
  assert.equal(r.text, 'right knee, right hip, cleft.');
  r.undo();
  assert.equal(r.text, 'Left knee, left hip, cleft.');
});

test('signs beyond the first plane do not move the flags', () => {
  const text = 'a 😀 knee';
  const u = units(text);
  assert.equal(text.slice(u(4), u(8)), 'knee');
  const r = new Review({ text, words: [{ text: 'knee', start_s: 0, end_s: 1 }], trace: [{ from: 4, to: 8, word_from: 0, word_to: 1 }] });
  assert.equal(of(r, r.rangeOfWord(0)), 'knee');
});

test('a change names the lines that it touches', () => {
  const r = made('one\ntwo\nthree');
  const seen = [];
  r.on((c) => seen.push([c.line, c.gone, c.added]));
  r.replace(5, 9, 'x\ny\nz');
  assert.deepEqual(seen, [[1, 1, 2]]);
  assert.deepEqual([r.line(0).text, r.line(1).text, r.line(2).text, r.line(3).text], ['one', 'tx', 'y', 'zhree']);
});

test('lines are told apart', () => {
  const kinds = ['HOSPITAL COURSE:', 'VITAL SIGNS: Pulse 72.', '1. Aspirin', '', 'Lungs clear.', 'A', 'LABS'].map((l) => { const k = kindOf(l); return `${k.kind} ${k.lead}`; });
  assert.deepEqual(kinds, ['heading 0', 'text 12', 'item 0', 'none 0', 'text 0', 'text 0', 'heading 0']);
  assert.equal(kindOf('Plan', new Set(['Plan'])).kind, 'heading');
});

test('only words are spelled', () => {
  assert.deepEqual(spelled('The A1c 7.2%, Crohn’s, x-ray [? ask] S1Q3T3 über').map((w) => w.word), ['The', 'Crohn’s', 'ask', 'über']);
});

test('10,000 words: a key takes a fraction of a frame', () => {
  const r = made(long(10000));
  const started = process.cpuUsage().user;
  for (let i = 0; i < 200; i += 1) r.replace(100 + i, 100 + i, 'x', { kind: 'type' });
  const each = (process.cpuUsage().user - started) / 200 / 1000;
  assert.ok(each < 16, `${each} ms a key`);
  assert.equal(of(r, r.rangeOfWord(9000)), r.words[9000].text);
});
