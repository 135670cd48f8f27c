// A report under correction: its text, and what is anchored in it: the words that were heard (with their times), the
// changes of the machine, the flags. Everything moves with the text; every change can be undone. No page is needed.
//
// Positions are UTF-16 offsets, as in a page; the service counts Unicode scalar values (see `units`).

/** From offsets in scalar values to offsets in UTF-16: a function. */
export function units(text) {
  if (!/[\uD800-\uDFFF]/.test(text)) return (i) => i;
  const at = [];
  let u = 0;
  for (const c of text) { at.push(u); u += c.length; }
  at.push(u);
  return (i) => at[Math.min(i, at.length - 1)];
}

const FIELD = /\[[^\]\n]*\]|_{3,}/g;
const QUESTION = /\[\?\s*([^\]\n]*)\]/g;
const TYPING_S = 1.5;
const bare = (word) => word.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}%]+$/gu, '');

export class Review {
  /**
   * What GET /dictations/{id} gives: report {text, trace, version}, words, edits, findings, marks {findings, edits}.
   * `now()` gives seconds, for typing that belongs together.
   */
  constructor({ text, trace = [], words = [], edits = [], findings = [], marks = {}, version = 1, now = () => Date.now() / 1000 }) {
    const u = units(text);
    this.text = text;
    this.version = version;
    this.words = words;
    this.now = now;
    this.spans = trace.filter((s) => s.word_to > s.word_from).map((s) => ({ from: u(s.from), to: u(s.to), a: s.word_from, b: s.word_to }));
    this.spansOf = Array.from(words, () => []);
    for (const s of this.spans) for (let w = s.a; w < s.b && w < words.length; w += 1) this.spansOf[w].push(s);
    const state = (kind, id, otherwise) => marks[kind]?.[id]?.state ?? marks[kind]?.[id] ?? otherwise;
    this.edits = edits.map((e) => ({ ...e, ...this.rangeOfWords(e.word_from, e.word_to), state: state('edits', e.id, e.state ?? 'applied') }));
    this.flags = findings.map((f) => {
      const gap = f.kind === 'speech_without_text';
      const known = version === 1 && f.report_from !== null && f.report_from !== undefined;
      const range = known ? { from: u(f.report_from), to: u(f.report_to) } : gap || f.word_from === f.word_to ? this.#gap(f.word_from) : this.rangeOfWords(f.word_from, f.word_to);
      return { ...f, ...range, gap, state: state('findings', f.id, 'open') };
    });
    this.flags.sort((a, b) => a.from - b.from || a.start_s - b.start_s);
    this.done = [];
    this.undone = [];
    this.#lines();
    this.listeners = new Set();
    this.marked = { findings: {}, edits: {} };     // changed here and not told to the service yet
  }

  on(f) { this.listeners.add(f); return () => this.listeners.delete(f); }
  #tell(change) { for (const f of this.listeners) f(change); }

  // ---- lines -------------------------------------------------------------------------------------------------------

