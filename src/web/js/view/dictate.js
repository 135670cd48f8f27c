// Dictating: the page is almost empty. What is certain is ink, what may still change is grey; the record button, the level and
// whether it is saved are all that lives.

import { h, button, dialog, field, patientLine, prompt, speak, kbd } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind, key } from '../keys.js';
import { adopt, begin, elsewhere, find, forget, unfinished } from '../live.js';
import { pickPatient } from '../pick.js';
import { Recorder, bars, inputs, refusalOf } from '../model/recorder.js';
import { Buttons } from '../model/hid.js';
import { anchorAt, lay, nextField, parts } from '../model/placed.js';
import { pickText } from '../pick-text.js';
import { RATE, endOf } from '../model/takes.js';
import { today } from './home.js';

const DEVICE = 'osler.microphone';
const BARS = 22;
const remembered = () => { try { return localStorage.getItem(DEVICE) ?? ''; } catch { return ''; } };

export async function mount(root, params, app) {
  if (!params.id && !params.mrn) return choose(root, app);
  let d = null;
  let patient = null;
  const gone = (title, say) => {
    root.replaceChildren(h('div', { class: 'page narrow' }, h('div', { class: 'empty', role: 'alert' }, h('b', {}, title), say, h('div', {}, h('a', { class: 'btn', href: '#/home' }, t('dictate.to_home'))))));
    return () => {};
  };
  if (params.id) {
    d = await find(app, params.id);
    if (!d) {
      const item = (await elsewhere(app).catch(() => [])).find((i) => i.id === params.id);
      if (item) d = await adopt(app, item);
    }
    if (d === 'elsewhere') return gone(t('dictate.elsewhere'), t('dictate.elsewhere.say'));
    if (!d || ['finished', 'discarded'].includes(d.state)) return gone(t('dictate.gone'), t('dictate.gone.say'));
  } else {
    // Somebody may have begun already: a dictation about the same visit goes on.
    d = (await unfinished(app)).find((x) => x.order.mrn === params.mrn && (x.order.encounter_id ?? '') === (params.encounter ?? '') && ['paused', 'recording'].includes(x.state)) ?? null;
  }
  const mrn = d?.order.mrn ?? params.mrn;
  try {
    ({ patient } = await app.api.get(`/patients/${encodeURIComponent(mrn)}`));
  } catch (error) {
    // Whoever dictates about a patient has them in care from then on; before that only who they are can be read.
    const { items } = await app.api.get(`/patients${app.api.query({ q: mrn })}`).catch(() => ({ items: [] }));
    patient = items.find((p) => p.mrn === mrn) ?? d?.about;
    if (!patient) throw error;
  }
  d ??= await begin(app, { mrn, encounter_id: params.encounter || undefined, priority: 'routine', route: 'author' },
    { mrn, family: patient.family, given: patient.given, birth_date: patient.birth_date, sex: patient.sex });

  // ---- what is on the page
  root.dataset.full = '';
  const text = h('div', { class: 'live', tabindex: '0', role: 'textbox', 'aria-readonly': 'true', 'aria-multiline': 'true', 'aria-label': t('dictate.text'), 'aria-describedby': 'dictate-how' });
  const partial = h('span', { class: 'partial' });
  const caret = h('span', { class: 'caret', 'aria-hidden': 'true' });
  const hint = h('p', { class: 'live-hint', id: 'dictate-how' });
  const panel = h('div', { class: 'live-end', hidden: true });
  const sheet = h('div', { class: 'sheet' }, h('div', { class: 'live-page' }, text, hint, panel));
  const aside = h('aside', { class: 'visits', 'aria-label': t('dictate.today') });
  root.replaceChildren(h('div', { class: 'dictate' }, sheet, aside));

  const meter = h('div', { class: 'meter', 'aria-hidden': 'true' }, Array.from({ length: BARS }, () => h('i')));
  const level = [...meter.children];
  const rec = h('button', { type: 'button', class: 'rec', onclick: () => toggle(), 'aria-keyshortcuts': key('dictate', 'record') }, h('i', { 'aria-hidden': 'true' }));
  const clock = h('b', { class: 'num clock' });
  const saved = h('small', { class: 'saved' });
  const what = h('span', { class: 'what' });
  const microphone = button(t('dictate.microphone'), () => settings(), { cls: 'btn plain small', iconName: 'sound' });
  const discard = button(t('dictate.discard'), () => throwAway(), { cls: 'btn plain small' });
  const ready = button(t('dictate.text.put'), () => putText(), { cls: 'btn plain small', chord: key('dictate', 'template'), iconName: 'note' });
  const send = button(t('dictate.send'), () => hand('secretary'), { chord: key('dictate', 'send') });
  const sign = button(t('dictate.sign'), () => hand('author'), { cls: 'btn primary', chord: key('dictate', 'sign') });
  app.bar(patientLine(patient), h('span', { class: 'push' }), h('div', { class: 'row dictate-actions' }, send, sign));
  app.dock(h('div', { class: 'dictate-dock' }, rec, h('div', { class: 'state' }, h('div', { class: 'row' }, clock, what), saved), meter, h('div', { class: 'row tools' }, ready, microphone, discard)));
  app.title(format.name(patient));

  // ---- words on the page: the same words stay the same elements
  let shown = [];
  let cursor = null; // number of words before the cursor; null at the end, where speech goes
  let anchor = null;
  const spans = () => shown.map((s) => s.e);
  const drawWords = () => {
    const words = d.words;
    let same = 0;
    while (same < shown.length && same < words.length && shown[same].text === words[same].text && shown[same].at === words[same].at_s) same += 1;
    for (const s of shown.splice(same)) s.e.remove();
    for (const w of words.slice(same)) {
      const e = h('span', { class: 'w' }, `${w.text} `);
      text.append(e);
      shown.push({ e, text: w.text, at: w.at_s, to: w.to_s });
    }
    if (cursor !== null && cursor > shown.length) cursor = null;
    partial.remove();
    drawTexts();
    // What is still uncertain follows the last word of its take; speech that is inserted begins where the cursor was.
    const own = words.findLastIndex((w) => w.take === d.partial.take);
    const end = d.partial.take > 0 && own >= 0 ? own + 1 : d.partial.take > 0 && d.state === 'recording' && cursor !== null ? cursor : null;
    // What is said into a field stands before the rest of its text.
    const rest = chosenField && d.state === 'recording' ? units.find((u) => u.placed === chosenField.placed && u.part > chosenField.part)?.e : null;
    text.insertBefore(partial, rest ?? (end === null || end >= shown.length ? null : shown[end].e));
    partial.textContent = d.partial.words.map((w) => w.text).join(' ') + (d.partial.words.length ? ' ' : '');
    const behind = d.state === 'recording' || cursor === null || cursor >= shown.length ? (d.state === 'recording' ? partial : null) : shown[cursor].e;
    if (['finishing', 'finished'].includes(d.state)) caret.remove();
    else if (behind === partial) partial.after(caret); else text.insertBefore(caret, behind);
    const [a, b] = range();
    spans().forEach((e, i) => e.classList.toggle('chosen', a !== b && i >= a && i < b));
    if (d.state === 'recording' && caret.isConnected) {
      const box = caret.getBoundingClientRect(), view = sheet.getBoundingClientRect();
      if (box.bottom > view.bottom - 60 || box.top < view.top) caret.scrollIntoView({ block: 'center' });
    }
  };
  // ---- ready texts between the words: what is written, and fields that the next take can go into
  let units = [];
  let chosenField = null; // {placed, part}: the field that is chosen, or spoken into
  const isField = (u) => chosenField !== null && u.placed === chosenField.placed && u.part === chosenField.part;
  const drawTexts = () => {
    const now = lay(d.placed, d.pieces);
    const old = new Map(units.map((u) => [u.key, u.e]));
    const over = ['finishing', 'finished'].includes(d.state);
    units = now.map((u) => {
      const name = d.placed[u.placed].name;
      const id = `${u.placed}.${u.part}.${over}.${u.field === undefined}`;
      const e = old.get(id) ?? (u.field === undefined
        ? h('span', { class: 'ready' }, u.text, !over && u.part === d.placed[u.placed].parts.findIndex((x) => x.text !== undefined) && h('button', { type: 'button', class: 'chip-x', tabindex: '-1', 'aria-label': t('dictate.text.out', { name }), onclick: () => takeOut(u.placed) }, '×'), ' ')
        : h('button', { type: 'button', class: 'blank', tabindex: '-1', disabled: over, 'aria-label': t('dictate.field', { name: u.field || t('dictate.field.open') }), onclick: () => chooseField(u) }, u.field || '…'));
      if (u.field !== undefined) e.setAttribute('aria-pressed', String(isField(u)));
      return { ...u, key: id, e, before: shown.findIndex((s) => (s.at + s.to) / 2 * RATE > u.at) };
    });
    for (const [id, e] of old) if (!units.some((u) => u.key === id)) e.remove();
    // From the end, so that each stands before what follows it.
    let next = null, nextBefore = -1;
    for (const u of [...units].reverse()) {
      const ref = next && u.before === nextBefore ? next : u.before < 0 ? null : shown[u.before].e;
      if (u.e.parentNode !== text || u.e.nextSibling !== ref) text.insertBefore(u.e, ref);
      [next, nextBefore] = [u.e, u.before];
    }
  };
  const chooseField = (u) => {
    if (d.state !== 'paused') return;
    chosenField = u && { placed: u.placed, part: u.part };
    cursor = anchor = null;
    if (u) speak(t('dictate.field', { name: u.field || t('dictate.field.open') }));
    draw();
    text.focus({ preventScroll: true });
  };
  const toField = () => {
    if (d.state !== 'paused') return;
    const next = nextField(d.placed, d.pieces, chosenField);
    if (next) chooseField(next); else speak(t('dictate.field.none'));
  };
  let known = null;
  async function putText() {
    if (!['recording', 'paused'].includes(d.state)) return;
    const was = d.state === 'recording';
    const inside = was && d.take.mode !== 'append' ? d.take.take : null;
    if (was) await pause();
    try { known ??= (await app.api.get('/templates')).items; } catch (error) { app.notice('text', said(error), { kind: 'danger' }); return; }
    if (!known.length) { app.notice('text', t('dictate.text.none'), { action: h('a', { class: 'btn small', href: '#/templates' }, t('page.templates')) }); return; }
    const chosen = await pickText(known);
    if (!chosen || d.state !== 'paused') return;
    const pieces = d.pieces;
    const one = { name: chosen.name, anchor: anchorAt(pieces, inside !== null ? endOf(pieces, inside) : cursor !== null ? sampleAt(cursor) : Math.round(d.seconds * RATE)), parts: parts(chosen.text) };
    d.placeTexts([...d.placed, one]);
    speak(t('dictate.text.in', { name: chosen.name }));
    const first = one.parts.findIndex((x) => x.field !== undefined);
    if (first >= 0) chooseField({ placed: d.placed.length - 1, part: first, field: one.parts[first].field }); else draw();
    // Who was speaking goes on, into the first field where there is one.
    if (was) await toggle();
  }
  const takeOut = (i) => {
    if (!['recording', 'paused'].includes(d.state)) return;
    chosenField = null;
    speak(t('dictate.text.gone', { name: d.placed[i].name }));
    d.placeTexts(d.placed.filter((_, k) => k !== i));
    draw();
  };
  // What was said into a field belongs to it up to here.
  const filled = () => {
    if (!chosenField) return;
    const part = d.placed[chosenField.placed]?.parts[chosenField.part];
    if (part?.fill && part.fill.to === undefined) { part.fill.to = d.takes.find((x) => x.take === part.fill.take)?.samples ?? 0; if (!part.fill.to) part.fill = null; d.placeTexts(d.placed); }
    const next = nextField(d.placed, d.pieces, chosenField);
    chosenField = next && next.placed === chosenField.placed && !(next.part === chosenField.part) ? { placed: next.placed, part: next.part } : null;
  };

  const sampleAt = (i) => Math.round((i >= shown.length ? d.seconds : i === 0 ? 0 : (shown[i - 1].to + Math.max(shown[i].at, shown[i - 1].to)) / 2) * RATE);
  const range = () => { const c = cursor ?? shown.length; return anchor === null ? [c, c] : [Math.min(anchor, c), Math.max(anchor, c)]; };
  const moveTo = (to, extend) => {
    if (d.state !== 'paused') return;
    chosenField = null;
    if (extend) anchor ??= cursor ?? shown.length; else anchor = null;
    cursor = to >= shown.length ? null : Math.max(0, to);
    const [a, b] = range();
    if (a !== b) speak(t('dictate.chosen', { words: shown.slice(a, b).map((s) => s.text).join(' ') }));
    else if (cursor !== null) speak(t('dictate.before', { word: shown[cursor].text }));
    draw();
  };
  text.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const c = cursor ?? shown.length;
    const to = { ArrowLeft: c - 1, ArrowRight: c + 1, Home: 0, End: shown.length, ArrowUp: line(c, -1), ArrowDown: line(c, 1) }[e.key];
    if (to === undefined || d.state !== 'paused') return;
    e.preventDefault();
    moveTo(to, e.shiftKey);
  });
  // The word above or below: the nearest in the line before or after.
  const line = (c, by) => {
    if (!shown.length) return 0;
    const here = shown[Math.min(c, shown.length - 1)].e.getBoundingClientRect();
    const others = shown.map((s, i) => ({ i, box: s.e.getBoundingClientRect() })).filter(({ box }) => (by < 0 ? box.bottom <= here.top + 2 : box.top >= here.bottom - 2));
    if (!others.length) return by < 0 ? 0 : shown.length;
    const top = by < 0 ? Math.max(...others.map((o) => o.box.top)) : Math.min(...others.map((o) => o.box.top));
    return others.filter((o) => Math.abs(o.box.top - top) < 4).sort((a, b) => Math.abs(a.box.left - here.left) - Math.abs(b.box.left - here.left))[0].i;
  };
  const wordAt = (e) => { const i = spans().indexOf(e.target); if (i < 0) return null; const box = e.target.getBoundingClientRect(); return e.clientX > box.left + box.width / 2 ? i + 1 : i; };
  text.addEventListener('pointerdown', (e) => {
    if (d.state !== 'paused' || e.button !== 0 || e.target.closest('button')) return;
    const at = wordAt(e);
    moveTo(at ?? shown.length, e.shiftKey);
    const start = at ?? shown.length;
    const move = (m) => { const to = wordAt(m); if (to !== null && to !== (cursor ?? shown.length)) { anchor ??= start; moveTo(to, true); } };
    text.addEventListener('pointermove', move);
    addEventListener('pointerup', () => text.removeEventListener('pointermove', move), { once: true });
  });

  // ---- what it says about itself
  const secondsWaiting = () => d.waiting / RATE;
  const status = () => {
    if (!d.stored) return ['danger', t('dictate.not_stored')];
    if (d.refusal) return ['danger', d.refusal.detail || t(`dictate.refused.${d.refusal.reason}`)];
    if (['finished', 'discarded'].includes(d.state)) return ['', ''];
    if (d.samples === 0) return ['', ''];
    if (d.link === 'ready' && secondsWaiting() < 2) return ['good', t('dictate.saved')];
    if (d.link === 'ready' || d.link === 'connecting' || d.link === 'greeting') return ['', t('dictate.sending', { s: Math.ceil(secondsWaiting()) })];
    return ['warn', t('dictate.offline', { s: Math.ceil(secondsWaiting()) })];
  };
  let spoken = '';
  const draw = () => {
    drawWords();
    const recording = d.state === 'recording';
    const [a, b] = range();
    clock.textContent = format.clock(d.seconds);
    const [kind, words] = status();
    saved.className = `saved ${kind}`;
    saved.textContent = words;
    if (kind !== spoken && (kind === 'danger' || kind === 'warn' || spoken === 'warn')) speak(words);
    spoken = kind;
    rec.dataset.state = d.state;
    const label = recording ? t('dictate.pause') : chosenField ? t('dictate.fill') : a !== b ? t('dictate.overwrite') : cursor !== null ? t('dictate.insert') : d.samples ? t('dictate.continue') : t('dictate.record');
    what.replaceChildren(recording ? h('span', { class: 'on' }, t('dictate.recording')) : label, ' ', kbd(key('dictate', 'record')));
    rec.setAttribute('aria-label', label);
    rec.setAttribute('aria-pressed', String(recording));
    text.dataset.state = d.state;
    hint.textContent = recording ? (d.words.length ? '' : t('dictate.speak')) : !d.samples ? t('dictate.begin', { key: key('dictate', 'record') }) : d.state === 'paused' ? (chosenField ? t('dictate.how.field') : a !== b ? t('dictate.how.overwrite') : cursor !== null ? t('dictate.how.insert') : d.words.length ? t('dictate.how') : '') : '';
    ready.disabled = !['recording', 'paused'].includes(d.state);
    for (const e of [send, sign, discard]) e.disabled = d.samples === 0 || !['recording', 'paused'].includes(d.state);
    rec.disabled = !d.speakable;
    document.title = `${recording ? '● ' : ''}${format.name(patient)} · Osler`;
    for (const [reason, message] of d.warnings) warn(reason, message);
    for (const reason of ['storage', 'service']) if (!d.warnings.has(reason) && told.delete(reason)) app.notice(`warning-${reason}`);
    end();
  };
  const told = new Map();
  const warn = (reason, message) => {
    if (told.get(reason) === message) return;
    told.set(reason, message);
    const words = { storage: () => t(`dictate.store_${message}`), lost: () => t('dictate.lost', { s: format.number(Number(message), 1) }), service: () => message }[reason]?.() ?? message;
    if (words) app.notice(`warning-${reason}`, words, { kind: reason === 'storage' || reason === 'lost' ? 'danger' : '' });
  };

  // ---- sound
  const levels = Array(BARS).fill(0);
  const drawLevel = () => levels.forEach((v, i) => { level[i].style.height = `${2 + v * 2}px`; });
  const recorder = new Recorder({
    onframe: ({ samples, rms, rails }) => {
      levels.shift(); levels.push(bars(rms, 13));
      meter.dataset.over = rails > 3 ? '1' : '0';
      drawLevel();
      d.push(samples);
    },
    onwrong: (wrong) => {
      const [first] = wrong;
      app.notice('microphone', first && t(`dictate.mic.${first}`), { kind: first === 'quiet' || first === 'clipped' ? '' : 'danger', action: first && button(t('dictate.microphone'), () => settings(), { cls: 'btn small' }) });
      if (first) speak(t(`dictate.mic.${first}`));
      if (first === 'unplugged') { d.pause(); speak(t('dictate.paused')); draw(); }
    },
  });

  let busy = Promise.resolve();
  app.busy = () => d.state === 'recording';
  const toggle = () => { busy = busy.then(() => (d.state === 'recording' ? pause() : record())); return busy; };
  async function record() {
    if (d.state !== 'paused') return;
    if (!Recorder.available()) { app.notice('microphone', t('dictate.mic.insecure'), { kind: 'danger' }); return; }
    try {
      await recorder.start(remembered());
    } catch (error) {
      const reason = refusalOf(error);
      app.notice('microphone', t(`dictate.mic.${reason}`, { detail: error.message }), { kind: 'danger', action: button(t('again'), () => { app.notice('microphone'); toggle(); }, { cls: 'btn small' }) });
      return;
    }
    const [a, b] = range();
    const into = chosenField && lay(d.placed, d.pieces).find(isField);
    if (!into) chosenField = null;
    if (into) d.place('insert', into.at);
    else if (a !== b) d.place('overwrite', sampleAt(a), sampleAt(b));
    else if (cursor !== null) d.place('insert', sampleAt(cursor));
    else if (d.take.mode !== 'append') d.place('append');
    d.record();
    if (into) { d.placed[into.placed].parts[into.part].fill = { take: d.take.take, from: d.take.samples }; d.placeTexts(d.placed); }
    d.open();
    anchor = null;
    speak(t('dictate.recording'));
    draw();
  }
  async function pause() {
    await recorder.stop();
    d.pause();
    filled();
    if (d.take.mode !== 'append') { cursor = null; }
    levels.fill(0);
    drawLevel();
    speak(t('dictate.paused'));
    draw();
  }

  async function throwAway() {
    await pause();
    const reason = await prompt(t('dictate.discard.title'), { say: t('dictate.discard.say', { time: format.clock(d.seconds) }), label: t('dictate.discard.reason'), yes: t('dictate.discard') });
    if (!reason) return;
    await d.discard(reason);
    app.go('/home');
  }

  // ---- handing in
  async function hand(route) {
    if (d.samples === 0 || !['recording', 'paused'].includes(d.state)) return;
    if (d.state === 'recording') await pause();
    let decision = { route, priority: 'routine' };
    if (route === 'secretary') {
      decision = await dialog((close) => {
        const note = h('textarea', { rows: 2, maxlength: 2000 });
        const choice = (p) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'priority', value: p, checked: p === 'routine', autofocus: p === 'routine' }), t(`priority.${p}`));
        return h('form', { onsubmit: (e) => { e.preventDefault(); close({ route, priority: new FormData(e.target).get('priority'), instruction: note.value.trim() || undefined }); } },
          h('fieldset', { class: 'choices' }, h('legend', {}, t('dictate.priority')), ['routine', 'urgent', 'stat'].map(choice)),
          field(t('dictate.instruction'), note, t('dictate.instruction.hint')),
          h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('dictate.send'))));
      }, { title: t('dictate.send') });
      if (!decision) return;
    }
    d.finish(decision);
    speak(t('dictate.handed_in'));
    draw();
  }

  // After handing in: how far it is, and what can be done meanwhile.
  let heard = null;
  let ended = '';
  let poll = 0;
  const end = () => {
    const over = ['finishing', 'finished'].includes(d.state);
    panel.hidden = !over;
    if (!over) return;
    if (!ended) {
      text.removeAttribute('tabindex');
      cursor = anchor = null;
      caret.remove();
      hint.textContent = '';
      app.bar(patientLine(patient, { link: true }));
      app.dock();
      for (const s of shown) s.e.classList.remove('chosen');
    }
    const mine = d.decision.route === 'author';
    const state = d.state === 'finishing' ? 'sending' : !mine ? 'handed' : 'hearing';
    const part = state === 'sending' ? 1 - d.waiting / Math.max(1, d.samples) : heard ?? 0;
    const words = state === 'sending' ? t('dictate.end.sending', { s: Math.ceil(secondsWaiting()) }) : state === 'handed' ? t('dictate.end.handed') : t('dictate.end.hearing', { part: Math.round(part * 100) });
    if (ended !== state) {
      ended = state;
      panel.replaceChildren(h('p', { role: 'status' }), h('progress', { max: 1, 'aria-label': t('dictate.end.progress') }), h('div', { class: 'row' }, h('a', { class: 'btn primary', href: '#/home' }, t('dictate.to_home')), next()));
      panel.querySelector('a').focus({ preventScroll: true });
      if (state === 'hearing') watch();
    }
    panel.querySelector('p').textContent = words;
    const bar = panel.querySelector('progress');
    bar.hidden = state === 'handed';
    bar.value = part;
  };
  const watch = async () => {
    try {
      const now = await app.api.get(`/dictations/${d.dictationId}`);
      if (now.phase === 'awaiting_signature') { app.go(`/review/${d.dictationId}`); return; }
      if (now.state === 'suspended') { app.notice('hearing', t('dictate.end.failed'), { kind: 'danger' }); return; }
    } catch { /* asked again below */ }
    poll = setTimeout(watch, 2500);
  };
  const off = app.on((event, data) => {
    if (event === 'progress' && data.id === d.dictationId) { heard = data.done_s / Math.max(1, data.of_s); draw(); }
    if (event === 'work' && data.id === d.dictationId && d.state === 'finished' && d.decision.route === 'author') { clearTimeout(poll); watch(); }
  });

  // ---- today's visits beside it
  let visits = [];
  const next = () => {
    const at = visits.findIndex((v) => v.id === d.order.encounter_id);
    const v = visits.slice(at + 1).find((x) => !x.dictation_id);
    return v && h('a', { class: 'btn', href: `#/dictate${app.api.query({ mrn: v.patient.mrn, encounter: v.id })}` }, t('dictate.next', { name: format.name(v.patient) }));
  };
  app.api.get(`/encounters${app.api.query({ date: today(), mine: 1 })}`).then(({ items }) => {
    visits = items;
    if (!items.length) { aside.hidden = true; return; }
    aside.replaceChildren(h('h2', {}, t('dictate.today')), h('ul', {}, items.map((v) => h('li', {}, h('a', { class: 'visit', 'aria-current': v.id === d.order.encounter_id && 'true', href: `#/dictate${app.api.query({ mrn: v.patient.mrn, encounter: v.id })}` }, h('span', {}, format.name(v.patient)), h('small', {}, v.dictation_id ? t('home.dictated') : v.reason))))));
  }).catch(() => { aside.hidden = true; });

  // ---- microphone and buttons
  let buttons = null;
  const act = (name, down) => {
    if (!down) return;
    if (name === 'record' || name === 'play') toggle();
    else if (name === 'stop' && d.state === 'recording') toggle();
    else if (name === 'transcribe' || name === 'enter' || name === 'priority') hand('secretary');
  };
  if (Buttons.available()) {
    buttons = new Buttons({ onbutton: act, onchange: (names) => { microphone.title = names.join(', '); } });
    buttons.start().catch(() => { buttons = null; });
  }
  const settings = async () => {
    const list = await inputs().catch(() => []);
    await dialog((close) => {
      const select = h('select', {}, h('option', { value: '' }, t('dictate.mic.default')), list.filter((i) => i.id && i.id !== 'default').map((i) => h('option', { value: i.id, selected: i.id === remembered() }, i.label || t('dictate.mic.unnamed'))));
      const hid = h('p', { class: 'quiet' }, buttons?.names.length ? t('dictate.hid.have', { names: buttons.names.join(', ') }) : '');
      return [field(t('dictate.microphone'), select, t('dictate.mic.hint')),
        buttons && h('div', {}, hid, button(t('dictate.hid.add'), async () => { try { const names = await buttons.ask(); hid.textContent = names.length ? t('dictate.hid.have', { names: names.join(', ') }) : t('dictate.hid.none'); } catch (error) { hid.textContent = error.message; } })),
        h('div', { class: 'actions' }, button(t('cancel'), () => close()), button(t('save'), async () => {
          try { localStorage.setItem(DEVICE, select.value); } catch { /* private window */ }
          close();
          if (recorder.running) { await recorder.stop(); try { await recorder.start(select.value); } catch (error) { d.pause(); app.notice('microphone', t(`dictate.mic.${refusalOf(error)}`, { detail: error.message }), { kind: 'danger' }); draw(); } }
        }, { cls: 'btn primary' }))];
    }, { title: t('dictate.microphone') });
  };

  // ---- alive
  let frame = 0;
  const changed = () => { if (!frame) frame = requestAnimationFrame(() => { frame = 0; draw(); }); };
  d.addEventListener('change', changed);
  const unbind = bind('dictate', { record: () => { toggle(); }, template: () => { putText(); }, field: () => { toField(); }, send: () => { hand('secretary'); }, sign: () => { hand('author'); } });
  app.busy = () => d.state === 'recording';
  app.mayLeave = async () => { if (d.state === 'recording') await pause(); await d.keep(); return true; };
  if (d.samples || d.adopted) d.open();
  draw();
  text.focus({ preventScroll: true });
  if (params.record && d.state === 'paused' && d.samples === 0) toggle();
  return async () => {
    d.removeEventListener('change', changed);
    cancelAnimationFrame(frame);
    clearTimeout(poll);
    off();
    unbind();
    await recorder.stop();
    d.pause();
    await buttons?.stop();
    await forget(d);
  };
}

