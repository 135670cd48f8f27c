// The review editor: text and sound together, flags in the margin, everything by key. Where a dictation is corrected by a
// secretary, or by its author.

import { api, Problem } from '../api.js';
import { h, button, dialog, confirm, prompt, menu, field, icon, kbd, patientLine, priority, failure } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind, key } from '../keys.js';
import { Review, spelled } from '../model/review.js';
import { Autosave } from '../model/save.js';
import { WordClock, SPEEDS } from '../model/clock.js';
import { madeOf } from '../made-of.js';
import { pickText } from '../pick-text.js';
import { diff } from '../model/diff.js';
import { PASS, errors, score } from '../model/quality.js';
import { Editor } from '../editor.js';
import { Player } from '../player.js';
import { Wave } from '../wave.js';

const LOCK_MS = 60_000;
const PAD_S = 0.4;             // heard around a flag, so that its words are whole
const path = (id, more = '') => `/dictations/${encodeURIComponent(id)}${more}`;

/** How many errors of which weight, in words. */
const counted = (s) => t('quality.counted', { critical: s.critical, other: s.other });

/** What counts in the score of a version, each with its weight, which a person can change; the score follows. */
function weighing(list, version) {
  const weights = list.map((e) => (e.critical ? 'critical' : 'other'));
  const result = h('p', { class: 'row', role: 'status' });
  const draw = () => {
    const s = score(list.map((e, i) => ({ ...e, weight: weights[i] })).filter((e) => e.weight !== 'none').map((e) => ({ critical: e.weight === 'critical' })));
    result.replaceChildren(h('span', { class: s.passes ? 'chip good' : 'chip danger' }, t('quality.score', { score: s.score })), h('span', {}, t(s.passes ? 'quality.passes' : 'quality.fails', { pass: PASS })), h('small', {}, counted(s)));
  };
  draw();
  return h('section', { class: 'weighing', 'aria-label': t('quality.title') }, h('h3', {}, t('quality.of', { n: version })), result,
    list.length > 0 && h('details', {}, h('summary', {}, t('quality.what', { n: list.length })), h('p', { class: 'quiet' }, t('quality.say')), h('ul', { class: 'plain' }, list.map((e, i) => h('li', {}, h('span', { class: 'change' }, e.del && h('del', {}, e.del), ' ', e.ins && h('ins', {}, e.ins)), h('small', {}, t(`quality.kind.${e.kind}`)),
      h('select', { 'aria-label': t('quality.weight', { what: e.ins || e.del }), onchange: (x) => { weights[i] = x.target.value; draw(); } }, ['critical', 'other', 'none'].map((w) => h('option', { value: w, selected: w === weights[i] }, t(`quality.weight.${w}`)))))))));
}

export async function mount(root, { id }, app) {
  let page = null;
  let ended = false;
  const end = async () => { ended = true; await page?.dispose(); };
  const show = async (data) => {
    await page?.dispose();
    page = null;
    if (ended) return;
    page = data.report ? new Page(root, data, app, { reload: () => load(), show }) : waiting(root, data, app, () => load());
  };
  const load = async () => {
    let data = await api.get(path(id));
    if (data.steps.includes('open')) data = await step(id, 'open', data);
    else if (data.phase === 'in_correction' && data.state === 'in_progress' && !data.steps.includes('correct') && data.steps.includes('take_over') && (!data.lock || data.lock.mine)) data = await step(id, 'take_over', data);
    await show(data);
  };
  try { await load(); } catch (error) {
    root.replaceChildren(h('div', { class: 'page' }, failure(error, load)));
    if (!(error instanceof Problem)) throw error;
  }
  return end;
}

/** Takes a step; where somebody was faster, shows what there is. */
async function step(id, name, otherwise) {
  try { return await api.post(path(id, '/steps'), { step: name }); } catch (error) {
    if (error.status === 409) return { ...(await api.get(path(id)).catch(() => otherwise)) };
    throw error;
  }
}

/** What is not heard yet: says so and looks again when the service tells. */
function waiting(root, data, app, again) {
  app.bar(patientLine(data.patient, { link: true }));
  const bar = h('progress', { max: '1', 'aria-label': t('review.heard') });
  const failed = data.state === 'suspended';
  root.replaceChildren(h('div', { class: 'page narrow' }, h('div', { class: 'empty' }, h('b', {}, t(failed ? 'review.failed' : 'review.waiting')), t(failed ? 'review.failed.say' : 'review.waiting.say'), failed ? data.note && h('p', {}, data.note) : h('div', { class: 'row', style: { justifyContent: 'center', marginTop: '16px' } }, bar),
    failed && data.steps.includes('retry') && h('div', {}, button(t('again'), async () => { await api.post(path(data.id, '/steps'), { step: 'retry' }); again(); }, { cls: 'btn primary' })))));
  const off = app.on((name, e) => {
    if (e.id !== data.id) return;
    if (name === 'progress' && e.of_s) bar.value = e.done_s / e.of_s;
    if (name === 'work' && (e.phase !== 'recorded' || e.state !== data.state)) again();
  });
  return { dispose: off };
}

class Page {
  constructor(root, data, app, { reload, show }) {
    Object.assign(this, { root, data, app, reload, show, id: data.id, offs: [], flag: null, tab: 'flags', following: true, timers: [] });
    this.mayCorrect = data.steps.includes('correct');
    // The first sound is the whole as it was heard; parts that it was put together from have no length of their own.
    const heard = (data.takes ?? []).filter((x) => x.duration_s);
    this.takes = heard.length ? heard : (data.takes ?? []).slice(0, 1).map((x) => ({ ...x, duration_s: data.length_s ?? 0 }));
    this.clock = new WordClock(data.raw?.words ?? [], this.takes);
    this.review = new Review({ text: data.report.text, trace: data.report.trace, version: data.report.version, words: data.raw?.words ?? [], edits: data.edits ?? [], findings: data.findings ?? [], marks: data.marks });
    const headings = new Set((data.report.sections ?? []).map((s) => s.heading).filter(Boolean));
    this.editor = new Editor({ review: this.review, headings, readOnly: !this.mayCorrect, label: t('review.text', { patient: format.name(data.patient) }), on: { caret: (from, to) => this.caret(from, to), click: (at) => this.click(at), typed: () => { this.following = false; } } });
    this.player = new Player({ clock: this.clock, url: (take) => api.url(path(this.id, `/sound/${this.takes[take].index}.wav`)), onstate: () => this.sound(), onproblem: () => this.silent() });
    this.wave = new Wave({ duration: this.clock.duration, onseek: (s) => { this.player.seek(s); this.following = true; this.picture(true); }, marks: () => this.waveMarks() });
    this.save = new Autosave({ version: data.report.version, text: () => this.review.text, put: (text, version) => api.put(`/reports/${encodeURIComponent(data.report.id)}/text`, { text }, { ifMatch: version }), onstate: (state, detail) => this.saved(state, detail) });
    this.build();
    this.offs.push(this.review.on((c) => this.changed(c)));
    this.keys();
    this.hold();
    this.peaks();
    this.spell();
    api.get(`/templates${api.query({ author: data.author.username })}`, { background: true }).then(({ items }) => { this.templates = items; }, () => { this.templates = []; });
    app.mayLeave = () => this.mayLeave();
    app.busy = () => this.player.playing;
    this.unload = (e) => { if (this.save.unsaved) { this.save.flush(); e.preventDefault(); } };
    addEventListener('beforeunload', this.unload);
    this.hidden = () => { if (document.hidden) this.save.flush(); };
    document.addEventListener('visibilitychange', this.hidden);
    this.offs.push(app.on((name, e) => this.event(name, e)));
    this.tick = () => { this.picture(); this.frame = requestAnimationFrame(this.tick); };
    this.sound();
    const first = this.review.openFlags[0];
    if (this.mayCorrect) this.editor.select(first ? first.from : 0, undefined, { reveal: false });
    if (first) this.show_flag(first, { focus: false, reveal: false });
  }

