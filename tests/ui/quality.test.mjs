// The draft of the quality score: what a change of a report weighs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, score, weigh } from '../../src/web/js/model/quality.js';

const check = (del, ins, kind, critical) => test(`"${del}" -> "${ins}" is ${kind ?? 'nothing'}`, () => assert.deepEqual(weigh(del, ins), kind ? { kind, critical } : null));

check('pain,', 'pain.', 'marks', false);
check('Pain', 'pain', 'marks', false);
check('five', '5', 'marks', false);
check(' ', '\n', null);
check('50 mg', '15 mg', 'number', true);
check('0.5', '5', 'number', true);
check('left knee', 'right knee', 'side', true);
check('fever', 'no fever', 'negation', true);
check('kein Fieber', 'Fieber', 'negation', true);
check('a', 'the', 'grammar', false);
check('fracture', 'fractures', 'spelling', false);
check('hypertension', 'hypotension', 'term', true);
check('Celebrex', 'Celexa', 'term', true);
check('', 'with wheezing', 'omission', false);
check('', 'diffuse expiratory wheezing', 'omission', true);
check('thank you watching', '', 'insertion', true);

test('what stands beside each other is one error, and lines that moved are none', () => {
  const found = errors('Chest pain since monday.\nNo fever. She takes apixaban 50 mg daily.', 'Chest pain since Monday. No fever. She takes apixaban 5 mg daily.');
  assert.deepEqual(found.map((e) => [e.del, e.ins, e.kind]), [['monday.', 'Monday.', 'marks'], ['50', '5', 'number']]);
});

test('the score is 100 less three and one; a critical error fails whatever the score', () => {
  const other = { critical: false }, critical = { critical: true };
  assert.deepEqual(score([]), { score: 100, critical: 0, other: 0, passes: true });
  assert.deepEqual(score([other, other]), { score: 98, critical: 0, other: 2, passes: true });
  assert.equal(score([other, other, other]).passes, false);
  assert.deepEqual(score([critical]), { score: 97, critical: 1, other: 0, passes: false });
  assert.equal(score(Array(40).fill(critical)).score, 0);
});
