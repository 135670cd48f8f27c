import test from 'node:test';
import assert from 'node:assert/strict';
import { Scalars, checks, cut, openFlags, placeOf, questionsIn, saidAt } from '../../src/web/js/model/check.js';

const seen = (text) => checks(text).map((c) => `${c.kind}: ${c.before}[${c.text}]${c.after}`);
const one = (text, want) => test(text, () => assert.deepEqual(seen(text), want));

one('Tiotropium 18 mcg daily, prednisone 30 mg daily for 5 days.', ['dose: Tiotropium [18 mcg] daily', 'dose: prednisone [30 mg] daily for 5 days']);
one('She took amoxicillin 500 mg three times daily and digoxin 0.125 mg.', ['dose: She took amoxicillin [500 mg] three times daily and digoxin 0.125', 'dose: digoxin [0.125 mg]']);
one('Insulin 10 to 12 units at night.', ['dose: Insulin [10 to 12 units] at night']);
one('Glucose 140 mg/dL, potassium 4.1 mmol/L.', []);
one('Haemoglobin 13 g/dL. Give 1,000 mg.', ['dose: Give [1,000 mg]']);
one('Pain in the left knee. He left the ward right away.', ['side: Pain in the [left] knee']);
one('There is no effusion, and she denies pain.', ['negation: There is [no] effusion', 'negation: she [denies] pain']);
one('Notable: known, nothing, Norwegian.', []);
one('Kein Erguss links, Ramipril 5 mg.', ['negation: [Kein] Erguss links', 'side: Kein Erguss [links]', 'dose: Ramipril [5 mg]']);
one('MEDICATIONS\nAspirin\nRamipril 5 mg daily\nPLAN\nRest', ['drug: [Aspirin]', 'dose: Ramipril [5 mg] daily']);

test('positions are scalar values, also behind signs of two units', () => {
  const text = 'T 38 °C 🌡 no fever';
  const [c] = checks(text);
  assert.equal([...text].slice(c.from, c.to).join(''), 'no');
  const s = new Scalars(text);
  assert.equal(s.length, [...text].length);
  for (let i = 0; i <= s.length; i += 1) assert.equal(s.of(s.at(i)), i);
});

test('a place in the report leads to its sound, and a typed place to none', () => {
  const words = [{ start_s: 1, end_s: 1.5 }, { start_s: 1.6, end_s: 2 }, { start_s: 0.1, end_s: 0.4, take: 1 }];
  const trace = [{ from: 0, to: 3, word_from: 0, word_to: 1 }, { from: 3, to: 4, word_from: 1, word_to: 1 }, { from: 4, to: 9, word_from: 1, word_to: 2 }, { from: 9, to: 12, word_from: 2, word_to: 3 }];
  assert.deepEqual(saidAt(trace, words, 0, 3), { take: 0, start_s: 1, end_s: 1.5 });
  assert.deepEqual(saidAt(trace, words, 1, 6), { take: 0, start_s: 1, end_s: 2 });
  assert.deepEqual(saidAt(trace, words, 5, 11), { take: 0, start_s: 1.6, end_s: 2 });
  assert.deepEqual(saidAt(trace, words, 10, 12), { take: 1, start_s: 0.1, end_s: 0.4 });
  assert.equal(saidAt(trace, words, 3, 4), null);
  assert.equal(saidAt([], words, 0, 5), null);
});

test('text is cut at the edges of what is marked', () => {
  const parts = cut('no pain left', [{ from: 0, to: 2, a: 1 }, { from: 0, to: 7, b: 1 }, { from: 50, to: 60 }]);
  assert.deepEqual(parts.map((p) => [p.text, p.spans.length]), [['no', 2], [' pain', 1], [' left', 0]]);
  assert.equal(parts.map((p) => p.text).join(''), 'no pain left');
});

test('words are found in a text that was corrected, gaps between their neighbours', () => {
  const trace = [{ from: 0, to: 3, word_from: 0, word_to: 1 }, { from: 3, to: 4, word_from: 1, word_to: 1 }, { from: 4, to: 9, word_from: 3, word_to: 5 }];
  assert.deepEqual(placeOf(trace, 0, 1), { from: 0, to: 3 });
  assert.deepEqual(placeOf(trace, 0, 4), { from: 0, to: 9 });
  assert.equal(placeOf(trace, 1, 3), null);
  assert.deepEqual(placeOf(trace, 1, 1), { from: 4, to: 4 });
  assert.deepEqual(placeOf(trace, 5, 5), { from: 9, to: 9 });
  assert.equal(placeOf([], 0, 0), null);
});

test('a question in the text comes with its clause and the sound around it', () => {
  const text = 'Pain in the [? which side] knee, worse.';
  const words = ['Pain', 'in', 'the', 'knee', 'worse'].map((w, i) => ({ text: w, start_s: i, end_s: i + 0.5 }));
  const at = (w) => { const from = text.indexOf(w); return { from, to: from + w.length, word_from: words.findIndex((x) => x.text === w), word_to: words.findIndex((x) => x.text === w) + 1 }; };
  const [q, ...rest] = questionsIn(text, words.map((w) => at(w.text)), words);
  assert.equal(rest.length, 0);
  assert.deepEqual([q.text, q.before, q.after, q.sound], ['which side', 'Pain in the ', ' knee', { take: 0, start_s: 2, end_s: 3.5 }]);
  assert.deepEqual(questionsIn('[?] x', [], [])[0].sound, null);
});

test('open flags: the gravest first, without those settled or for information', () => {
  const f = (id, severity, start_s) => ({ id, severity, start_s });
  const d = { findings: [f(1, 'warning', 1), f(2, 'info', 2), f(3, 'critical', 9), f(4, 'warning', 0), f(5, 'critical', 3)], marks: { findings: { 4: { state: 'cleared' }, 1: { state: 'open' } } } };
  assert.deepEqual(openFlags(d).map((x) => x.id), [5, 3, 1]);
});
