// The last look: the report as it will print, what is still open, doses, sides and negations each with its sound, then the
// signature. A report that is filed is shown here too, with addendum and retraction.

import { h, button, dialog, field, icon, patientLine, prompt, speak } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind, key } from '../keys.js';
import { Clip } from '../clip.js';
import { body, head, signature } from '../paper.js';
import { checks, openFlags, placeOf, saidAt } from '../model/check.js';

const PLAY_S = 2;

export async function mount(root, params, app) {
  let d = await app.api.get(`/dictations/${params.id}`);
  let filed = null; // the report as the record has it, once it is signed
  let at = 0; // the flag that is current
  let showChanges = false;
  let changes = null;
  const addenda = [];
  root.dataset.full = '';
  const sheet = h('div', { class: 'sheet', tabindex: '0', role: 'region', 'aria-label': t('sign.report') });
  const notes = h('aside', { class: 'notes sign-notes', 'aria-label': t('sign.notes') });
  root.replaceChildren(h('div', { class: 'signing' }, sheet, notes));
  const clip = new Clip((name) => { for (const e of root.querySelectorAll('[data-clip]')) e.toggleAttribute('data-playing', e.dataset.clip === name); });

  const sound = (take) => app.api.url(`/dictations/${d.id}/sound/${take}.wav`);
  const place = (from, to) => saidAt(d.report?.trace, d.raw?.words, from, to);
  // Two seconds around the words: what counts lies in the middle.
  const hear = (name, p, least = PLAY_S) => { const pad = Math.max(0, (least - (p.end_s - p.start_s)) / 2); clip.play(sound(p.take ?? 0), Math.max(0, p.start_s - pad), p.end_s + pad, name); };
  const heardButton = (name, p, label) => (p
    ? h('button', { type: 'button', class: 'hear', 'aria-label': t('sign.hear', { what: label }), dataset: { clip: name }, onclick: () => hear(name, p) }, icon('play'))
    : h('span', { class: 'typed', title: t('sign.typed.say') }, t('sign.typed')));

  const isOpen = () => d.report && d.report.status === 'draft';
  const flags = () => openFlags(d);
  const settle = async (f, state) => {
    try {
      await app.api.post(`/dictations/${d.id}/marks`, { findings: { [f.id]: state } });
      d = await app.api.get(`/dictations/${d.id}`);
      draw();
      const left = flags().length;
      speak(left ? t('sign.left', { n: left }) : t('sign.flags.none'));
      (notes.querySelector('.flagged [aria-current] .settle') ?? document.querySelector('.sign-now'))?.focus();
    } catch (error) { app.notice('marks', said(error), { kind: 'danger' }); }
  };

  const gotoMark = (id) => { const e = sheet.querySelector(`[data-mark="${id}"]`); e?.scrollIntoView({ block: 'center' }); };
  const choose = (i, move = true) => {
    const list = flags();
    at = Math.max(0, Math.min(i, list.length - 1));
    draw();
    if (!list[at]) return;
    if (move) gotoMark(`flag-${list[at].id}`);
    const note = notes.querySelector(`[data-flag="${list[at].id}"]`);
    note?.scrollIntoView({ block: 'nearest' });
    (note?.querySelector('button'))?.focus({ preventScroll: true });
  };

  function draw() {
    const { report } = d;
    const list = flags();
    const items = report ? checks(report.text) : [];
    app.bar(patientLine(d.patient, { link: true }), h('span', { class: 'push' }), actions(list));
    if (!report) { sheet.replaceChildren(h('div', { class: 'page' }, h('div', { class: 'empty' }, h('b', {}, t('sign.none')), t('sign.none.say')))); notes.hidden = true; return; }
    const marks = isOpen() ? [
      ...items.map((c, i) => ({ from: c.from, to: c.to, class: `check ${c.kind}`, id: `check-${i}` })),
      ...list.map((f) => [f, where(f)]).filter(([, w]) => w && w.to > w.from).map(([f, w]) => ({ ...w, class: `flag ${f.severity === 'critical' ? 'danger' : ''} ${list[at] === f ? 'current' : ''}`, id: `flag-${f.id}`, run: () => choose(list.indexOf(f), false), label: `${kindOf(f)}: ${f.message}` })),
    ] : [];
    const top = sheet.scrollTop;
    sheet.replaceChildren(h('article', { class: 'doc', 'aria-label': format.kind(report.kind ?? d.kind) },
      head({ kind: report.kind ?? d.kind }, d.patient, d.author.name, d.received_at),
      filed?.retraction && h('p', { class: 'retracted' }, t('record.retracted', { at: format.at(filed.retraction.at), reason: filed.retraction.reason, name: filed.retraction.by })),
      showChanges && changes ? changesView(changes) : body(report.text, { sections: report.sections, marks }),
      filed?.signature ? signature(filed.signature, filed.filed_at) : h('p', { class: 'signature pending' }, t('sign.pending', { name: d.author.name })),
      addenda.map((a) => h('section', { class: 'addendum' }, h('h3', {}, t('record.addendum')), a.retraction && h('p', { class: 'retracted' }, t('record.retracted', { at: format.at(a.retraction.at), reason: a.retraction.reason, name: a.retraction.by })), body(a.text), a.signature ? signature(a.signature, a.filed_at) : h('div', { class: 'row' }, h('span', { class: 'chip warn' }, t('record.addendum.open')), mine() && button(t('record.addendum.finish'), async () => { if (await writeAddendum(app, d.report.id, { id: a.id, text: a.text, version: a.version })) load(); }, { cls: 'btn small' }))))));
    sheet.scrollTop = top;
    notes.hidden = false;
    notes.replaceChildren(...(isOpen() ? openNotes(list, items) : filedNotes()).flat().filter(Boolean));
  }

  // Positions of a finding are those of the first draft; in a corrected text its words lead there.
  const where = (f) => (d.report.version === 1 && Number.isInteger(f.report_from) ? { from: f.report_from, to: f.report_to } : placeOf(d.report.trace, f.word_from, f.word_to));
  const kindOf = (f) => t(`finding.${f.kind}`);
  const openNotes = (list, items) => [
    h('section', { class: 'flagged', 'aria-label': t('sign.flags', { n: list.length }) },
      h('h2', {}, list.length ? t('sign.flags', { n: list.length }) : t('sign.flags.none'), list.length > 1 && h('button', { type: 'button', class: 'btn plain small push', onclick: () => choose((at + 1) % list.length) }, t('sign.next'), h('kbd', {}, key('sign', 'next_flag')))),
      list.map((f, i) => h('div', { class: 'note', 'aria-current': i === at && 'true', dataset: { flag: f.id } },
        h('header', {}, h('span', { class: f.severity === 'critical' ? 'chip danger' : 'chip warn' }, kindOf(f)), f.end_s > f.start_s && h('span', { class: 'num' }, format.clock(f.start_s)), f.end_s > f.start_s && h('span', { class: 'push' }, heardButton(`f${f.id}`, f, kindOf(f)))),
        f.heard && h('p', { class: 'heard' }, `“${f.heard}”`),
        h('p', {}, f.message),
        f.evidence && h('p', { class: 'why' }, f.evidence),
        h('div', { class: 'row' }, button(t('sign.settle'), () => settle(f, 'cleared'), { cls: 'btn small settle', 'aria-label': t('sign.settle.this', { what: kindOf(f) }) }), d.steps.includes('correct') && h('a', { class: 'btn small plain', href: `#/review/${d.id}?flag=${f.id}` }, t('sign.correct')))))),
    h('section', { 'aria-label': t('sign.checks') }, h('h2', {}, t('sign.checks'), h('small', { class: 'push' }, t('sign.checks.say'))),
      items.length ? ['dose', 'drug', 'side', 'negation'].filter((k) => items.some((c) => c.kind === k)).map((k) => [
        h('h3', {}, t(`sign.kind.${k}`)),
        h('ul', { class: 'checks' }, items.map((c, i) => [c, i]).filter(([c]) => c.kind === k).map(([c, i]) => h('li', {},
          heardButton(`c${i}`, place(c.from, c.to), c.text),
          h('button', { type: 'button', class: 'plain-text', onclick: () => { gotoMark(`check-${i}`); const p = place(c.from, c.to); if (p) hear(`c${i}`, p); } }, h('span', { class: 'quiet' }, c.before), h('b', {}, c.text), h('span', { class: 'quiet' }, c.after)))))])
        : h('p', { class: 'quiet' }, t('sign.checks.none'))),
    h('section', { 'aria-label': t('sign.changed') }, h('h2', {}, t('sign.changed'), h('button', { type: 'button', class: 'btn plain small push', 'aria-pressed': String(showChanges), onclick: toggleChanges }, showChanges ? t('sign.changes.hide') : t('sign.changes.show'))),
      edits().length ? h('ul', { class: 'edits' }, edits().map((e) => h('li', {}, heardButton(`e${e.id}`, wordsAt(e), e.after), h('span', {}, h('del', {}, e.before), ' ', h('ins', {}, e.after)), e.state === 'undone' && h('small', {}, t('sign.undone'))))) : h('p', { class: 'quiet' }, t('sign.changed.none'))),
  ];
  const edits = () => (d.edits ?? []).map((e) => ({ ...e, state: d.marks?.edits?.[e.id]?.state ?? e.state })).filter((e) => e.before !== e.after);
  const wordsAt = (e) => { const a = d.raw?.words?.[e.word_from], b = d.raw?.words?.[e.word_to - 1]; return a && b ? { take: a.take ?? 0, start_s: a.start_s, end_s: b.end_s } : null; };
  async function toggleChanges() {
    try {
      changes ??= await app.api.get(`/reports/${d.report.id}/diff?from=0&to=${d.report.version}`);
      showChanges = !showChanges;
      draw();
      notes.querySelector('[aria-pressed]')?.focus({ preventScroll: true });
    } catch (error) { app.notice('diff', said(error), { kind: 'danger' }); }
  }
  const changesView = (parts) => h('div', { class: 'sign-diff' }, (parts.items ?? parts).map((p) => h(p.op === 'same' ? 'span' : p.op, {}, p.text)));

  const links = () => { const id = d.report.id; return h('div', { class: 'row' }, h('a', { class: 'btn small', href: app.api.url(`/reports/${id}/print`), target: '_blank', rel: 'noopener' }, t('record.print')), h('a', { class: 'btn small', href: app.api.url(`/reports/${id}.pdf`), download: '' }, 'PDF'), h('a', { class: 'btn small', href: app.api.url(`/reports/${id}.txt`), download: '' }, t('record.text'))); };
  const mine = () => d.author.username === app.session.user.username;
  const filedNotes = () => [
    h('section', {}, h('h2', {}, t('sign.record')), links()),
    d.report.status === 'signed' && h('section', {}, h('h2', {}, t('sign.identity')), h('p', {}, t('sign.identity.say')), button(t('sign.identity.give'), file, { cls: 'btn primary' })),
    d.report.status === 'filed' && mine() && !filed?.retraction && h('section', {}, h('h2', {}, t('record.after')), h('p', { class: 'quiet' }, t('record.after.say')),
      h('div', { class: 'row' }, button(t('record.addendum.add'), async () => { if (await writeAddendum(app, d.report.id)) load(); }), button(t('record.retract'), retract, { cls: 'btn danger' }))),
    h('section', {}, h('div', { class: 'row' }, h('a', { class: 'btn', href: `#/patient/${encodeURIComponent(d.patient.mrn)}` }, t('sign.to_record')), h('a', { class: 'btn', href: '#/home' }, t('dictate.to_home')))),
  ];

  const actions = (list) => isOpen() && d.report && [
    d.steps.includes('send_to_secretary') && button(t('sign.send'), sendBack, {}),
    d.steps.includes('correct') && h('a', { class: 'btn', href: `#/review/${d.id}` }, t('sign.edit')),
    d.phase === 'awaiting_signature' && d.state === 'pending' && mine() ? button(t('sign.sign'), sign, { cls: 'btn primary sign-now', chord: key('sign', 'sign'), 'aria-disabled': list.length > 0 ? 'true' : null, title: list.length ? t('sign.left', { n: list.length }) : null })
      : d.steps.includes('take_back') && button(t('sign.take_back'), takeBack, {}),
  ];

  async function step(name, note) {
    try {
      d = await app.api.post(`/dictations/${d.id}/steps`, { step: name, note });
      return true;
    } catch (error) { app.notice('step', said(error), { kind: 'danger' }); return false; }
  }
  async function sendBack() {
    const note = await prompt(t('sign.send'), { label: t('dictate.instruction'), multiline: true, yes: t('dictate.send') });
    if (note && await step('send_to_secretary', note)) app.go('/home');
  }
  async function takeBack() { if (await step('take_back')) draw(); }

  let signing = false;
  async function sign() {
    if (signing || !isOpen()) return;
    const list = flags();
    if (list.length) {
      app.notice('flags', t('sign.left', { n: list.length }));
      choose(0);
      return;
    }
    app.notice('flags');
    signing = true;
    try {
      await proven(app, () => app.api.post(`/reports/${d.report.id}/signature`, { version: d.report.version, clear: true }));
      await load();
      if (d.report.status === 'signed') await file();
      else speak(t('sign.done'));
      notes.querySelector('a, button')?.focus();
    } catch (error) {
      if (error?.status === 412 || error?.reason === 'conflict') { app.notice('sign', t('sign.conflict'), { kind: 'danger', action: button(t('sign.reload'), () => { app.notice('sign'); load(); }, { cls: 'btn small' }) }); } else if (error) app.notice('sign', said(error), { kind: 'danger' });
    } finally { signing = false; }
  }

  // The second identifier is still open: the date of birth is asked, not shown to be copied.
  async function file() {
    const done = await dialog((close) => {
      const born = h('input', { type: 'date', autofocus: true, autocomplete: 'off' });
      const f = field(t('sign.born'), born);
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        if (!born.value) { f.wrong(t('error.empty')); return; }
        try { await app.api.post(`/reports/${d.report.id}/filing`, { birth_date: born.value }); close(true); } catch (error) { f.wrong(said(error)); born.focus(); }
      } }, h('p', { class: 'say' }, t('sign.identity.ask', { mrn: d.patient.mrn })), f,
      h('div', { class: 'actions' }, button(t('sign.identity.later'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('sign.identity.give'))));
    }, { title: t('sign.identity') });
    await load();
    if (done) speak(t('sign.done'));
  }

  async function retract() {
    const reason = await prompt(t('record.retract'), { say: t('record.retract.say'), label: t('record.reason'), yes: t('record.retract') });
    if (!reason) return;
    try {
      await proven(app, () => app.api.post(`/reports/${d.report.id}/retraction`, { reason }));
      await load();
    } catch (error) { if (error) app.notice('retract', said(error), { kind: 'danger' }); }
  }

  async function load() {
    d = await app.api.get(`/dictations/${params.id}`);
    filed = null;
    addenda.length = 0;
    if (d.report && d.report.status !== 'draft') {
      filed = await app.api.get(`/reports/${d.report.id}`).catch(() => null);
      addenda.push(...(d.addenda ?? []));
    }
    draw();
  }

  const off = app.on((event, data) => { if (event === 'work' && data.id === d.id && !signing && (data.phase !== d.phase || data.state !== d.state)) load().catch(() => {}); });
  const unbind = bind('sign', {
    next_flag: () => { choose((at + 1) % Math.max(1, flags().length)); }, previous_flag: () => { choose((at + flags().length - 1) % Math.max(1, flags().length)); },
    hear: () => { const f = flags()[at]; if (!f || f.end_s <= f.start_s) return false; hear(`f${f.id}`, f); return true; },
    play: () => { if (clip.playing) { clip.stop(); return true; } const f = flags()[at]; if (!f) return false; hear(`f${f.id}`, f, 6); return true; },
    sign: () => { sign(); },
  });
  app.busy = () => Boolean(clip.playing);
  await load();
  (notes.querySelector('.flagged .note button') ?? root.querySelector('.doc'))?.focus?.({ preventScroll: true });
  return () => { off(); unbind(); clip.stop(); };
}

