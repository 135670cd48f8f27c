// Choosing a patient: by name, record number or date of birth, always with both identifiers.

import { h, dialog, field, button, empty, failure, speak } from './ui.js';
import { t, said, format } from './i18n.js';

/** A line about a patient: name, born, record number. */
export const identity = (p) => [h('b', {}, format.name(p)), h('span', { class: 'num' }, t('patient.born', { date: format.date(p.birth_date), age: format.age(p.birth_date), sex: format.sex(p.sex) })), h('span', { class: 'num' }, t('patient.mrn', { mrn: p.mrn }))];

/** The search field with its results below; `choose(patient)` is called with the one taken. */
export function finder(app, { choose, label = t('pick.label'), autofocus = true, link = false, all = false }) {
  const input = h('input', { type: 'search', autocomplete: 'off', spellcheck: false, autofocus, placeholder: t('pick.placeholder') });
  const f = field(label, input);
  const list = h('ul', { class: 'pick-list', 'aria-label': t('pick.results') });
  let turn = 0;
  let timer = 0;
  const look = async () => {
    const q = input.value.trim();
    const mine = (turn += 1);
    if (!q && !all) { list.replaceChildren(); return; }
    try {
      const { items } = await app.api.get(`/patients${app.api.query({ q, limit: 20 })}`);
      if (mine !== turn) return;
      const found = items.map((p) => h('li', {}, link
        ? h('a', { class: 'pick', href: `#/patient/${encodeURIComponent(p.mrn)}` }, identity(p))
        : h('button', { type: 'button', class: 'pick', onclick: () => choose(p) }, identity(p))));
      list.replaceChildren(...(found.length ? found : [h('li', {}, empty(t('pick.none'), t('pick.none.say', { q })))]));
      if (q) speak(t('pick.found', { n: items.length }));
    } catch (error) {
      if (mine === turn) list.replaceChildren(h('li', {}, failure(error, look)));
    }
  };
  input.addEventListener('input', () => { clearTimeout(timer); timer = setTimeout(look, 180); });
  const rows = () => [...list.querySelectorAll('.pick')];
  const e = h('div', { class: 'finder' }, f, list);
  e.addEventListener('keydown', (event) => {
    const at = rows().indexOf(document.activeElement);
    if (event.key === 'ArrowDown') rows()[Math.min(at + 1, rows().length - 1)]?.focus();
    else if (event.key === 'ArrowUp') (at <= 0 ? input : rows()[at - 1]).focus();
    else if (event.key === 'Enter' && event.target === input && rows().length === 1) rows()[0].click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  if (all) look();
  e.look = look;
  return e;
}

/** Asks which patient; undefined where none was taken. */
export const pickPatient = (app, title = t('pick.title')) => dialog((close) => [
  finder(app, { choose: close }),
  h('div', { class: 'actions' }, ['physician', 'secretary'].includes(app.session.user.role) && button(t('pick.add'), async () => { const p = await addPatient(app); if (p) close(p); }, { cls: 'btn plain' }), button(t('cancel'), () => close())),
], { title, wide: true });

/** Enters a new patient; resolves to them. */
export const addPatient = (app) => dialog((close) => {
  const mrn = h('input', { autocomplete: 'off', required: true, autofocus: true });
  const family = h('input', { autocomplete: 'off', required: true });
  const given = h('input', { autocomplete: 'off', required: true });
  const born = h('input', { type: 'date', required: true });
  const sex = h('select', {}, ['female', 'male', 'other', 'unknown'].map((s) => h('option', { value: s, selected: s === 'unknown' }, t(`pick.sex.${s}`))));
  const fields = [[t('pick.mrn'), mrn], [t('pick.family'), family], [t('pick.given'), given], [t('pick.born'), born]].map(([text, input]) => field(text, input));
  const wrong = h('p', { class: 'late-text', role: 'alert' });
  const key = app.api.key();
  return h('form', { novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    for (const f of fields) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
    const first = fields.find((f) => !f.input.value.trim());
    if (first) { first.input.focus(); return; }
    const p = { mrn: mrn.value.trim(), family: family.value.trim(), given: given.value.trim(), birth_date: born.value, sex: sex.value };
    try { close({ ...p, ...(await app.api.post('/patients', p, { key })) }); } catch (error) { wrong.textContent = said(error); }
  } }, h('div', { class: 'fields' }, fields, field(t('pick.sex'), sex)), wrong,
  h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('pick.add'))));
}, { title: t('pick.add') });
