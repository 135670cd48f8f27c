// What a physician looks at before signing: doses, drugs, sides and negations of the text, each with where it was said.
// Positions in a report are counted in Unicode scalar values, as the service counts them.

/** Text by scalar values: `at(i)` gives the UTF-16 index, `slice(from, to)` the text between. */
export class Scalars {
  constructor(text) {
    this.text = text;
    this.units = [0];
    for (const c of text) this.units.push(this.units.at(-1) + c.length);
    this.length = this.units.length - 1;
  }
  at(i) { return this.units[Math.max(0, Math.min(i, this.length))]; }
  slice(from, to) { return this.text.slice(this.at(from), this.at(to)); }
  /** The scalar index of a UTF-16 index. */
  of(unit) {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.units[middle] < unit) low = middle + 1; else high = middle;
    }
    return low;
  }
}

/**
 * Where characters `from..to` of a report were said: {take, start_s, end_s}, or null for what nobody said (layout, or typed).
 * `trace` leads from characters to raw words, `words` carry the times.
 */
export const saidAt = (trace, words, from, to) => {
  let first = null, last = null;
  for (const s of trace ?? []) {
    if (s.to <= from || s.from >= Math.max(to, from + 1) || s.word_to <= s.word_from) continue;
    if (first === null || s.word_from < first) first = s.word_from;
    if (last === null || s.word_to > last) last = s.word_to;
  }
  const a = words?.[first], b = words?.[last - 1];
  if (first === null || !a || !b) return null;
  const take = a.take ?? 0;
  return { take, start_s: a.start_s, end_s: (b.take ?? 0) === take ? b.end_s : a.end_s };
};

const UNIT = String.raw`(?:mg|mcg|µg|μg|g|ml|mL|IU|units?|mEq|mmol|tablets?|capsules?|puffs?|drops?|sprays?|patch(?:es)?|Tabletten?|Kapseln?|Hübe?|Tropfen|Einheiten|I\.?E\.?)`;
const DOSE = new RegExp(String.raw`(?<![\w.,/])\d+(?:[.,]\d+)*(?:\s?(?:to|bis|-|–|/)\s?\d+(?:[.,]\d+)*)?\s?${UNIT}(?![\w])(?!\s?/\s?(?:d|m)?[lL]\b)`, 'gu');
const SIDE = /(?<![\p{L}])(?:left|right|bilateral(?:ly)?|unilateral(?:ly)?|links|rechts|beidseits|beidseitig|linke[nrsm]?|rechte[nrsm]?)(?![\p{L}])/giu;
const NEGATION = /(?<![\p{L}])(?:no|not|without|denies|denied|never|none|negative|absent|cannot|neither|nor|kein(?:e[nrsm]?)?|nicht|ohne|nie|weder|verneint|unauffällig)(?![\p{L}])/giu;
const MEDICATION = /medication|medikation|medikament|prescription|drugs/i;
// "right" and "left" that are no side.
const NO_SIDE = /^(?:left)\s+(?:the|against|without|ama)\b|^right\s+(?:away|now|after)\b/i;

// The clause around a hit: from after the last stop to the next, at most so many words.
const clause = (text, from, to) => {
  const before = /(?:(?:^|[\n;:,]|[.!?]\s)\s*)?([^\n;:,.!?]*(?:\.\d[^\n;:,.!?]*)*)$/u.exec(text.slice(Math.max(0, from - 80), from))?.[1] ?? '';
  const after = /^(?:[^\n;,.!?]|[.,](?=\d))*/u.exec(text.slice(to, to + 80))?.[0] ?? '';
  const words = (s, n) => { const w = s.split(/(?<=\s)/u); return n < 0 ? w.slice(n).join('') : w.slice(0, n).join(''); };
  return { before: words(before.replace(/^.*\b(?:and|und)\s+(?=\S+\s*$)/u, ''), -5).trimStart(), after: words(after, 7).trimEnd() };
};

