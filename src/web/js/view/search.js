// Search over reports and patients, with the words found in their places.

import { h, empty, failure, field, speak } from '../ui.js';
import { t, format } from '../i18n.js';

/** A snippet with \u0001..\u0002 around what was found. */
const snippet = (s) => s.split(/(\u0001[^\u0002]*\u0002)/).map((part) => (part.startsWith('\u0001') ? h('mark', {}, part.slice(1, -1)) : part));

export function mount(root, params, app) {
  const input = h('input', { type: 'search', value: params.q ?? '', autocomplete: 'off', spellcheck: false, placeholder: t('search.placeholder') });
  const results = h('div', { class: 'results', 'aria-live': 'off' });
  app.bar(h('h1', {}, t('page.search')));
  root.replaceChildren(h('div', { class: 'page narrow' }, field(t('search.label'), input, t('search.hint')), results));
  let turn = 0;
  let timer = 0;
  const look = async () => {
    const q = input.value.trim();
    const mine = (turn += 1);
    history.replaceState(null, '', `#/search${app.api.query({ q })}`);
    if (!q) { results.replaceChildren(); return; }
    try {
      const { items } = await app.api.get(`/search${app.api.query({ q, limit: 50 })}`);
      if (mine !== turn) return;
      speak(t('search.found', { n: items.length }));
      results.replaceChildren(...(items.length ? [h('p', { class: 'quiet' }, t('search.found', { n: items.length })), h('ul', { class: 'pick-list' }, items.map(line))] : [empty(t('search.none', { q }), t('search.none.say'))]));
    } catch (error) { if (mine === turn) results.replaceChildren(failure(error, look)); }
  };
  const line = (r) => h('li', {}, h('a', { class: 'pick found', href: `#/patient/${encodeURIComponent(r.patient.mrn)}${r.kind === 'report' ? app.api.query({ report: r.id }) : ''}` },
    h('b', {}, format.name(r.patient)), h('span', { class: 'num' }, t('patient.born', { date: format.date(r.patient.birth_date), age: format.age(r.patient.birth_date), sex: format.sex(r.patient.sex) }), ' · ', t('patient.mrn', { mrn: r.patient.mrn })),
    r.kind === 'report' && h('span', { class: 'title' }, r.title ? format.kind(r.title) : t('kind.dictation'), r.at ? ` · ${format.at(r.at)}` : ''), r.snippet && h('span', { class: 'snippet' }, snippet(r.snippet))));
  input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 220); });
  const rows = () => [...results.querySelectorAll('.pick')];
  root.firstChild.addEventListener('keydown', (e) => {
    const at = rows().indexOf(document.activeElement);
    if (e.key === 'ArrowDown') rows()[Math.min(at + 1, rows().length - 1)]?.focus();
    else if (e.key === 'ArrowUp' && at >= 0) (at === 0 ? input : rows()[at - 1]).focus();
    else if (e.key === 'Enter' && e.target === input) { clearTimeout(timer); look(); }
    else return;
    e.preventDefault();
  });
  input.focus();
  if (input.value) look();
  return () => clearTimeout(timer);
}
