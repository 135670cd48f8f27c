// A report as it will print, with marks over it. Used where it is signed and in the record.

import { h } from './ui.js';
import { t, format } from './i18n.js';
import { Scalars, cut } from './model/check.js';

const heading = (line, sections) => {
  const bare = line.trim().replace(/:$/, '');
  return bare.length > 0 && bare.length < 80 && (sections?.some((s) => s.heading && s.heading.replace(/:$/, '').toLowerCase() === bare.toLowerCase()) || /^[\p{Lu}][\p{Lu}\s,&/-]{3,}$/u.test(bare));
};

/** The text as paragraphs and headings; `marks` are {from, to, class, id?, run?, label?}: a click on one calls `run`. */
export function body(text, { sections, marks = [] } = {}) {
  const scalars = new Scalars(text);
  const out = [];
  let from = 0;
  for (const line of text.split('\n')) {
    const length = [...line].length;
    const start = from;
    from += length + 1;
    if (!line.trim()) continue;
    const here = marks.filter((m) => m.from < start + length && m.to > start).map((m) => ({ ...m, from: Math.max(0, m.from - start), to: Math.min(length, m.to - start) }));
    const parts = cut(scalars.slice(start, start + length), here).map(({ text: s, spans }) => spans.reduce((inner, m) => (m.run
      ? h('span', { class: m.class, role: 'button', tabindex: '0', title: m.label, dataset: { mark: m.id }, onclick: m.run, onkeydown: (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); e.stopPropagation(); m.run(e); } } }, inner)
      : h('span', { class: m.class, dataset: { mark: m.id ?? '' } }, inner)), s));
    if (heading(line, sections)) { out.push(h('h3', {}, parts)); continue; }
    out.push(h('p', { class: /^\s*(?:\d+[.)]|[-•])\s/.test(line) ? 'item' : null }, parts));
  }
  return out;
}

/** Head of the paper: kind of report and the patient with both identifiers. */
export const head = (r, patient, author, at) => [
  h('h2', {}, format.kind(r.kind)),
  h('p', { class: 'meta' }, `${format.name(patient)} · ${t('patient.born', { date: format.date(patient.birth_date), age: format.age(patient.birth_date), sex: format.sex(patient.sex) })} · ${t('patient.mrn', { mrn: patient.mrn })}`),
  h('p', { class: 'meta' }, [author, at && format.at(at)].filter(Boolean).join(' · ')),
];

/** The line under a signed report: printed name, time, meaning. */
export const signature = (s, filed) => h('p', { class: 'signature' }, t('paper.signed', { name: s.name ?? s.signer_name, at: format.at(s.signed_at ?? s.at), meaning: meaning(s.meaning) }), filed && [h('br'), t('paper.filed', { at: format.at(filed) })]);
const meaning = (m) => (m === 'authorship' ? t('paper.authorship') : m ?? '');
