// The record of one patient: reports with their sound and addenda by time; allergies, medications, problems, visits.

import { h, button, empty, failure, icon, patientLine, prompt } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { body, signature } from '../paper.js';
import { identityPart } from '../identity.js';
import { letters } from '../letters.js';
import { stands } from './home.js';
import { proven, writeAddendum } from './sign.js';

export async function mount(root, params, app) {
  const mrn = params.mrn;
  const path = `/patients/${encodeURIComponent(mrn)}`;
  const me = app.session.user;
  const page = h('div', { class: 'page record' });
  root.replaceChildren(page);
  let data = null;
  const opened = new Set(params.report ? [params.report] : []);

  async function load() {
    try {
      data = await app.api.get(path);
    } catch (error) {
      if (error.reason !== 'relation' || me.role !== 'physician') { page.replaceChildren(failure(error, load)); return; }
      const { items } = await app.api.get(`/patients${app.api.query({ q: mrn })}`).catch(() => ({ items: [] }));
      const p = items.find((x) => x.mrn === mrn);
      if (p) app.bar(patientLine(p));
      page.replaceChildren(h('div', { class: 'empty', role: 'alert' }, h('b', {}, t('record.not_in_care')), said(error), h('div', {}, button(t('record.emergency'), emergency, { cls: 'btn danger' }), ' ', p && h('a', { class: 'btn', href: `#/dictate${app.api.query({ mrn })}` }, t('home.dictate')))));
      return;
    }
    show();
  }

  async function emergency() {
    const reason = await prompt(t('record.emergency'), { say: t('record.emergency.say'), label: t('record.reason'), yes: t('record.emergency.open') });
    if (!reason) return;
    try { await app.api.post(`${path}/emergency`, { reason }); await load(); } catch (error) { app.notice('emergency', said(error), { kind: 'danger' }); }
  }

  function show() {
    const { patient, encounters, dictations } = data;
    app.title(format.name(patient));
    app.bar(patientLine(patient), h('span', { class: 'push' }), me.role === 'physician' && h('a', { class: 'btn primary', href: `#/dictate${app.api.query({ mrn, record: 1 })}` }, icon('mic'), t('home.dictate')), h('a', { class: 'btn', href: `#/uploads${app.api.query({ mrn })}` }, t('record.hand_in')));
    const items = [
      ...dictations.map((d) => ({ at: d.received_at, node: dictation(d) })),
    ].sort((a, b) => (a.at < b.at ? 1 : -1));
    page.replaceChildren(
      h('div', { class: 'timeline' }, h('h2', {}, t('record.reports')), items.length ? items.map((i) => i.node) : empty(t('record.none'), me.role === 'physician' ? t('record.none.say') : t('record.none.say.other'))),
      h('aside', { class: 'facts', 'aria-label': t('record.facts') }, ['allergy', 'medication', 'problem'].map((kind) => entries(kind, patient[{ allergy: 'allergies', medication: 'medications', problem: 'problems' }[kind]] ?? [])), visits(encounters), identityPart(app, patient, load)));
  }

  const visits = (items) => h('section', {}, h('h2', {}, t('record.visits')), items.length ? h('ul', {}, [...items].sort((a, b) => (a.date < b.date ? 1 : -1)).slice(0, 12).map((e) => h('li', {}, h('span', { class: 'num' }, format.date(e.date)), ' ', e.reason, h('small', {}, [e.location, e.physician?.name ?? e.physician].filter(Boolean).join(' · '))))) : h('p', { class: 'quiet' }, t('record.visits.none')));

  async function withdraw(e) {
    try { await app.api.delete(`${path}/entries/${e.id}`); await load(); } catch (error) { app.notice('entry', said(error), { kind: 'danger' }); }
  }

  const entries = (kind, list) => {
    const input = h('input', { 'aria-label': t(`record.add.${kind}`), placeholder: t(`record.add.${kind}`), autocomplete: 'off' });
    const wrong = h('p', { class: 'late-text', role: 'alert' });
    const may = me.role === 'physician' || me.role === 'secretary';
    return h('section', { class: `entries ${kind}` }, h('h2', {}, t(`record.${kind}`)),
      list.length ? h('ul', {}, list.map((e) => h('li', {}, kind === 'allergy' ? h('span', { class: 'chip danger' }, e.text) : e.text, h('small', {}, format.date(e.at), e.by ? ` · ${e.by}` : '', may && button(t('record.withdraw'), () => withdraw(e), { cls: 'btn plain small', 'aria-label': t('record.withdraw.this', { what: e.text }) }))))) : h('p', { class: 'quiet' }, t(`record.${kind}.none`)),
      may && h('form', { class: 'row add', onsubmit: async (e) => {
        e.preventDefault();
        const text = input.value.trim();
        if (!text) { input.focus(); return; }
        try { await app.api.post(`${path}/entries`, { kind, text }, { key: app.api.key() }); await load(); page.querySelector(`.entries.${kind} input`)?.focus(); } catch (error) { wrong.textContent = said(error); }
      } }, input, h('button', { type: 'submit', class: 'btn small' }, t('record.add'))), wrong);
  };

  const status = (d) => (d.state === 'rejected' || d.state === 'deleted' ? h('span', { class: 'chip danger' }, stands(d)) : d.phase === 'filed' ? h('span', { class: 'chip good' }, t('record.filed')) : h('span', { class: 'chip warn' }, stands(d)));

  function dictation(d) {
    const reports = d.reports ?? [];
    const main = reports.find((r) => !r.parent_id);
    const key = main?.id ?? d.id;
    if (reports.some((r) => opened.has(r.id))) opened.add(key);
    const lead = (main?.text ?? '').replace(/\s+/g, ' ').slice(0, 160);
    const e = h('details', { class: 'entry', open: opened.has(key), ontoggle: () => { if (e.open) opened.add(key); else opened.delete(key); fill(); } },
      h('summary', {}, h('span', { class: 'when num' }, format.at(d.received_at)), h('span', { class: 'title' }, format.kind(main?.kind ?? d.kind), h('small', {}, d.author.name)), status(d), d.from_mrn && h('span', { class: 'chip' }, t('record.from', { mrn: d.from_mrn })), main?.retraction && h('span', { class: 'chip danger' }, t('record.retracted.short')), reports.length > 1 && h('span', { class: 'chip' }, t('record.addenda', { n: reports.length - 1 })), h('span', { class: 'lead' }, lead)));
    const inside = h('div', { class: 'inside' });
    e.append(inside);
    const fill = () => { if (e.open && !inside.childNodes.length) inside.append(...content(d, main, reports).flat(5).filter(Boolean)); };
    fill();
    return e;
  }

  const content = (d, main, reports) => [
    main ? h('article', { class: 'doc' }, main.retraction && h('p', { class: 'retracted' }, t('record.retracted', { at: format.at(main.retraction.at), reason: main.retraction.reason, name: main.retraction.by?.name ?? main.retraction.by ?? '' })), body(main.text, { sections: main.sections }), main.signature ? signature(main.signature, main.filed_at) : h('p', { class: 'signature pending' }, t('record.draft')),
      reports.filter((r) => r.parent_id).map((a) => h('section', { class: 'addendum' }, h('h3', {}, t('record.addendum')), a.retraction && h('p', { class: 'retracted' }, t('record.retracted', { at: format.at(a.retraction.at), reason: a.retraction.reason, name: a.retraction.by?.name ?? a.retraction.by ?? '' })), body(a.text), a.signature ? signature(a.signature, a.filed_at) : h('div', { class: 'row' }, h('span', { class: 'chip warn' }, t('record.addendum.open')), d.author.username === me.username && button(t('record.addendum.finish'), async () => { if (await writeAddendum(app, main.id, { id: a.id, text: a.text, version: a.version })) load(); }, { cls: 'btn small' }))))) : h('p', { class: 'quiet' }, t('record.no_text')),
    d.phase !== 'recorded' || d.length_s ? h('div', { class: 'sound' }, h('span', { class: 'quiet' }, t('record.sound')), h('audio', { controls: true, preload: 'none', src: app.api.url(`/dictations/${d.id}/sound/0.wav`), 'aria-label': t('record.sound') })) : null,
    h('div', { class: 'row' },
      main && main.status !== 'draft' && [h('a', { class: 'btn small', href: app.api.url(`/reports/${main.id}/print`), target: '_blank', rel: 'noopener' }, t('record.print')), h('a', { class: 'btn small', href: app.api.url(`/reports/${main.id}.pdf`), download: '' }, 'PDF'), h('a', { class: 'btn small', href: app.api.url(`/reports/${main.id}.txt`), download: '' }, t('record.text')), !main.retraction && button(t('letter.title'), () => letters(app, main), { cls: 'btn small' })],
      d.author.username === me.username && main?.status === 'filed' && !main.retraction && [button(t('record.addendum.add'), async () => { if (await writeAddendum(app, main.id)) { opened.add(main.id); load(); } }, { cls: 'btn small' }), button(t('record.retract'), () => retract(main), { cls: 'btn small danger' })],
      d.author.username === me.username && ((d.phase === 'awaiting_signature' && d.state === 'pending') || d.phase === 'signed') && h('a', { class: 'btn small primary', href: `#/sign/${d.id}` }, t('home.sign'))),
  ];

  async function retract(r) {
    const reason = await prompt(t('record.retract'), { say: t('record.retract.say'), label: t('record.reason'), yes: t('record.retract') });
    if (!reason) return;
    try { await proven(app, () => app.api.post(`/reports/${r.id}/retraction`, { reason })); await load(); } catch (error) { if (error) app.notice('retract', said(error), { kind: 'danger' }); }
  }

  await load();
  (page.querySelector('details[open]') ?? page).scrollIntoView?.({ block: 'nearest' });
  return () => {};
}
