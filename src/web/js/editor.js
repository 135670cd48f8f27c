// The report as a document that can be written in. The model (model/review.js) is the truth: what the browser wants to do to the
// text is taken from it before it happens, done in the model, and only the lines that changed are drawn. What is marked
// in the text (changes, flags, the word being spoken) is painted as highlights over the text, without an element more.

import { h } from './ui.js';
import { t, format } from './i18n.js';
import { kindOf, spelled } from './model/review.js';

const NAMES = ['ahead', 'edit', 'field', 'spell', 'flag', 'flag-danger', 'find', 'find-now', 'flag-now', 'now'];

export class Editor {
  /** on: {caret(at, to), click(at), typed()}. */
  constructor({ review, headings = new Set(), readOnly = false, label, on = {} }) {
    Object.assign(this, { review, headings, on, unknown: new Set(), found: [], foundNow: -1, flagNow: null });
    this.element = h('div', { class: 'text', role: 'textbox', 'aria-multiline': 'true', 'aria-label': label, spellcheck: false, autocapitalize: 'off', autocorrect: 'off' });
    this.box = h('div', { class: 'boxes', 'aria-hidden': 'true' });
    this.paint = {};
    if (globalThis.CSS?.highlights && globalThis.Highlight) NAMES.forEach((name, i) => { const x = new Highlight(); x.priority = i; CSS.highlights.set(name, x); this.paint[name] = x; });
    this.marks = new Map();     // paragraph -> [[highlight, range]]
    this.setReadOnly(readOnly);
    this.drawAll();
    this.off = review.on((c) => this.#changed(c));
    const e = this.element;
    e.addEventListener('beforeinput', (event) => this.#before(event));
    e.addEventListener('compositionend', () => this.#composed());
    e.addEventListener('cut', (event) => { this.#copy(event); if (!this.readOnly) { const { from, to } = this.range(); this.#put(from, to, ''); } });
    e.addEventListener('copy', (event) => this.#copy(event));
    e.addEventListener('dragstart', (event) => event.preventDefault());
    e.addEventListener('drop', (event) => event.preventDefault());
    e.addEventListener('click', (event) => { const s = getSelection(); if (event.button === 0 && s.isCollapsed && !event.shiftKey) { const at = this.#click(event); if (at !== null) this.on.click?.(at); } });
    this.selected = () => { const s = getSelection(); if (s.rangeCount && e.contains(s.anchorNode)) { this.last = this.range(); this.on.caret?.(this.last.from, this.last.to); } };
    document.addEventListener('selectionchange', this.selected);
    this.resized = new ResizeObserver(() => this.#placeBox());
    this.resized.observe(e);
    this.last = { from: 0, to: 0 };
  }

  setReadOnly(readOnly) {
    this.readOnly = readOnly;
    this.element.setAttribute('contenteditable', readOnly ? 'false' : 'true');
    if (readOnly) { this.element.tabIndex = 0; this.element.setAttribute('aria-readonly', 'true'); } else { this.element.removeAttribute('tabindex'); this.element.removeAttribute('aria-readonly'); }
  }

  // ---- drawing -------------------------------------------------------------------------------------------------------

  drawAll() {
    for (const p of this.marks.keys()) this.#unmark(p);
    this.ps = Array.from({ length: this.review.lines }, (_, i) => this.#fill(h('p'), i));
    this.element.replaceChildren(...this.ps);
    this.ps.forEach((p, i) => this.#mark(p, i));
  }

  #fill(p, i) {
    const line = this.review.line(i);
    const { kind, lead } = kindOf(line.text, this.headings);
    p.className = kind === 'text' ? '' : kind;
    const holes = this.review.flags.filter((f) => f.gap && f.state === 'open' && f.from >= line.from && f.from <= line.to);
    const cuts = [...new Set([0, lead, ...holes.map((f) => f.from - line.from), line.text.length])].sort((a, b) => a - b);
    const children = [];
    cuts.forEach((at, n) => {
      for (const f of holes) if (f.from - line.from === at) children.push(h('span', { class: 'hole', contenteditable: 'false', role: 'img', 'aria-label': t('review.hole', { s: format.seconds(f.end_s - f.start_s) }), dataset: { flag: f.id, s: format.seconds(f.end_s - f.start_s) } }));
      const text = line.text.slice(at, cuts[n + 1] ?? at);
      if (text) children.push(at < lead ? h('b', {}, text) : document.createTextNode(text));
    });
    if (!line.text) children.push(h('br'));
    p.replaceChildren(...children);
    p.dataset.shape = `${kind} ${lead} ${holes.length}`;
    return p;
  }

  #unmark(p) {
    for (const [x, range] of this.marks.get(p) ?? []) x.delete(range);
    this.marks.delete(p);
  }

  #mark(p, i) {
    this.#unmark(p);
    if (!this.paint.edit) return;
    const line = this.review.line(i);
    const list = [];
    const add = (name, from, to) => {
      const a = Math.max(from, line.from) - line.from;
      const b = Math.min(to, line.to) - line.from;
      if (b <= a) return;
      const [n1, o1] = this.#inside(p, a, true);
      const [n2, o2] = this.#inside(p, b);
      const range = new StaticRange({ startContainer: n1, startOffset: o1, endContainer: n2, endOffset: o2 });
      this.paint[name].add(range);
      list.push([this.paint[name], range]);
    };
    for (const e of this.review.edits) if (e.state !== 'undone' && e.from < line.to && e.to > line.from) add('edit', e.from, e.to);
    for (const f of this.review.flags) if (f.state === 'open' && f.severity !== 'info' && f.from < line.to && f.to > line.from) add(f === this.flagNow ? 'flag-now' : f.severity === 'critical' ? 'flag-danger' : 'flag', f.from, f.to);
    for (const m of line.text.matchAll(/\[[^\]\n]*\]|_{3,}/g)) add('field', line.from + m.index, line.from + m.index + m[0].length);
    if (this.unknown.size) for (const w of spelled(line.text)) if (this.unknown.has(w.word.toLowerCase())) add('spell', line.from + w.from, line.from + w.to);
    this.found.forEach((f, n) => { if (f.from < line.to && f.to > line.from) add(n === this.foundNow ? 'find-now' : 'find', f.from, f.to); });
    if (list.length) this.marks.set(p, list);
  }

  /** Draws the marks of all lines again, or of those between two positions. */
  markAll(from = 0, to = this.review.text.length) {
    const a = this.review.lineAt(from);
    const b = this.review.lineAt(to);
    for (let i = a; i <= b; i += 1) this.#mark(this.ps[i], i);
  }

  #changed({ from, to, insert, line, gone, added, marks, anchors }) {
    const p = this.ps[line];
    if (gone || added) {
      const fresh = Array.from({ length: added }, () => h('p'));
      const old = this.ps.splice(line + 1, gone, ...fresh);
      for (const x of old) { this.#unmark(x); x.remove(); }
      p.after(...fresh);
      for (let i = 0; i <= added; i += 1) this.#fill(this.ps[line + i], line + i);
      for (let i = 0; i <= added; i += 1) this.#mark(this.ps[line + i], line + i);
    } else {
      const l = this.review.line(line);
      const { kind, lead } = kindOf(l.text, this.headings);
      const holes = this.review.flags.filter((f) => f.gap && f.state === 'open' && f.from >= l.from && f.from <= l.to).length;
      const only = p.firstChild;
      if (!marks && !anchors && !holes && p.childNodes.length === 1 && only?.nodeType === 3 && p.dataset.shape === `${kind} ${lead} 0` && l.text && only.length + insert.length - (to - from) === l.text.length) only.replaceData(from - l.from, to - from, insert);
      else this.#fill(p, line);
      this.#mark(p, line);
      if (marks) { const f = this.review.flags.find((x) => x.from === from); if (f && f.to > l.to) this.markAll(f.from, f.to); }
    }
    this.#placeBox();
  }

  // ---- positions -----------------------------------------------------------------------------------------------------

  /** The place of a character within a paragraph: [node, offset]. `forward`: at a seam, the node behind it. */
  #inside(p, at, forward = false) {
    let left = at;
    let last = null;
    const walker = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
    for (let n = walker.nextNode(); n; n = walker.nextNode()) {
      if (left < n.length || (left === n.length && !forward)) return [n, left];
      left -= n.length;
      last = n;
    }
    return last ? [last, last.length] : [p, 0];
  }

  /** A position as a place in the page. */
  place(at) {
    const i = this.review.lineAt(at);
    return this.#inside(this.ps[i], at - this.review.starts[i]);
  }

  /** A place in the page as a position. */
  position(node, offset) {
    if (node === this.element) {
      if (offset >= this.ps.length) return this.review.text.length;
      return this.review.starts[offset];
    }
    let p = node;
    while (p && p.parentNode !== this.element) p = p.parentNode;
    const i = this.ps.indexOf(p);
    if (i < 0) return this.last?.from ?? 0;
    if (node === p && offset === 0) return this.review.starts[i];
    const range = document.createRange();
    range.setStart(p, 0);
    range.setEnd(node, offset);
    return Math.min(this.review.starts[i] + range.toString().length, this.review.line(i).to);
  }

  /** What is selected: {from, to}; the last selection where the focus is elsewhere. */
  range() {
    const s = getSelection();
    if (!s.rangeCount || !this.element.contains(s.anchorNode)) return this.last;
    const a = this.position(s.anchorNode, s.anchorOffset);
    const b = this.position(s.focusNode, s.focusOffset);
    return { from: Math.min(a, b), to: Math.max(a, b) };
  }

  /** Puts the caret there; scrolls only where it would be out of sight. */
  select(from, to = from, { focus = true, reveal = true } = {}) {
    if (focus) this.element.focus({ preventScroll: true });
    const [n1, o1] = this.place(from);
    const [n2, o2] = to === from ? [n1, o1] : this.place(to);
    getSelection().setBaseAndExtent(n1, o1, n2, o2);
    this.last = { from, to };
    if (reveal) this.reveal(from, to);
  }

  domRange(from, to) {
    const range = document.createRange();
    range.setStart(...this.place(from));
    range.setEnd(...this.place(to));
    return range;
  }

  /** Scrolls as little as needed so that a range stands within the middle of the sheet. */
  reveal(from, to = from, { low = 0.08, high = 0.86, at = 0.4 } = {}) {
    const sheet = this.element.closest('.sheet');
    if (!sheet) return;
    let box = this.domRange(from, to).getBoundingClientRect();
    if (!box.height) box = this.ps[this.review.lineAt(from)].getBoundingClientRect();
    const frame = sheet.getBoundingClientRect();
    if (box.top < frame.top + frame.height * low || box.bottom > frame.top + frame.height * high) sheet.scrollTop += box.top - frame.top - frame.height * at;
  }

  #click(event) {
    const hole = event.target.closest?.('.hole');
    if (hole) return this.review.flag(Number(hole.dataset.flag))?.from ?? null;
    const place = document.caretPositionFromPoint?.(event.clientX, event.clientY) ?? (document.caretRangeFromPoint && ((r) => r && { offsetNode: r.startContainer, offset: r.startOffset })(document.caretRangeFromPoint(event.clientX, event.clientY)));
    return place && this.element.contains(place.offsetNode) ? this.position(place.offsetNode, place.offset) : null;
  }

  // ---- writing -------------------------------------------------------------------------------------------------------

  #put(from, to, text, kind) {
    const caret = this.range();
    const end = this.review.replace(from, to, text, { kind, caret: [caret.from, caret.to] });
    this.select(end, end, { focus: false });
    this.on.typed?.();
  }

  /** Puts text in place of what is selected. */
  insert(text) { const { from, to } = this.range(); this.#put(from, to, text); }

  #before(event) {
    const { inputType: kind } = event;
    if (kind === 'insertCompositionText') return;
    event.preventDefault();
    if (this.readOnly) return;
    if (kind === 'historyUndo') { this.undo(); return; }
    if (kind === 'historyRedo') { this.redo(); return; }
    const target = event.getTargetRanges()[0];
    let { from, to } = this.range();
    if (target && from === to) { from = this.position(target.startContainer, target.startOffset); to = this.position(target.endContainer, target.endOffset); if (from > to) [from, to] = [to, from]; }
    if (kind.startsWith('delete')) {
      if (from === to && kind === 'deleteContentBackward') from = Math.max(0, from - 1);
      if (from === to && kind === 'deleteContentForward') to = Math.min(this.review.text.length, to + 1);
      if (from < to) this.#put(from, to, '', kind === 'deleteContentBackward' && to - from === 1 ? 'type' : 'edit');
    } else if (kind === 'insertParagraph' || kind === 'insertLineBreak') {
      // A list goes on with its next number; on an empty item it ends.
      const line = this.review.line(this.review.lineAt(from));
      const item = /^(\s*)(\d+)([.)]\s+)(.*)$/.exec(line.text);
      if (item && from === to && !item[4] && from === line.to) this.#put(line.from, line.to, '');
      else this.#put(from, to, item && from === line.to ? `\n${item[1]}${Number(item[2]) + 1}${item[3]}` : '\n');
    } else if (kind === 'insertText' || kind === 'insertReplacementText' || kind.startsWith('insertFrom')) {
      const text = event.data ?? event.dataTransfer?.getData('text/plain') ?? '';
      if (text) this.#put(from, to, text, kind === 'insertText' && from === to ? 'type' : 'edit');
    }
  }

  /** After dead keys or an input method: the browser has written into one line; the model follows. */
  #composed() {
    const s = getSelection();
    let p = s.anchorNode;
    while (p && p.parentNode !== this.element) p = p.parentNode;
    const i = this.ps.indexOf(p);
    if (i < 0) { this.drawAll(); return; }
    const line = this.review.line(i);
    const text = p.textContent.replace(/\n/g, '');
    let head = 0;
    while (head < text.length && head < line.text.length && text[head] === line.text[head]) head += 1;
    let tail = 0;
    while (tail < text.length - head && tail < line.text.length - head && text.at(-1 - tail) === line.text.at(-1 - tail)) tail += 1;
    if (text === line.text) { this.#fill(p, i); this.#mark(p, i); return; }
    p.dataset.shape = '';
    this.#put(line.from + head, line.to - tail, text.slice(head, text.length - tail), 'type');
  }

  #copy(event) {
    const { from, to } = this.range();
    if (from === to) return;
    event.preventDefault();
    event.clipboardData.setData('text/plain', this.review.text.slice(from, to));
  }

  undo() { const at = this.readOnly ? null : this.review.undo(); if (at) { this.markAll(); this.select(...at); this.on.typed?.(); } return Boolean(at); }
  redo() { const at = this.readOnly ? null : this.review.redo(); if (at) { this.markAll(); this.select(...at); this.on.typed?.(); } return Boolean(at); }

  // ---- what is lit ---------------------------------------------------------------------------------------------------

  /** Lights the word of the moment and greys what comes; null puts both out. Touches no layout. */
  light(range, ahead = true) {
    const { now, ahead: grey } = this.paint;
    if (!now) return;
    now.clear();
    grey.clear();
    if (!range) return;
    const [n1, o1] = this.place(range.from);
    const [n2, o2] = this.place(range.to);
    now.add(new StaticRange({ startContainer: n1, startOffset: o1, endContainer: n2, endOffset: o2 }));
    if (ahead) {
      // As far as can be seen: a hundred lines are more than any screen has.
      const end = this.ps[Math.min(this.ps.length - 1, this.review.lineAt(range.to) + 100)];
      grey.add(new StaticRange({ startContainer: n2, startOffset: o2, endContainer: end, endOffset: end.childNodes.length }));
    }
  }

  /** Outlines the flag that is being asked about. */
  setFlag(flag) {
    const old = this.flagNow;
    this.flagNow = flag;
    if (old) this.markAll(old.from, old.to);
    if (flag) this.markAll(flag.from, flag.to);
    this.#placeBox();
  }

  #placeBox() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => {
      const f = this.flagNow;
      if (!f || f.state !== 'open' || !this.box.isConnected) { this.box.replaceChildren(); return; }
      const base = this.box.getBoundingClientRect();
      const hole = f.gap && this.element.querySelector(`.hole[data-flag="${f.id}"]`);
      const rects = hole ? [hole.getBoundingClientRect()] : f.to > f.from ? [...this.domRange(f.from, f.to).getClientRects()].filter((r) => r.width > 1) : [];
      // One box a line.
      const lines = [];
      for (const r of rects) { const l = lines.find((x) => Math.abs(x.top - r.top) < 4); if (l) { l.left = Math.min(l.left, r.left); l.right = Math.max(l.right, r.right); } else lines.push({ left: r.left, right: r.right, top: r.top, bottom: r.bottom }); }
      this.box.replaceChildren(...lines.map((r) => h('i', { style: { left: `${r.left - base.left - 3}px`, top: `${r.top - base.top - 1}px`, width: `${r.right - r.left + 6}px`, height: `${r.bottom - r.top + 2}px` } })));
    });
  }

  setFound(found, now) {
    const touched = [...this.found, ...found];
    Object.assign(this, { found, foundNow: now });
    for (const i of new Set(touched.map((f) => this.review.lineAt(Math.min(f.from, this.review.text.length))))) if (this.ps[i]) this.#mark(this.ps[i], i);
  }

  dispose() {
    this.off();
    document.removeEventListener('selectionchange', this.selected);
    this.resized.disconnect();
    for (const name of NAMES) globalThis.CSS?.highlights?.delete(name);
  }
}