/** Items in the order of the text: {kind: 'dose'|'drug'|'side'|'negation', text, before, after, from, to}. */
export const checks = (text) => {
  const scalars = new Scalars(text);
  const found = [];
  const add = (kind, match) => {
    const from = match.index, to = from + match[0].length;
    found.push({ kind, text: match[0], ...clause(text, from, to), from: scalars.of(from), to: scalars.of(to) });
  };
  for (const m of text.matchAll(DOSE)) add('dose', m);
  for (const m of text.matchAll(SIDE)) if (!NO_SIDE.test(text.slice(m.index))) add('side', m);
  for (const m of text.matchAll(NEGATION)) add('negation', m);
  // Under a heading of medications a line without a dose names a drug all the same.
  let inside = false;
  for (const m of text.matchAll(/[^\n]+/g)) {
    const line = m[0].trim();
    if (/:$|^[\p{Lu}\s/&-]{4,}$/u.test(line)) { inside = MEDICATION.test(line); continue; }
    if (!inside) continue;
    const from = scalars.of(m.index), to = from + [...m[0]].length;
    if (!found.some((f) => f.kind === 'dose' && f.from >= from && f.to <= to)) found.push({ kind: 'drug', text: line, before: '', after: '', from, to });
  }
  return found.sort((a, b) => a.from - b.from || a.to - b.to);
};

/**
 * The text cut at the edges of spans: [{text, spans: [those that cover it]}], for marking. Spans are {from, to, ...}; what lies
 * outside the text is left out.
 */
export const cut = (text, spans) => {
  const scalars = new Scalars(text);
  const inside = spans.filter((s) => s.from < s.to && s.from >= 0 && s.to <= scalars.length);
  const edges = [...new Set([0, scalars.length, ...inside.flatMap((s) => [s.from, s.to])])].sort((a, b) => a - b);
  return edges.slice(1).map((to, i) => ({ text: scalars.slice(edges[i], to), from: edges[i], spans: inside.filter((s) => s.from <= edges[i] && s.to >= to) }));
};

/**
 * Where raw words `word_from..word_to` stand in the report now: {from, to}, or null where nothing of them is left. For a gap
 * (no words) it is the place between the words around it, without length.
 */
export const placeOf = (trace, from, to) => {
  const spans = (trace ?? []).filter((s) => s.word_to > s.word_from);
  if (to > from) {
    const hit = spans.filter((s) => s.word_from < to && s.word_to > from);
    return hit.length ? { from: Math.min(...hit.map((s) => s.from)), to: Math.max(...hit.map((s) => s.to)) } : null;
  }
  const after = spans.find((s) => s.word_from >= from);
  const before = spans.findLast((s) => s.word_to <= from);
  const at = after?.from ?? before?.to;
  return at === undefined ? null : { from: at, to: at };
};

const QUESTION = /\[\?\s*([^\]\n]*)\]/gu;

/**
 * The questions that stand in a text, each with what stands around it and the sound there, as far as somebody spoke near it:
 * [{text, before, after, from, to, sound: {take, start_s, end_s} | null}].
 */
export const questionsIn = (text, trace, words) => {
  const scalars = new Scalars(text);
  return [...text.matchAll(QUESTION)].map((m) => {
    const from = scalars.of(m.index), to = scalars.of(m.index + m[0].length);
    const spans = (trace ?? []).filter((s) => s.word_to > s.word_from);
    const before = spans.findLast((s) => s.to <= from), after = spans.find((s) => s.from >= to);
    const here = saidAt(trace, words, from, to);
    const a = words?.[before?.word_to - 1], b = words?.[after?.word_from];
    const near = a && b && (a.take ?? 0) === (b.take ?? 0) ? { take: a.take ?? 0, start_s: a.start_s, end_s: b.end_s }
      : a ? { take: a.take ?? 0, start_s: a.start_s, end_s: a.end_s + 1 } : b ? { take: b.take ?? 0, start_s: Math.max(0, b.start_s - 1), end_s: b.end_s } : null;
    return { text: m[1].trim(), ...clause(text, m.index, m.index + m[0].length), from, to, sound: here ?? near };
  });
};

/** Findings that are still to be settled before a signature, the gravest first, then in the order of the text. */
export const openFlags = (d) => {
  const order = { critical: 0, warning: 1 };
  return (d.findings ?? []).filter((f) => f.severity in order && d.marks?.findings?.[f.id]?.state !== 'cleared')
    .sort((a, b) => order[a.severity] - order[b.severity] || a.start_s - b.start_s);
};