/** Does what needs a proven session; asks for the proof once where it is missing. Throws null where it was not given. */
export async function proven(app, run) {
  try { return await run(); } catch (error) {
    if (error.reason !== 'not_proven') throw error;
    if (!(await app.prove())) throw null; // eslint-disable-line no-throw-literal
    return run();
  }
}

/** Writes and signs an addendum; true when one was filed. */
export async function writeAddendum(app, parent, draft = null) {
  return dialog((close) => {
    const words = h('textarea', { rows: 6, autofocus: true, value: draft?.text ?? '' });
    const f = field(t('record.addendum.text'), words, t('record.addendum.hint'));
    let made = draft;
    return h('form', { novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      const text = words.value.trim();
      if (!text) { f.wrong(t('error.empty')); words.focus(); return; }
      try {
        // Where the signature failed the first time, the addendum is there already and only its words are new.
        if (!made) made = { id: (await app.api.post(`/reports/${parent}/addenda`, { text }, { key: app.api.key() })).report_id, version: 1, text };
        else if (made.text !== text) made = { ...made, text, version: (await app.api.put(`/reports/${made.id}/text`, { text }, { ifMatch: made.version })).version };
        await proven(app, () => app.api.post(`/reports/${made.id}/signature`, { version: made.version, clear: true }));
        close(true);
      } catch (error) { if (error) f.wrong(said(error)); }
    } }, f, h('div', { class: 'actions' }, button(t('cancel'), () => close(Boolean(made && !draft))), h('button', { type: 'submit', class: 'btn primary' }, t('record.addendum.sign'))));
  }, { title: t('record.addendum.add'), wide: true });
}