  #lines() {
    this.starts = [0];
    for (let i = this.text.indexOf('\n'); i >= 0; i = this.text.indexOf('\n', i + 1)) this.starts.push(i + 1);
  }

  get lines() { return this.starts.length; }
  /** The line in which a position lies. */
  lineAt(at) {
    let lo = 0;
    let hi = this.starts.length - 1;
    while (lo < hi) { const mid = (lo + hi + 1) >> 1; if (this.starts[mid] <= at) lo = mid; else hi = mid - 1; }
    return lo;
  }

  /** {from, to, text} of a line, its line break left out. */
  line(i) {
    const from = this.starts[i];
    const to = i + 1 < this.starts.length ? this.starts[i + 1] - 1 : this.text.length;
    return { from, to, text: this.text.slice(from, to) };
  }

  // ---- words and sound ---------------------------------------------------------------------------------------------

  /** Where the raw words a..b stand in the text; an empty range where they left no character. */
  rangeOfWords(a, b) {
    let from = Infinity;
    let to = -1;
    let rest = null;
    for (let w = a; w < b && w < this.spansOf.length; w += 1) {
      for (const s of this.spansOf[w]) {
        rest ??= s;
        if (s.to > s.from) { from = Math.min(from, s.from); to = Math.max(to, s.to); }
      }
    }
    if (to >= 0) return { from, to };
    const at = rest?.from ?? this.#gap(a).from;
    return { from: at, to: at };
  }

  #gap(word) {
    for (let w = word; w < this.spansOf.length; w += 1) for (const s of this.spansOf[w]) if (s.to > s.from) return { from: s.from, to: s.from };
    return { from: this.text.length, to: this.text.length };
  }

  /** Where the word of that number stands, with all that was written for it; null where it left no character. */
  rangeOfWord(w) {
    const range = this.spansOf[w]?.length ? this.rangeOfWords(w, w + 1) : null;
    return range && range.to > range.from ? range : null;
  }

  /** The raw word that stands at a position, or the last before it; -1 where there is none. */
  wordAt(at) {
    const spans = this.spans;
    let lo = 0;
    let hi = spans.length - 1;
    while (lo < hi) { const mid = (lo + hi + 1) >> 1; if (spans[mid].from <= at) lo = mid; else hi = mid - 1; }
    if (!spans.length || spans[lo].from > at) return -1;
    let best = lo;
    // Where several stand in the same place, the first; a place behind a word with nothing else is that word.
    while (best > 0 && (spans[best].to <= at || spans[best].to === spans[best].from) && spans[best - 1].to > at) best -= 1;
    while (best > 0 && spans[best - 1].from === spans[best].from && spans[best - 1].to === spans[best].to) best -= 1;
    while (best > 0 && spans[best].to === spans[best].from) best -= 1;
    return spans[best].a;
  }

  /** What was heard where a range stands now: {text, start_s, end_s, take}, or null where nothing was. */
  heard(from, to) {
    let a = Infinity;
    let b = -1;
    for (const s of this.spans) if (s.from < Math.max(to, from + 1) && s.to > from) { a = Math.min(a, s.a); b = Math.max(b, s.b); }
    if (b < 0) return null;
    const words = this.words.slice(a, b);
    return { text: words.map((w) => w.text).join(' '), start_s: words[0].start_s, end_s: words.at(-1).end_s, take: words[0].take ?? 0 };
  }

  // ---- changing ----------------------------------------------------------------------------------------------------

  *#anchors() { yield* this.spans; yield* this.flags; yield* this.edits; }

  /**
   * Puts `insert` for from..to and moves what is anchored; gives what undoes it. What is around the place grows or shrinks,
   * what is swallowed stands for what was put in, and letters typed at the end of a word belong to it (`joins`).
   */
  #splice(from, to, insert, joins = /^[\p{L}\p{N}]+$/u.test(insert)) {
    const removed = this.text.slice(from, to);
    const delta = insert.length - removed.length;
    const touched = [];
    for (const x of this.#anchors()) {
      const empty = x.from === x.to;
      if (from === to) {
        if (x.to < from) continue;
        if (x.from >= from) { x.from += delta; x.to += delta; continue; }
        if (x.to === from && !joins) continue;
        touched.push([x, x.from, x.to]);
        x.to += delta;
        continue;
      }
      if (x.to <= from) { if (empty && x.to === from) touched.push([x, x.from, x.to]); continue; }
      if (x.from >= to) { x.from += delta; x.to += delta; continue; }
      touched.push([x, x.from, x.to]);
      if (empty) { x.from = from; x.to = from; }
      else if (x.from >= from && x.to <= to) { x.from = from; x.to = from + insert.length; }
      else if (x.from <= from && x.to >= to) x.to += delta;
      else if (x.from < from) x.to = from;
      else { x.from = from + insert.length; x.to += delta; }
    }
    const first = this.lineAt(from);
    const gone = count(removed);
    const added = count(insert);
    this.text = this.text.slice(0, from) + insert + this.text.slice(to);
    const starts = [];
    for (let i = insert.indexOf('\n'); i >= 0; i = insert.indexOf('\n', i + 1)) starts.push(from + i + 1);
    if (delta) for (let i = first + 1 + gone; i < this.starts.length; i += 1) this.starts[i] += delta;
    if (gone || added) this.starts.splice(first + 1, gone, ...starts);
    this.#tell({ from, to, insert, line: first, gone, added });
    return { from, removed, insert, touched };
  }

  /**
   * Puts `insert` for from..to. `kind` 'type' joins with the typing before it. `caret` is where the caret was: [from, to].
   * Gives the position behind what was put in.
   */
  replace(from, to, insert, { kind = 'edit', caret = [from, to] } = {}) {
    insert = insert.replace(/\r\n?/g, '\n');
    if (from === to && !insert) return from;
    const last = this.done.at(-1);
    const at = this.now();
    const op = this.#splice(from, to, insert);
    const end = from + insert.length;
    const goesOn = kind === 'type' && !this.open && last?.kind === 'type' && !this.undone.length && at - last.at < TYPING_S && last.end === (insert ? from : to) && !insert.includes('\n') && !(insert === ' ' && last.spaced);
    const entry = this.open ?? (goesOn ? last : { kind, ops: [], states: [], before: caret });
    entry.ops.push(op);
    Object.assign(entry, { at, end: insert ? end : from, after: [end, end], spaced: insert === ' ' });
    if (entry !== last && entry !== this.open) this.done.push(entry);
    this.undone = [];
    return end;
  }

  /** Several changes as one to undo. */
  group(f, caret = [0, 0]) {
    if (this.open) return f();
    const entry = { kind: 'group', ops: [], states: [], before: caret, after: caret, at: 0 };
    this.open = entry;
    try { return f(); } finally {
      this.open = null;
      if (entry.ops.length || entry.states.length) { this.done.push(entry); this.undone = []; }
    }
  }

  #state(kind, x, to) {
    if (x.state === to) return;
    this.open?.states.push([kind, x, x.state, to]);
    this.#set(kind, x, to);
  }

  #set(kind, x, to) {
    x.state = to;
    this.marked[kind][x.id] = to;
    const { from } = x;
    this.#tell({ from, to: from, insert: '', line: this.lineAt(from), gone: 0, added: 0, marks: true });
  }

  /** Takes the last change back; gives where the caret belongs, or null where there is nothing. */
  undo() {
    const entry = this.done.pop();
    if (!entry) return null;
    for (const op of [...entry.ops].reverse()) {
      this.#splice(op.from, op.from + op.insert.length, op.removed, false);
      for (const [x, from, to] of op.touched) { x.from = from; x.to = to; }
    }
    for (const [kind, x, was] of [...entry.states].reverse()) this.#set(kind, x, was);
    this.undone.push(entry);
    if (entry.ops.length) this.#tell({ from: entry.ops[0].from, to: entry.ops[0].from, insert: '', line: this.lineAt(Math.min(entry.ops[0].from, this.text.length)), gone: 0, added: 0, anchors: true });
    return entry.before;
  }

  /** Does again what was taken back. */
  redo() {
    const entry = this.undone.pop();
    if (!entry) return null;
    for (const op of entry.ops) this.#splice(op.from, op.from + op.removed.length, op.insert);
    for (const [kind, x, , to] of entry.states) this.#set(kind, x, to);
    this.done.push(entry);
    return entry.after;
  }

  /** What the service has to be told about flags and edits since the last call; null where nothing. */
  takeMarks() {
    const marks = {};
    for (const kind of ['findings', 'edits']) if (Object.keys(this.marked[kind]).length) marks[kind] = this.marked[kind];
    this.marked = { findings: {}, edits: {} };
    return Object.keys(marks).length ? marks : null;
  }

  /** Puts back marks that could not be told; what was changed meanwhile counts. */
  untold(marks) {
    for (const kind of ['findings', 'edits']) this.marked[kind] = { ...marks[kind], ...this.marked[kind] };
  }

  // ---- flags and machine edits --------------------------------------------------------------------------------------

  flag(id) { return this.flags.find((f) => f.id === id); }
  get openFlags() { return this.flags.filter((f) => f.state === 'open' && f.severity !== 'info'); }
  /** The flags shown in the margin: what is asked, open first in the order of the text. */
  flagAt(at) { return this.flags.find((f) => f.state === 'open' && f.severity !== 'info' && (f.from === f.to ? f.from === at : f.from <= at && at <= f.to)); }
  editAt(at) { return this.edits.find((e) => e.to > e.from && e.from <= at && at <= e.to); }

  /** The open flag after (step 1) or before (step -1) the one of that number, or after a position. */
  nextFlag(step, id, at = -1) {
    const flags = this.flags.filter((f) => f.id === id || (f.state === 'open' && f.severity !== 'info'));
    if (!flags.some((f) => f.state === 'open')) return null;
    let i = flags.findIndex((f) => f.id === id);
    if (i < 0) { i = flags.findIndex((f) => f.from >= at); return flags[step > 0 ? (i < 0 ? 0 : i) : ((i < 0 ? flags.length : i) + flags.length - 1) % flags.length]; }
    do i = (i + step + flags.length) % flags.length; while (flags[i].state !== 'open');
    return flags[i];
  }

  /**
   * What taking a suggestion would change: {from, to, text}. A suggestion speaks of the words as heard; only those that differ
   * are replaced, so that "10 mg" stays as the rules wrote it. A capital stays a capital.
   */
  change(flag, suggestion) {
    const heard = flag.heard.split(/\s+/).filter(Boolean);
    const wanted = suggestion.text.split(/\s+/).filter(Boolean);
    const same = (a, b) => bare(a).toLowerCase() === bare(b).toLowerCase();
    let head = 0;
    while (head < heard.length && head < wanted.length && same(heard[head], wanted[head])) head += 1;
    let tail = 0;
    while (tail < heard.length - head && tail < wanted.length - head && same(heard.at(-1 - tail), wanted.at(-1 - tail))) tail += 1;
    let { from, to } = flag;
    let text = suggestion.text;
    const counted = heard.length === flag.word_to - flag.word_from;
    if (counted && head + tail && head + tail < heard.length && wanted.length > head + tail) {
      const a = flag.word_from + head;
      const b = flag.word_to - tail;
      const part = this.rangeOfWords(a, b);
      const alone = this.spansOf.slice(a, b).flat().every((s) => s.a >= a && s.b <= b);
      if (alone && part.to > part.from && part.from >= from && part.to <= to) { ({ from, to } = part); text = wanted.slice(head, wanted.length - tail).join(' '); }
    }
    const now = this.text.slice(from, to);
    const mark = /[.,;:]$/.exec(now);
    if (mark && !/[.,;:]$/.test(text)) text += mark[0];
    if (/^\p{Lu}/u.test(now) && /^\p{Ll}/u.test(text) && !/^\p{Lu}{2}/u.test(now)) text = text[0].toUpperCase() + text.slice(1);
    return { from, to, text };
  }

  /** Takes a suggestion (from 0) of a flag; gives the position behind it, or null where there is none. */
  accept(id, i) {
    const flag = this.flag(id);
    const suggestion = flag?.suggestions?.[i];
    if (!suggestion) return null;
    const { from, to, text } = this.change(flag, suggestion);
    return this.group(() => {
      if (this.text.slice(from, to) !== text) this.replace(from, to, text);
      this.#state('findings', flag, 'cleared');
      return from + text.length;
    }, [flag.from, flag.to]);
  }

  /** Says that a flag is settled, or open again. */
  clear(id, state = 'cleared') {
    const flag = this.flag(id);
    if (flag) this.group(() => this.#state('findings', flag, state), [flag.from, flag.to]);
    return flag;
  }

  /** Takes back what the machine changed, or puts it in force again; gives the position behind it. */
  toggleEdit(id) {
    const edit = this.edits.find((e) => e.id === id);
    if (!edit || edit.to === edit.from) return null;
    const undo = edit.state !== 'undone';
    let text = undo ? edit.before : edit.after;
    const now = this.text.slice(edit.from, edit.to);
    if (!/[.,;:]$/.test(now)) text = text.replace(/[.,;:]+$/, '');
    if (/^\p{Lu}\p{Ll}/u.test(now) && /^\p{Ll}/u.test(text)) text = text[0].toUpperCase() + text.slice(1);
    const { from, to } = edit;
    return this.group(() => {
      this.replace(from, to, text);
      this.#state('edits', edit, undo ? 'undone' : 'applied');
      return from + text.length;
    }, [from, to]);
  }

  // ---- fields, questions, finding -----------------------------------------------------------------------------------

  /** The next field to fill in ("[site]", "____") behind a position, from the top again at the end. */
  nextField(at) {
    const all = [...this.text.matchAll(FIELD)].map((m) => ({ from: m.index, to: m.index + m[0].length }));
    return all.find((f) => f.from >= at) ?? all[0] ?? null;
  }

  /** The questions to the author that stand in the text: {from, to, text}. */
  questions() {
    return [...this.text.matchAll(QUESTION)].map((m) => ({ from: m.index, to: m.index + m[0].length, text: m[1].trim() }));
  }

  /** Puts a question to the author in place of from..to; words that stand there stay before it. */
  ask(from, to, question) {
    const before = this.text.slice(from, to).replace(/\s+$/, '');
    const keep = before && !/^\[\?/.test(before) ? `${before} ` : '';
    const lead = !keep && from > 0 && !/\s/.test(this.text[from - 1]) ? ' ' : '';
    const behind = /[\p{L}\p{N}]/u.test(this.text[to] ?? '') ? ' ' : '';
    return this.replace(from, to, `${lead}${keep}[? ${question.replace(/[\[\]\s]+/g, ' ').trim()}]${behind}`);
  }

  /** All places of a wording: {from, to}. */
  find(wanted, { matchCase = false, whole = false } = {}) {
    if (!wanted) return [];
    const source = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const regex = new RegExp(whole ? `(?<![\\p{L}\\p{N}])${source}(?![\\p{L}\\p{N}])` : source, matchCase ? 'gu' : 'giu');
    return [...this.text.matchAll(regex)].map((m) => ({ from: m.index, to: m.index + m[0].length }));
  }

  /** Replaces all places of a wording; gives how many. One step to undo. */
  replaceAll(wanted, by, options) {
    const all = this.find(wanted, options);
    if (all.length) this.group(() => { for (const { from, to } of [...all].reverse()) this.replace(from, to, by); }, [all[0].from, all[0].to]);
    return all.length;
  }
}

const count = (s) => { let n = 0; for (let i = s.indexOf('\n'); i >= 0; i = s.indexOf('\n', i + 1)) n += 1; return n; };

/** Words of a text for the dictionary: {word, from, to}; numbers, abbreviations with digits and single letters are none. */
export function spelled(text) {
  return [...text.matchAll(/(?<![\p{L}\p{N}_[?-])\p{L}[\p{L}'’]*\p{L}(?![\p{L}\p{N}_])/gu)].filter((m) => m[0].length > 2).map((m) => ({ word: m[0], from: m.index, to: m.index + m[0].length }));
}

/** What a line is: a heading of its own, an item of a list, nothing, or text; `lead` is the length of a heading in it. */
export function kindOf(line, headings = new Set()) {
  if (!line.trim()) return { kind: 'none', lead: 0 };
  if (/^\s*(\d+[.)]|[-•*])\s/.test(line)) return { kind: 'item', lead: 0 };
  const name = line.trim().replace(/:$/, '');
  if (name.length < 64 && !/[.,;]$/.test(name) && (headings.has(name) || (/^\p{Lu}[\p{Lu}\s,/&()'’-]*$/u.test(name) && name.length > 2))) return { kind: 'heading', lead: 0 };
  const run = /^(\p{Lu}[\p{Lu}\s,/&()'’-]{2,62}):\s/u.exec(line);
  return { kind: 'text', lead: run ? run[1].length + 1 : 0 };
}