  // ---- building --------------------------------------------------------------------------------------------------------

  build() {
    const { data, app } = this;
    const author = this.mayCorrect && data.phase === 'awaiting_signature';
    this.state = h('span', { class: 'quiet save-state', role: 'status' });
    this.askButton = button(t('review.ask'), () => this.ask(), { chord: key('review', 'ask'), class: 'btn' });
    this.finishButton = author && data.steps.includes('sign') ? button(t('review.sign'), () => this.finish(), { cls: 'btn primary', chord: key('review', 'finish') }) : button(t('review.finish'), () => this.finish(), { cls: 'btn primary', chord: key('review', 'finish') });
    const more = button('', (e) => this.more(e.currentTarget), { cls: 'btn plain', 'aria-label': t('more'), 'aria-haspopup': 'menu', 'aria-expanded': 'false', iconName: 'more' });
    const due = format.due(data.due_at, data.received_at);
    app.bar(patientLine(data.patient, { link: true }), h('div', { class: 'row push review-acts' },
      data.report.status === 'draft' && h('span', { class: data.priority === 'stat' ? 'chip danger' : data.priority === 'urgent' || due.soon ? 'chip warn' : 'chip' }, t(`priority.${data.priority}`), data.due_at && ` · ${t(due.late ? 'review.late' : 'review.due', { span: due.text })}`),
      this.state, data.steps.includes('ask') && this.askButton, (data.steps.includes('submit') || author) && this.finishButton, more));
    app.title(`${t('page.review')}: ${format.name(data.patient)}`);

    const meta = [data.author.name, data.received_at && t('review.dictated', { at: format.at(data.received_at) }), format.clock(this.clock.duration), data.report.version > 1 && t('review.version', { n: data.report.version })].filter(Boolean).join(' · ');
    this.findBar = this.findBarOf();
    this.sheet = h('div', { class: 'sheet' }, h('article', { class: 'doc' }, h('h1', {}, format.kind(data.report.kind ?? data.kind)), h('div', { class: 'meta' }, meta), this.editor.box, this.editor.element));
    for (const name of ['wheel', 'touchmove']) this.sheet.addEventListener(name, () => { this.following = false; }, { passive: true });

    this.tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('review.margin') });
    this.notesBody = h('div', { class: 'notes-body', role: 'tabpanel', id: 'notes-body', tabindex: '-1' });
    this.here = h('div', { class: 'here', 'aria-live': 'off' });
    this.notes = h('aside', { class: 'notes', 'aria-label': t('review.margin') }, h('div', { class: 'notes-head' }, this.tabs, h('span', { class: 'push quiet' }, t('review.next'), ' ', kbd(key('review', 'next_flag')))), this.notesBody, this.here);

    this.playIcon = h('span', { class: 'row' }, icon('play', 'icon solid'));
    this.playButton = h('button', { type: 'button', class: 'play', onclick: () => this.player.toggle(), 'aria-label': t('review.play'), 'aria-keyshortcuts': key('review', 'play') }, this.playIcon);
    this.clockText = h('span', { class: 'num' }, format.clock(0));
    this.speedButton = h('button', { type: 'button', class: 'bare', onclick: (e) => menu(e.currentTarget, SPEEDS.map((s) => ({ text: `${format.number(s, 2)}×`, run: () => this.player.setRate(s) }))), 'aria-haspopup': 'menu' });
    this.backButton = h('button', { type: 'button', class: 'bare', onclick: (e) => menu(e.currentTarget, [0, 0.5, 1, 1.5, 2, 3, 5].map((s) => ({ text: t('review.back_by', { s: format.seconds(s) }), run: () => this.player.setBack(s) }))), 'aria-haspopup': 'menu' });
    const jump = (seconds, command) => h('button', { type: 'button', class: 'jump', onclick: () => this.jump(seconds), title: t(`key.review.${command}`), 'aria-label': t(`key.review.${command}`), 'aria-keyshortcuts': key('review', command) }, seconds < 0 ? '−' : '+', Math.abs(seconds));
    app.dock(h('div', { class: 'sound' }, h('div', { class: 'row tight' }, jump(-5, 'back5'), jump(-2, 'back2'), this.playButton, jump(2, 'forward2'), h('div', { class: 'time' }, h('div', {}, this.clockText, h('span', { class: 'quiet num' }, ` / ${format.clock(this.clock.duration)}`)), h('div', { class: 'small' }, this.speedButton, ' · ', this.backButton))),
      this.wave.element, h('div', { class: 'keys' }, [['slower', 'review.slower'], ['play', 'review.play_key'], ['next_flag', 'review.flag']].map(([c, text]) => h('span', {}, kbd(key('review', c)), ' ', t(text))), h('span', {}, kbd(key('all', 'help')), ' ', t('review.all_keys')))));

    this.root.dataset.full = '';
    this.root.replaceChildren(h('div', { class: 'desk' }, h('div', { class: 'sheet-col' }, this.findBar.element, this.sheet), this.notes));
    this.banners();
    this.drawNotes();
    this.saved(this.save.state);
  }

  /** What has to be known about the state of the dictation. */
  banners() {
    const { data, app } = this;
    app.notice('lock');
    if (data.lock && !data.lock.mine) app.notice('lock', t('review.locked', { name: data.lock.name }), { action: data.steps.includes('take_over') && button(t('review.take_over'), () => this.takeOver(), { cls: 'btn small push' }) });
    else if (!this.mayCorrect) app.notice('lock', t(data.report.status !== 'draft' ? 'review.filed' : data.state === 'returned' ? 'review.returned' : 'review.read_only'), { kind: 'quiet', action: data.steps.includes('take_back') && button(t('review.take_back'), () => this.takeStep('take_back', undefined, () => this.reload()), { cls: 'btn small push' }) });
    const answer = [...(data.history ?? [])].reverse().find((x) => ['ask', 'answer', 'send_to_secretary', 'submit'].includes(x.step) && x.note);
    if (answer && this.mayCorrect && answer.step !== 'ask') app.notice('answer', t(`review.note.${answer.step}`, { name: answer.by, note: answer.note }));
    if (data.identity_verified === false) app.notice('identity', t('review.identity'));
  }

  // ---- flags -----------------------------------------------------------------------------------------------------------

  drawNotes() {
    const open = this.review.openFlags.length;
    const tabs = [['flags', t('review.flags', { n: open })], ['history', t('review.history')], ['about', t('review.about')]];
    this.tabs.replaceChildren(...tabs.map(([name, text]) => h('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-selected': String(this.tab === name), 'aria-controls': 'notes-body', tabIndex: this.tab === name ? 0 : -1, onclick: () => { this.tab = name; this.drawNotes(); this.tabs.querySelector('[aria-selected=true]').focus(); }, onkeydown: (e) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
      if (!by || e.altKey) return;
      e.preventDefault();
      const i = tabs.findIndex(([n]) => n === this.tab);
      [this.tab] = tabs[(i + by + tabs.length) % tabs.length];
      this.drawNotes();
      this.tabs.querySelector('[aria-selected=true]').focus();
    } }, text)));
    this.notesBody.setAttribute('aria-labelledby', `tab-${this.tab}`);
    if (this.tab === 'flags') this.drawFlags(); else if (this.tab === 'history') this.drawHistory(); else this.drawAbout();
  }

  drawFlags() {
    const flags = this.review.flags.filter((f) => f.severity !== 'info' && (f.state === 'open' || f === this.flag));
    this.cards = new Map(flags.map((f) => [f.id, this.card(f)]));
    const settled = this.review.flags.filter((f) => f.severity !== 'info' && f.state !== 'open' && f !== this.flag);
    const infos = this.review.flags.filter((f) => f.severity === 'info');
    const line = (f) => h('li', {}, h('button', { type: 'button', class: 'bare', onclick: () => { this.editor.select(f.from, f.to); } }, `${format.clock(f.start_s)} ${t(`finding.${f.kind}`)}`), h('span', { class: 'quiet' }, ` ${f.heard || f.message}`),
      f.severity !== 'info' && this.mayCorrect && h('button', { type: 'button', class: 'bare', onclick: () => { this.review.clear(f.id, 'open'); this.drawNotes(); } }, t('review.reopen')));
    this.notesBody.replaceChildren(...(flags.length ? this.cards.values() : [h('p', { class: 'none' }, t(settled.length ? 'review.flags.done' : 'review.flags.none'))]),
      settled.length ? h('details', {}, h('summary', {}, t('review.settled', { n: settled.length })), h('ul', { class: 'plain' }, settled.map(line))) : '',
      infos.length ? h('details', {}, h('summary', {}, t('review.infos', { n: infos.length })), h('ul', { class: 'plain' }, infos.map(line))) : '');
  }

  card(f) {
    const now = f === this.flag;
    const chip = f.severity === 'critical' ? 'chip danger' : 'chip warn';
    const settled = f.state !== 'open';
    const suggestions = (f.suggestions ?? []).slice(0, 5);
    const best = Math.max(...suggestions.map((s) => s.score), 0);
    const least = Math.min(...suggestions.map((s) => s.score), best - 1);
    const head = h('header', {}, h('span', { class: chip }, t(`finding.${f.kind}`)), h('span', { class: 'num' }, f.gap ? t('review.from_to', { from: format.clock(f.start_s), to: format.clock(f.end_s) }) : t('review.heard_at', { at: format.clock(f.start_s) })),
      now && !settled && h('button', { type: 'button', class: 'bare push', onclick: (e) => { e.stopPropagation(); this.hear(f); } }, kbd('Space'), ' ', t('review.hear_it')));
    const heard = f.heard && h('div', { class: 'heard' }, `“${f.heard}”`);
    const card = h('section', { class: 'note', tabindex: '0', 'aria-label': t('review.flag_label', { kind: t(`finding.${f.kind}`), heard: f.heard || f.message }), 'aria-current': now && 'true', dataset: { id: f.id, settled: settled || null }, onclick: () => this.show_flag(f, { card: true }), onfocus: () => { if (this.flag !== f) this.show_flag(f, { card: true }); } }, head, heard);
    if (!now) { if (!f.heard) card.append(h('div', { class: 'why' }, f.message)); return card; }
    if (settled) { card.append(h('div', { class: 'why' }, t('review.is_settled'))); return card; }
    if (this.mayCorrect) {
      suggestions.forEach((s, i) => card.append(h('button', { type: 'button', class: i ? 'sugg' : 'sugg first', onclick: (e) => { e.stopPropagation(); this.accept(i); } }, h('kbd', {}, String(i + 1)), s.text, suggestions.length > 1 && h('span', { class: 'score', 'aria-hidden': 'true' }, h('i', { style: { width: `${Math.round(12 + 88 * ((s.score - least) / Math.max(0.001, best - least)))}%` } })))));
      card.append(h('button', { type: 'button', class: 'sugg', onclick: (e) => { e.stopPropagation(); this.settle(); } }, h('kbd', {}, '0'), t(f.gap ? 'review.gap_done' : suggestions.length ? 'review.keep' : 'review.settle')));
      if (this.data.steps.includes('ask')) card.append(h('button', { type: 'button', class: 'sugg', onclick: (e) => { e.stopPropagation(); this.ask(); } }, kbd(key('review', 'ask')), t('review.ask')));
    }
    card.append(h('div', { class: 'why' }, f.message), h('details', { class: 'why' }, h('summary', {}, t('review.why')), f.evidence));
    return card;
  }

  /** Goes to a flag: outlined in the text and in the margin, the other cards stay small. */
  show_flag(f, { focus = true, card = false, reveal = true } = {}) {
    const had = this.flag;
    this.flag = f;
    this.editor.setFlag(f);
    if (this.tab !== 'flags') this.tab = 'flags';
    if (had !== f || !this.cards?.has(f?.id)) this.drawNotes();
    this.wave.draw();
    const element = this.cards.get(f?.id);
    if (!element) return;
    if (focus) {
      if (reveal) this.editor.reveal(f.from, f.to);
      element.focus({ preventScroll: true });
      this.app.speak(`${t(`finding.${f.kind}`)}. ${f.heard ? t('review.said_heard', { heard: f.heard }) : ''} ${f.message}`);
    } else if (card) this.editor.reveal(f.from, f.to);
    element.scrollIntoView({ block: 'nearest' });
  }

  step_flag(by) {
    const inCard = this.notes.contains(document.activeElement);
    const at = this.editor.range().from;
    const f = this.flag && (inCard || Math.abs(this.flag.from - at) < 2) ? this.review.nextFlag(by, this.flag.id) : this.review.nextFlag(by, undefined, at);
    if (!f) { this.flag = null; this.editor.setFlag(null); this.drawNotes(); this.app.speak(t('review.flags.done')); if (this.mayCorrect) this.editor.element.focus({ preventScroll: true }); return; }
    this.show_flag(f);
    this.player.seek(Math.max(0, this.time(f) - PAD_S));
    this.picture(true);
  }

  time(f) { const w = this.data.raw?.words?.[Math.min(f.word_from, (this.data.raw?.words.length ?? 1) - 1)]; return this.clock.time(w?.take, f.start_s); }

  hear(f) {
    if (f) { this.player.hear(this.time(f) - PAD_S, this.time(f) + (f.end_s - f.start_s) + PAD_S); return; }
    const { from, to } = this.editor.range();
    const w = this.review.wordAt(from);
    const span = this.clock.span(Math.max(0, w));
    if (!span) return;
    const heard = to > from ? this.review.heard(from, to) : null;
    this.player.hear(span.from - 0.6, heard ? this.clock.time(heard.take, heard.end_s) + PAD_S : span.to + 1.4);
  }

  /** Hears the current flag where it is what one is at, else the place of the caret. */
  hearHere() {
    const f = this.flag;
    const { from } = this.editor.range();
    if (f && (this.notes.contains(document.activeElement) || (f.from <= from && from <= f.to))) this.hear(f); else this.hear(null);
  }

  answered(next = true) {
    this.drawNotes();
    this.wave.draw();
    this.tell();
    if (next) {
      const f = this.review.nextFlag(1, this.flag?.id);
      if (f) { this.show_flag(f); this.player.seek(Math.max(0, this.time(f) - PAD_S)); this.picture(true); } else this.step_flag(1);
    }
  }

  accept(i) {
    const f = this.flag;
    if (!this.mayCorrect || !f || f.state !== 'open') return false;
    const end = this.review.accept(f.id, i);
    if (end === null) return false;
    this.app.speak(t('review.took', { text: f.suggestions[i].text }));
    this.answered();
    return true;
  }

  settle() {
    const f = this.flag;
    if (!this.mayCorrect || !f || f.state !== 'open') return false;
    this.review.clear(f.id);
    this.app.speak(t('review.is_settled'));
    this.answered();
    return true;
  }

  // ---- history, about --------------------------------------------------------------------------------------------------

  async drawHistory() {
    const { data } = this;
    const steps = (data.history ?? []).map((x) => ({ at: x.at, text: t(`step.${x.step}`), by: x.by, note: x.note }));
    const body = h('div');
    this.notesBody.replaceChildren(body);
    body.append(h('p', { class: 'none' }, t('loading')));
    try {
      const { items } = await api.get(`/reports/${encodeURIComponent(data.report.id)}/versions`);
      const versions = items.map((v) => ({ at: v.at, version: v.version, text: t('review.version', { n: v.version }), by: v.by ?? 'Osler' }));
      const all = [...steps, ...versions].sort((a, b) => b.at.localeCompare(a.at));
      body.replaceChildren(h('div', { class: 'row' }, button(t('review.diff.heard'), () => this.compare(0), { cls: 'btn small' }), items.length > 1 && button(t('review.diff.draft'), () => this.compare(1), { cls: 'btn small' })),
        items.length > 1 && this.scored(((await api.get(`/reports/${encodeURIComponent(data.report.id)}/versions/1`)).text)),
        h('ol', { class: 'timeline' }, all.map((x) => h('li', {}, h('span', { class: 'num quiet' }, format.at(x.at)), h('div', {}, h('b', {}, x.text), ` ${x.by ?? ''}`, x.note && h('div', { class: 'heard' }, x.note), x.version && x.version < this.save.version && button(t('review.compare'), () => this.compare(x.version), { cls: 'btn plain small' }))))));
    } catch (error) { body.replaceChildren(failure(error, () => this.drawHistory())); }
  }

  /** What the draft would score if the text as it stands is right. */
  scored(draft) {
    const s = score(errors(draft, this.review.text));
    return h('section', { class: 'scored', 'aria-label': t('quality.title') }, h('span', { class: s.passes ? 'chip good' : 'chip warn' }, t('quality.score', { score: s.score })), h('span', {}, t('quality.draft'), h('small', {}, ` ${counted(s)}`)), button(t('quality.show'), () => this.compare(1), { cls: 'btn plain small' }));
  }

  drawAbout() {
    const { data } = this;
    const lists = [['problems', data.patient.problems], ['medications', data.patient.medications], ['allergies', data.patient.allergies]].filter(([, l]) => l?.length);
    const said_ = data.report.instructions ?? [];
    this.notesBody.replaceChildren(
      said_.length ? h('section', {}, h('h3', {}, t('review.instructions')), h('ul', { class: 'plain' }, said_.map((x) => h('li', {}, h('button', { type: 'button', class: 'bare', onclick: () => { const s = this.clock.span(x.word_from); if (s) this.player.hear(s.from - PAD_S, this.clock.span(Math.max(x.word_from, x.word_to - 1)).to + PAD_S); } }, icon('sound'), ` ${x.text}`))))) : '',
      ...lists.map(([name, list]) => h('section', {}, h('h3', {}, t(`review.${name}`)), h('ul', { class: 'plain' }, list.map((x) => h('li', {}, x.text))))),
      h('section', {}, h('h3', {}, t('review.recording')), h('dl', { class: 'facts' }, (data.takes ?? []).flatMap((x) => [h('dt', {}, x.name ?? t('review.take', { n: x.index + 1 })), h('dd', { class: 'num' }, x.duration_s ? format.clock(x.duration_s) : '')]), h('dt', {}, t('review.speech')), h('dd', { class: 'num' }, data.coverage ? t('review.covered', { part: format.number(100 * (data.coverage.speech_s ? data.coverage.covered_s / data.coverage.speech_s : 1), 1) }) : ''))),
      madeOf(data.takes, (x) => api.url(path(this.id, `/sound/${x.index}.wav`))) ?? '');
  }

  /** Shows what differs between a version (0: what was heard) and the text as it stands. */
  async compare(from) {
    let old;
    try { old = from === 0 ? (this.data.raw?.words ?? []).map((w) => w.text).join(' ') : (await api.get(`/reports/${encodeURIComponent(this.data.report.id)}/versions/${from}`)).text; } catch (error) { this.app.notice('diff', said(error)); return; }
    const parts = diff(old, this.review.text);
    const words = (s) => s.split(/\s+/).filter(Boolean).length;
    const changed = parts.filter((x) => x.op === 'ins').reduce((n, x) => n + words(x.text), 0);
    const gone = parts.filter((x) => x.op === 'del').reduce((n, x) => n + words(x.text), 0);
    const put = await dialog((close) => [h('p', { class: 'say' }, t('review.diff.say', { ins: changed, del: gone })), from > 0 && weighing(errors(old, this.review.text), from), h('div', { class: 'diff', tabindex: '0' }, parts.map((x) => (x.op === 'same' ? x.text : h(x.op, {}, x.text)))),
      h('div', { class: 'actions' }, from > 0 && this.mayCorrect && button(t('review.put_back'), () => close('put')), button(t('close'), () => close(), { cls: 'btn primary', autofocus: true }))], { title: from === 0 ? t('review.diff.heard') : t('review.diff.title', { n: from }), wide: true });
    if (put) { this.review.replace(0, this.review.text.length, old); this.editor.select(0); }
  }

  // ---- sound and text --------------------------------------------------------------------------------------------------

  async peaks() {
    try {
      const all = await Promise.all(this.takes.map((x) => api.get(path(this.id, `/peaks/${x.index}`))));
      const per_s = all[0]?.per_s ?? 20;
      const peaks = new Uint8Array(Math.ceil(this.clock.duration * per_s) + 1);
      all.forEach((x, i) => peaks.set(x.peaks.slice(0, peaks.length - Math.floor(this.clock.offsets[i] * per_s)), Math.floor(this.clock.offsets[i] * per_s)));
      this.wave.setPeaks({ per_s, peaks });
    } catch { /* the overview stays a line; the sound itself tells */ }
  }

  waveMarks() {
    const open = this.review.flags.filter((f) => f.state === 'open' && f.severity !== 'info');
    return [...open.filter((f) => f.gap).map((f) => ({ kind: 'gap', at: this.time(f), to: this.time(f) + f.end_s - f.start_s })), ...open.map((f) => ({ kind: f === this.flag ? 'now' : f.severity === 'critical' ? 'danger' : 'flag', at: this.time(f) }))];
  }

  sound() {
    const { playing } = this.player;
    if (playing !== this.wasPlaying) {
      this.wasPlaying = playing;
      this.playIcon.replaceChildren(icon(playing ? 'pause' : 'play', playing ? 'icon' : 'icon solid'));
      this.playButton.setAttribute('aria-label', t(playing ? 'review.pause' : 'review.play'));
      cancelAnimationFrame(this.frame);
      if (playing) { this.following = true; this.frame = requestAnimationFrame(this.tick); } else { this.editor.light(this.lit, false); }
    }
    this.speedButton.textContent = `${format.number(this.player.rate, 2)}×`;
    this.speedButton.setAttribute('aria-label', t('review.speed', { n: format.number(this.player.rate, 2) }));
    this.backButton.textContent = t('review.back_by', { s: format.seconds(this.player.back) });
    this.picture(true);
  }

  /** One picture: head, clock, and the word of the moment where it changed. */
  picture(always = false) {
    const { player } = this;
    player.tick();
    const { time } = player;
    this.wave.at(time, !always);
    const second = Math.floor(time);
    if (second !== this.second) { this.second = second; this.clockText.textContent = format.clock(time); }
    const word = this.clock.word(time);
    if (word === this.word && !always) return;
    this.word = word;
    const range = word < 0 ? null : this.review.rangeOfWord(word);
    // A spoken mark has no letters: the last word stays lit.
    if (range || word < 0) this.lit = range;
    const lit = this.lit && this.lit.to <= this.review.text.length ? this.lit : null;
    this.editor.light(time > 0.01 ? lit : null, player.playing);
    if (player.playing && lit && this.following) this.editor.reveal(lit.from, lit.to, { low: 0.12, high: 0.72, at: 0.3 });
  }

  silent() {
    this.app.notice('sound', t('review.no_sound'), { kind: 'danger', action: button(t('again'), () => { this.app.notice('sound'); this.player.reload(); }, { cls: 'btn small push' }) });
  }

  jump(seconds) { this.player.by(seconds); this.following = true; this.picture(true); }

  click(at) {
    const f = this.review.flagAt(at);
    if (f && f !== this.flag) { this.show_flag(f, { focus: false }); }
    const w = this.review.wordAt(at);
    const span = w >= 0 && this.clock.span(w);
    if (span) { this.player.seek(f?.gap ? this.time(f) : span.from); this.following = true; this.picture(true); }
  }

  /** The line under the flags: what was heard where the caret is, and what can be done there. */
  caret(from, to) {
    clearTimeout(this.caretTimer);
    this.caretTimer = setTimeout(() => {
      const edit = this.review.editAt(from);
      const heard = this.review.heard(from, to);
      const word = spelled(this.review.line(this.review.lineAt(from)).text).find((w) => { const s = this.review.starts[this.review.lineAt(from)]; return s + w.from <= from && from <= s + w.to; });
      const unknown = word && this.editor.unknown.has(word.word.toLowerCase()) ? word.word : null;
      const parts = [];
      if (edit) parts.push(h('div', {}, h('span', { class: 'heard' }, `“${edit.before}”`), h('span', { class: 'quiet' }, ` ${t(edit.state === 'undone' ? 'review.edit.undone' : 'review.edit.made', { after: edit.after })} `), this.mayCorrect && button(t(edit.state === 'undone' ? 'review.edit.redo' : 'review.edit.undo'), () => this.undoEdit(), { cls: 'btn small', chord: key('review', 'undo_edit') })));
      else if (heard) parts.push(h('div', {}, h('span', { class: 'num quiet' }, `${format.clock(this.clock.time(heard.take, heard.start_s))} `), h('span', { class: 'heard' }, `“${heard.text.length > 90 ? `${heard.text.slice(0, 88)}…` : heard.text}”`)));
      else parts.push(h('div', { class: 'quiet' }, t('review.typed')));
      if (unknown && this.mayCorrect) parts.push(this.meant(word));
      if (unknown && this.mayCorrect) parts.push(h('div', { class: 'row' }, h('span', { class: 'quiet' }, t('review.unknown', { word: unknown })), button(t('review.add.site'), () => this.learn(unknown, 'site'), { cls: 'btn small' }), button(t('review.add.physician'), () => this.learn(unknown, 'physician'), { cls: 'btn small' })));
      this.here.replaceChildren(...parts);
    }, 60);
  }

  /** What may have been meant by a word that no dictionary has. */
  meant({ word }) {
    const line = h('div', { class: 'row' });
    const start = this.review.starts[this.review.lineAt(this.editor.range().from)];
    api.get(`/dictionary/suggest${api.query({ word })}`, { background: true }).then((list) => line.replaceChildren(...list.slice(0, 3).map((s) => button(s.text, () => {
      const at = spelled(this.review.line(this.review.lineAt(start)).text).find((w) => w.word === word);
      if (!at) return;
      const text = /^\p{Lu}/u.test(word) ? s.text[0].toUpperCase() + s.text.slice(1) : s.text;
      this.editor.select(this.review.replace(start + at.from, start + at.to, text));
    }, { cls: 'btn small' }))), () => { /* a help only */ });
    return line;
  }

  undoEdit() {
    const { from } = this.editor.range();
    const edit = this.review.editAt(from);
    if (!edit || !this.mayCorrect) return false;
    const at = this.review.toggleEdit(edit.id);
    if (at === null) return false;
    this.editor.select(at);
    this.tell();
    return true;
  }

  // ---- spelling --------------------------------------------------------------------------------------------------------

  async spell() {
    this.known ??= new Set();
    this.spelling ??= Promise.resolve();
    this.spelling = this.spelling.then(async () => {
      // As they are written: a name is known with its capital.
      const words = [...new Set(spelled(this.review.text).map((w) => w.word))].filter((w) => !this.known.has(w));
      let found = false;
      for (let i = 0; i < words.length; i += 80) {
        const part = words.slice(i, i + 80);
        const { unknown } = await api.get(`/dictionary/check${api.query({ words: part.join(',') })}`);
        for (const w of part) this.known.add(w);
        for (const w of unknown) { this.editor.unknown.add(w.toLowerCase()); found = true; }
      }
      if (found && !this.disposed) this.editor.markAll();
    }).catch(() => { /* spelling is a help; without it the text is as good */ });
  }

  async learn(word, layer) {
    try {
      await api.post('/dictionary/entries', { layer, owner: layer === 'physician' ? this.data.author.username : undefined, text: word, kind: 'term' });
      this.editor.unknown.delete(word.toLowerCase());
      this.editor.markAll();
      const { from, to } = this.editor.range();
      this.caret(from, to);
      this.app.speak(t('review.learned', { word }));
    } catch (error) { this.app.notice('learn', said(error)); }
  }

  // ---- changing, saving, holding ---------------------------------------------------------------------------------------

  changed(c) {
    if (!c.marks && !c.anchors) {
      this.save.changed();
      clearTimeout(this.spellTimer);
      this.spellTimer = setTimeout(() => this.spell(), 900);
      if (this.findBar.open) { clearTimeout(this.findTimer); this.findTimer = setTimeout(() => this.findBar.search(false), 200); }
      this.app.notice('learn');
    }
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => {
      const shown = this.tabs.firstChild?.textContent;
      const text = t('review.flags', { n: this.review.openFlags.length });
      if (shown !== text) { this.drawNotes(); this.wave.draw(); this.tell(); }
      this.finishText();
    }, 150);
  }

  finishText() {
    if (!this.data.steps.includes('ask') || !this.finishButton) return;
    const n = this.review.questions().length;
    this.finishButton.firstChild.textContent = n ? t('review.finish.ask', { n }) : t('review.finish');
  }

  /** Tells the service which flags were settled and which changes taken back. */
  async tell() {
    const marks = this.review.takeMarks();
    if (!marks) return true;
    try { await api.post(path(this.id, '/marks'), marks); return true; } catch (error) {
      this.review.untold(marks);
      clearTimeout(this.tellTimer);
      if (!this.disposed && (error.status === 0 || error.status >= 500)) this.tellTimer = setTimeout(() => this.tell(), 5000);
      return false;
    }
  }

  saved(state, detail) {
    const words = { saved: t('save.saved', { n: this.save?.version ?? this.data.report.version }), dirty: t('save.dirty'), saving: t('save.saving'), waiting: t('save.waiting'), conflict: t('save.conflict'), stopped: t('save.stopped') };
    if (this.state) this.state.textContent = this.mayCorrect ? words[state] : '';
    this.app.notice('save', state === 'waiting' ? t('save.waiting.say', { why: said(detail) }) : state === 'stopped' && this.mayCorrect ? said(detail) : null, { kind: 'danger', action: state === 'waiting' && button(t('save.now'), () => this.save.flush(), { cls: 'btn small push' }) });
    if (state === 'conflict') this.conflict(detail);
    if (state === 'stopped' && detail?.status === 409) this.lost();
  }

  async conflict({ by, version }) {
    let theirs;
    try { theirs = await api.get(`/reports/${encodeURIComponent(this.data.report.id)}`); } catch (error) { this.app.notice('save', said(error), { kind: 'danger', action: button(t('again'), () => this.conflict({ by, version }), { cls: 'btn small push' }) }); return; }
    const choice = await dialog((close) => [h('p', { class: 'say' }, t('conflict.say', { name: by ?? t('conflict.somebody') })), h('div', { class: 'diff', tabindex: '0' }, diff(theirs.text, this.review.text).map((x) => (x.op === 'same' ? x.text : h(x.op, {}, x.text)))),
      h('p', { class: 'quiet' }, t('conflict.legend')), h('div', { class: 'actions' }, button(t('conflict.theirs'), () => close('theirs')), button(t('conflict.mine'), () => close('mine'), { cls: 'btn primary' }))], { title: t('conflict.title'), wide: true, must: true });
    if (choice === 'mine') { await this.save.keepMine(theirs.version); return; }
    this.review.replace(0, this.review.text.length, theirs.text);
    this.save.tookTheirs(theirs.version, theirs.text);
    this.editor.select(0);
  }

  /** Keeps the lock while this page is open. */
  hold() {
    if (!this.mayCorrect || this.data.phase !== 'in_correction') return;
    clearInterval(this.holding);
    const renew = async () => {
      // Nobody is here: the lock may run out, and the session with it.
      if (this.app.idle() > (this.app.session.idle_s ?? 900) * 1000) return;
      try { await api.post(path(this.id, '/lock'), {}, { background: true }); } catch (error) { if (error.status === 409) this.lost(); }
    };
    this.holding = setInterval(renew, LOCK_MS);
  }

  async lost() {
    if (this.isLost) return;
    this.isLost = true;
    clearInterval(this.holding);
    this.editor.setReadOnly(true);
    let data = this.data;
    try { data = await api.get(path(this.id)); } catch { /* what is known will do */ }
    const name = data.lock?.name ?? t('conflict.somebody');
    this.app.notice('lock', t('review.lost', { name }), { kind: 'danger', action: h('span', { class: 'row push' }, data.steps.includes('take_over') && button(t('review.take_over'), () => this.takeOver(), { cls: 'btn small' }), button(t('review.look'), () => this.reload(), { cls: 'btn small' })) });
  }

  async takeOver() {
    const { data } = this;
    if (!(await confirm(t('review.take_over'), t('review.take_over.say', { name: data.lock?.name ?? t('conflict.somebody') }), { yes: t('review.take_over') }))) return;
    try {
      const fresh = await api.post(path(this.id, '/steps'), { step: 'take_over' });
      if (this.save.unsaved && this.mayCorrect) {
        // What was typed here is still here; the other version, if there is one, is asked about when it is saved.
        this.data = fresh;
        this.isLost = false;
        this.editor.setReadOnly(false);
        this.banners();
        this.hold();
        this.save.goOn();
      } else await this.show(fresh);
    } catch (error) { this.app.notice('lock', said(error), { kind: 'danger' }); }
  }

  event(name, e) {
    if (name !== 'work' || e.id !== this.id || this.leaving) return;
    if (e.lock && e.lock.by !== this.app.session.user.username && this.mayCorrect && this.data.phase === 'in_correction' && e.state === 'in_progress') this.lost();
  }

  async mayLeave() {
    if (!this.mayCorrect) return true;
    await this.tell();
    if (!this.save.unsaved || await this.save.flush()) return true;
    return confirm(t('leave.title'), t('leave.say'), { yes: t('leave.yes'), danger: true });
  }

  // ---- what can be done ------------------------------------------------------------------------------------------------

  async ask() {
    if (!this.mayCorrect || !this.data.steps.includes('ask')) return;
    const { from, to } = this.notes.contains(document.activeElement) && this.flag ? this.flag : this.editor.range();
    const heard = this.review.text.slice(from, to).trim() || this.review.heard(from, to)?.text;
    const question = await prompt(t('review.ask'), { say: t('review.ask.say', { place: heard ? `“${heard.slice(0, 80)}”` : '' }), label: t('review.ask.label'), yes: t('review.ask.put') });
    if (!question) return;
    const end = this.review.ask(from, to, question);
    const f = this.review.flags.find((x) => x === this.flag && x.state === 'open' && x.from <= end && x.from >= from - 1);
    if (f) { this.review.clear(f.id); this.answered(false); }
    this.editor.select(end);
    this.finishText();
  }

  async takeStep(name, note, then) {
    this.leaving = true;
    try { const data = await api.post(path(this.id, '/steps'), { step: name, note }); this.save.state = 'saved'; await then?.(data); return true; } catch (error) {
      this.leaving = false;
      this.app.notice('step', said(error), { kind: 'danger' });
      return false;
    }
  }

  async finish() {
    const { data } = this;
    if (!this.mayCorrect || this.finishing) return;
    if (data.phase === 'awaiting_signature' && !data.steps.includes('sign')) return;
    this.finishing = true;
    try {
      const critical = this.review.openFlags.filter((f) => f.severity === 'critical').length;
      const questions = this.review.questions();
      if (data.phase === 'awaiting_signature') { if (await this.save.flush()) { await this.tell(); this.app.go(`/sign/${encodeURIComponent(this.id)}`); } return; }
      if (critical && !questions.length && !(await confirm(t('review.open.title', { n: critical }), t('review.open.say'), { yes: t('review.open.yes') }))) { const f = this.review.openFlags.find((x) => x.severity === 'critical'); if (f) this.show_flag(f); return; }
      if (!(await this.save.flush()) || !(await this.tell())) { this.app.notice('step', t('review.not_saved'), { kind: 'danger' }); return; }
      const ask = questions.length > 0;
      const note = ask ? questions.map((q) => q.text || t('review.blank')).join('\n') : undefined;
      await this.takeStep(ask ? 'ask' : 'submit', note, () => this.next());
    } finally { this.finishing = false; }
  }

  async next() {
    clearInterval(this.holding);
    let next = null;
    if (this.app.session.user.role === 'secretary') { try { next = await api.post('/worklist/next'); } catch { /* the list tells */ } }
    this.app.mayLeave = null;
    this.app.go(next ? `/review/${encodeURIComponent(next.id)}` : this.app.start());
  }

  async aside() {
    if (!this.data.steps.includes('put_aside') || !this.mayCorrect) return false;
    if (!(await this.save.flush()) || !(await this.tell())) { this.app.notice('step', t('review.not_saved'), { kind: 'danger' }); return true; }
    return this.takeStep('put_aside', undefined, () => { clearInterval(this.holding); this.app.mayLeave = null; this.app.go(this.app.start()); });
  }

  async template() {
    const items = this.templates ?? [];
    if (!this.mayCorrect) return;
    if (!items.length) { this.app.notice('step', t('review.template.empty'), { kind: 'quiet' }); return; }
    const at = this.editor.range();
    const chosen = await pickText(items);
    if (!chosen) return;
    const end = this.review.replace(at.from, at.to, chosen.text);
    const first = this.review.nextField(at.from);
    if (first && first.from >= at.from && first.to <= end) this.editor.select(first.from, first.to); else this.editor.select(end);
  }

  more(anchor) {
    const { data } = this;
    const can = (s) => data.steps.includes(s);
    menu(anchor, [
      { text: t('key.review.find'), chord: key('review', 'find'), run: () => this.findBar.show() },
      ...(this.mayCorrect && this.templates?.length ? [{ text: t('key.review.template'), chord: key('review', 'template'), run: () => this.template() }] : []),
      ...(can('put_aside') ? [{ text: t('review.aside'), chord: key('review', 'aside'), run: () => this.aside() }] : []),
      ...(can('move') ? [{ text: t('review.move'), run: () => this.move() }] : []),
      ...(can('split') ? [{ text: t('review.split'), run: () => this.split() }] : []),
      ...(can('reject') ? [null, { text: t('review.reject'), danger: true, run: () => this.reject() }] : []),
    ]);
  }

  async reject() {
    const reason = await prompt(t('review.reject'), { say: t('review.reject.say'), label: t('review.reason'), yes: t('review.reject'), multiline: true });
    if (reason && await this.save.flush() !== null) await this.takeStep('reject', reason, () => this.next());
  }

  /** Asks for the other patient, with both identifiers, and the reason. */
  who(title, say, send) {
    return dialog((close) => {
      const mrn = h('input', { autofocus: true, autocomplete: 'off' });
      const birth = h('input', { type: 'date' });
      const reason = h('input', {});
      const f = field(t('review.mrn'), mrn);
      const g = field(t('review.birth_date'), birth);
      const r = field(t('review.reason'), reason);
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        f.wrong(mrn.value.trim() ? '' : t('error.empty'));
        r.wrong(reason.value.trim() ? '' : t('error.empty'));
        if (!mrn.value.trim() || !reason.value.trim()) return;
        try { close(await send({ mrn: mrn.value.trim(), birth_date: birth.value || undefined, reason: reason.value.trim() })); } catch (error) { f.wrong(said(error)); mrn.focus(); }
      } }, h('p', { class: 'say' }, say), f, g, r, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, title)));
    }, { title });
  }

  async move() {
    if (!(await this.save.flush())) return;
    const done = await this.who(t('review.move'), t('review.move.say'), (body) => api.post(path(this.id, '/move'), body));
    if (done) await this.reload();
  }

  async split() {
    if (!(await this.save.flush())) return;
    const word = this.review.wordAt(this.editor.range().from);
    const before = this.data.raw.words[word]?.text ?? '';
    const done = await this.who(t('review.split'), t('review.split.say', { word: before }), (body) => api.post(path(this.id, '/split'), { ...body, at_word: word }));
    if (done) { this.app.mayLeave = null; this.app.go(this.app.start()); }
  }

  // ---- find and replace ------------------------------------------------------------------------------------------------

  findBarOf() {
    const wanted = h('input', { 'aria-label': t('find.what'), placeholder: t('find.what') });
    const by = h('input', { 'aria-label': t('find.by'), placeholder: t('find.by') });
    const exact = h('input', { type: 'checkbox' });
    const count = h('span', { class: 'num quiet', role: 'status' });
    const bar = { open: false, at: 0 };
    const options = () => ({ matchCase: exact.checked, whole: false });
    bar.search = (from = true) => {
      const found = this.review.find(wanted.value, options());
      if (from !== false) { const at = from === true ? this.editor.range().from : from; const i = found.findIndex((f) => f.from >= at); bar.at = Math.max(0, i); }
      bar.at = Math.min(bar.at, Math.max(0, found.length - 1));
      this.editor.setFound(found, bar.at);
      count.textContent = wanted.value ? t('find.count', { at: found.length ? bar.at + 1 : 0, n: found.length }) : '';
      if (found[bar.at] && from !== false) this.editor.reveal(found[bar.at].from, found[bar.at].to);
    };
    bar.step = (n) => {
      const { found } = this.editor;
      if (!found.length) return;
      bar.at = (bar.at + n + found.length) % found.length;
      bar.search(false);
      this.editor.reveal(found[bar.at].from, found[bar.at].to);
    };
    bar.one = () => {
      const f = this.editor.found[bar.at];
      if (!f || !this.mayCorrect) return;
      const end = this.review.replace(f.from, f.to, by.value);
      bar.search(end);
    };
    bar.all = () => { if (this.mayCorrect) { const n = this.review.replaceAll(wanted.value, by.value, options()); bar.search(false); count.textContent = t('find.replaced', { n }); } };
    bar.show = (replace = false) => {
      bar.open = true;
      bar.element.hidden = false;
      const { from, to } = this.editor.range();
      const selected = this.review.text.slice(from, to);
      if (selected && !selected.includes('\n') && selected.length < 80) wanted.value = selected;
      bar.search();
      (replace && wanted.value ? by : wanted).focus();
      wanted.select();
    };
    bar.hide = () => {
      bar.open = false;
      bar.element.hidden = true;
      const f = this.editor.found[bar.at];
      this.editor.setFound([], -1);
      if (f) this.editor.select(f.from, f.to); else this.editor.element.focus({ preventScroll: true });
    };
    wanted.addEventListener('input', () => bar.search());
    exact.addEventListener('change', () => bar.search());
    bar.element = h('div', { class: 'find', role: 'search', hidden: true, onkeydown: (e) => {
      if (e.key === 'Escape') { e.preventDefault(); bar.hide(); }
      else if (e.key === 'Enter' && e.target === wanted) { e.preventDefault(); bar.step(e.shiftKey ? -1 : 1); }
      else if (e.key === 'Enter' && e.target === by) { e.preventDefault(); bar.one(); }
    } }, wanted, this.mayCorrect && by, count, button('', () => bar.step(-1), { cls: 'btn plain small', 'aria-label': t('find.previous'), iconName: 'back' }), button('', () => bar.step(1), { cls: 'btn plain small', 'aria-label': t('find.next'), iconName: 'next' }),
    h('label', { class: 'row tight small' }, exact, t('find.exact')), this.mayCorrect && button(t('find.one'), bar.one, { cls: 'btn small' }), this.mayCorrect && button(t('find.all'), bar.all, { cls: 'btn small' }), button('', bar.hide, { cls: 'btn plain small push', 'aria-label': t('close'), iconName: 'cross' }));
    return bar;
  }

  // ---- keys ------------------------------------------------------------------------------------------------------------

  keys() {
    const accept = (i) => () => this.accept(i);
    const done = (f) => (...x) => { f(...x); return true; };
    this.offs.push(bind('review', {
      play: done(() => this.player.toggle()), back2: done(() => this.jump(-2)), forward2: done(() => this.jump(2)), back5: done(() => this.jump(-5)), forward5: done(() => this.jump(5)),
      slower: done(() => this.player.faster(-1)), faster: done(() => this.player.faster(1)), follow: done(() => { this.following = true; if (this.lit) { this.editor.reveal(this.lit.from, this.lit.to, { low: 0.2, high: 0.7 }); if (this.mayCorrect) this.editor.select(this.lit.from, undefined, { reveal: false }); } }),
      hear: done(() => this.hearHere()), next_flag: done(() => this.step_flag(1)), previous_flag: done(() => this.step_flag(-1)),
      accept1: accept(0), accept2: accept(1), accept3: accept(2), accept4: accept(3), accept5: accept(4), clear: () => this.settle(),
      undo_edit: () => this.undoEdit(), ask: done(() => this.ask()), template: done(() => this.template()),
      field: done(() => { const f = this.review.nextField(this.editor.range().to); if (f) this.editor.select(f.from, f.to); }),
      undo: () => this.editor.undo() && this.after(), redo: () => this.editor.redo() && this.after(), find: done(() => this.findBar.show()), replace: done(() => this.findBar.show(true)), save: done(() => { this.tell(); this.save.flush(); }),
      history: done(() => { this.tab = this.tab === 'history' ? 'flags' : 'history'; this.drawNotes(); this.tabs.querySelector('[aria-selected=true]').focus(); }), finish: done(() => this.finish()), aside: done(() => this.aside()),
    }));
    const onFlag = (f) => (e) => (e.target.closest?.('.note') ? f(e) : false);
    this.offs.push(bind('flag', { accept1: onFlag(accept(0)), accept2: onFlag(accept(1)), accept3: onFlag(accept(2)), accept4: onFlag(accept(3)), accept5: onFlag(accept(4)), hear: onFlag(() => { this.hear(this.flag); return true; }), clear: onFlag(() => this.settle()), text: onFlag(() => { const f = this.flag; if (f) this.editor.select(f.from, f.to); return true; }) }, { within: this.notes }));
  }

  after() { this.drawNotes(); this.wave.draw(); this.tell(); return true; }

  async dispose() {
    this.disposed = true;
    cancelAnimationFrame(this.frame);
    clearInterval(this.holding);
    for (const x of [this.caretTimer, this.spellTimer, this.noteTimer, this.findTimer, this.tellTimer]) clearTimeout(x);
    removeEventListener('beforeunload', this.unload);
    document.removeEventListener('visibilitychange', this.hidden);
    for (const off of this.offs) off();
    this.player.dispose();
    this.wave.dispose();
    this.editor.dispose();
    this.save.dispose();
  }
}