// Without a patient: who is it about?
async function choose(root, app) {
  const page = h('div', { class: 'page narrow dictate-choose' }, h('h2', {}, t('dictate.pick')));
  root.replaceChildren(page);
  const left = (await unfinished(app).catch(() => [])).filter((d) => ['paused', 'recording'].includes(d.state) && d.samples > 0);
  const { items } = await app.api.get(`/encounters${app.api.query({ date: today(), mine: 1 })}`).catch(() => ({ items: [] }));
  const go = (name, small, href, cls = '') => h('li', {}, h('a', { class: `pick ${cls}`, href }, h('b', {}, name), small));
  if (left.length) page.append(h('h3', {}, t('home.here')), h('ul', { class: 'pick-list' }, left.map((d) => go(d.about ? format.name(d.about) : d.order.mrn, h('span', { class: 'num' }, t('patient.mrn', { mrn: d.order.mrn }), ' · ', format.clock(d.seconds)), `#/dictate?id=${d.id}`))));
  if (items.length) page.append(h('h3', {}, t('dictate.today')), h('ul', { class: 'pick-list' }, items.map((v) => go(format.name(v.patient), h('span', { class: 'num' }, t('patient.born', { date: format.date(v.patient.birth_date), age: format.age(v.patient.birth_date), sex: format.sex(v.patient.sex) }), ' · ', t('patient.mrn', { mrn: v.patient.mrn }), ' · ', v.reason), `#/dictate${app.api.query({ mrn: v.patient.mrn, encounter: v.id, record: 1 })}`))));
  page.append(h('div', { class: 'row' }, button(t('pick.title'), async () => { const p = await pickPatient(app); if (p) app.go(`/dictate${app.api.query({ mrn: p.mrn, record: 1 })}`); }, { iconName: 'search', cls: 'btn' })));
  page.querySelector('a, button').focus();
  return () => {};
}
