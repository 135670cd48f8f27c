// A draft of the quality score of a report (AHDI/AHIMA 2017): 100, less 3 for each critical and 1 for each other error; 98
// passes, and no report with a critical error does. What the errors were is read from what was changed afterwards: the later
// text counts as right. How grave a change is, is a guess by rules; a person has the last word.

import { diff } from './diff.js';
import { checks } from './check.js';

export const CRITICAL_COSTS = 3, OTHER_COSTS = 1, PASS = 98;

const NUMBERS = Object.fromEntries([['one', 'eins', 'ein', 'eine'], ['two', 'zwei'], ['three', 'drei'], ['four', 'vier'], ['five', 'fünf'], ['six', 'sechs'], ['seven', 'sieben'], ['eight', 'acht'], ['nine', 'neun'], ['ten', 'zehn'], ['eleven', 'elf'], ['twelve', 'zwölf']].flatMap((names, i) => names.map((n) => [n, String(i + 1)])));
// Words that carry no finding, drug or diagnosis.
const SMALL = new Set('a an the this that these those and or but of in on at to for from with by as is are was were be been being has have had he she it they his her its their him them there here then than also which who whose will would may might can could should do does did so very some any all into onto about after before over under again patient der die das den dem des ein eine einen einem einer eines und oder aber von im in am an auf zu zum zur für aus mit bei als ist sind war waren wird werden wurde wurden hat haben hatte er sie es ihr sein seine ihre da dann auch welche sehr alle über unter nach vor wieder patientin'.split(' '));

const words = (s) => s.toLowerCase().match(/[\p{L}\p{N}]+(?:[.,'’-][\p{L}\p{N}]+)*/gu) ?? [];
const bare = (s) => words(s).map((w) => NUMBERS[w] ?? w).join('').replace(/[^\p{L}\p{N}]/gu, '');
const numbers = (s) => words(s).map((w) => NUMBERS[w] ?? w).filter((w) => /\d/.test(w)).sort().join(' ');
const kinds = (s, kind) => checks(s).filter((c) => c.kind === kind).map((c) => c.text.toLowerCase()).sort().join(' ');
const content = (s) => words(s).filter((w) => !SMALL.has(w) && !/^\d/.test(w));

/** Letters that have to be changed, at most `most`. */
const apart = (a, b, most) => {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
};
// The same word in another form: "fracture" and "fractures". One letter makes "hypo" of "hyper" no spelling of it.
const sameWord = (a, b) => {
  const shared = [...a].findIndex((c, i) => c !== b[i]);
  const head = shared < 0 ? Math.min(a.length, b.length) : shared;
  return head >= 4 && head >= Math.max(a.length, b.length) - 3 && apart(a, b, 3) <= 3;
};

/** What a change is: {kind, critical}; null where only lines and spaces moved. */
export function weigh(del, ins) {
  if (!del.trim() && !ins.trim()) return null;
  if (bare(del) === bare(ins)) return del.replace(/\s+/g, '') === ins.replace(/\s+/g, '') ? null : { kind: 'marks', critical: false };
  if (numbers(del) !== numbers(ins)) return { kind: 'number', critical: true };
  for (const kind of ['negation', 'side']) if (kinds(del, kind) !== kinds(ins, kind)) return { kind, critical: true };
  const a = content(del), b = content(ins);
  const lost = a.filter((w) => !b.includes(w)), come = b.filter((w) => !a.includes(w));
  if (!lost.length && !come.length) return { kind: 'grammar', critical: false };
  if (lost.length === come.length && lost.every((w, i) => sameWord(w, come[i]))) return { kind: 'spelling', critical: false };
  if (!lost.length) return { kind: 'omission', critical: come.length > 1 };
  if (!come.length) return { kind: 'insertion', critical: lost.length > 1 };
  return { kind: 'term', critical: true };
}

/**
 * The errors of `old` where `now` is right, in the order of the text: [{del, ins, kind, critical}]. Changes that only a space
 * parts are one.
 */
export function errors(old, now) {
  const out = [];
  let open = null;
  const close = () => {
    if (!open) return;
    const weight = weigh(open.del, open.ins);
    if (weight) out.push({ del: open.del.trim(), ins: open.ins.trim(), ...weight });
    open = null;
  };
  for (const part of diff(old, now)) {
    if (part.op !== 'same') { open ??= { del: '', ins: '' }; open[part.op] += part.text; } else if (open && !part.text.trim() && !part.text.includes('\n')) { open.del += part.text; open.ins += part.text; } else close();
  }
  close();
  return out;
}

/** The score of errors [{critical}], those that count: {score, critical, other, passes}. Below 0 it is 0. */
export function score(list) {
  const critical = list.filter((e) => e.critical).length, other = list.length - critical;
  const value = Math.max(0, 100 - CRITICAL_COSTS * critical - OTHER_COSTS * other);
  return { score: value, critical, other, passes: critical === 0 && value >= PASS };
}
