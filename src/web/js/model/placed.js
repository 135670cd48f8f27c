// Ready texts that are put between the words while somebody dictates, by key. A text keeps its place whatever is inserted
// elsewhere: it stands behind a sample of a take. What is said into one of its fields is a take of its own. Pure.
//
// placed: [{name, anchor: {take, sample} | null, parts: [{text} | {field, fill: {take, to} | null}]}], in the order in which
// they were put in. Places are samples of the sound as it stands, `pieces` as takes.js gives them.

import { RATE } from './takes.js';

const FIELD = /\[([^\]\n?]*)\]/g;

/** A ready text as parts: what is written, and fields with the word that stands in them. */
export function parts(text) {
  const out = [];
  let at = 0;
  for (const m of text.matchAll(FIELD)) {
    if (m.index > at) out.push({ text: text.slice(at, m.index) });
    out.push({ field: m[1].trim(), fill: null });
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push({ text: text.slice(at) });
  return out;
}

/** The sample of a take that lies right before a place; null for the beginning. */
export function anchorAt(pieces, at) {
  let start = 0;
  let last = null;
  for (const p of pieces) {
    const length = p.to - p.from;
    if (at > start) last = { take: p.take, sample: p.from + Math.min(at - start, length) };
    start += length;
  }
  return last;
}

/** Where a sample of a take lies now; where it was dictated over, the end of what is left of its take before it. */
export function placeOf(pieces, anchor) {
  if (!anchor) return 0;
  let start = 0, found = 0;
  for (const p of pieces) {
    const length = p.to - p.from;
    if (p.take === anchor.take && anchor.sample > p.from) found = start + Math.min(anchor.sample - p.from, length);
    start += length;
  }
  return found;
}

const filledTo = (pieces, fill) => (fill && pieces.some((p) => p.take === fill.take) ? placeOf(pieces, { take: fill.take, sample: fill.to ?? Infinity }) : null);

/**
 * Everything that stands between the words: [{placed, part, at, text} | {..., field}], in the order of the text. A field that
 * was spoken into is not there: its words are. `at` of a field is where its words would go.
 */
export function lay(placed, pieces) {
  const out = [];
  placed.forEach((one, i) => {
    let at = placeOf(pieces, one.anchor);
    one.parts.forEach((part, k) => {
      if (part.text !== undefined) { out.push({ placed: i, part: k, at, text: part.text }); return; }
      const to = filledTo(pieces, part.fill);
      if (to === null) out.push({ placed: i, part: k, at, field: part.field }); else at = to;
    });
  });
  return out.map((unit, n) => [unit, n]).sort(([a, n], [b, m]) => a.at - b.at || n - m).map(([unit]) => unit);
}

/** What is handed in: [{at_s, text}] in the order of the text; an open field stays as it is written, for whoever reads next. */
export function texts(placed, pieces) {
  const out = [];
  for (const unit of lay(placed, pieces)) {
    const text = unit.text ?? `[${unit.field || ' '}]`;
    const last = out.at(-1);
    if (last && last.placed === unit.placed && last.at === unit.at) last.text += text; else out.push({ placed: unit.placed, at: unit.at, text });
  }
  return out.filter((x) => x.text.trim()).map((x) => ({ at_s: x.at / RATE, text: x.text }));
}

/** The open field behind the one given (or the first): {placed, part, at}; null where there is none left. */
export function nextField(placed, pieces, after = null) {
  const open = lay(placed, pieces).filter((u) => u.field !== undefined);
  const at = after ? open.findIndex((u) => u.placed === after.placed && u.part === after.part) : -1;
  return open[at + 1] ?? open[0] ?? null;
}
