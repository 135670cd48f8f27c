// Who a patient is, changed: name, date of birth, how to reach them, numbers of other houses, what was changed, and two
// records that are one.

import { h, button, confirm, dialog, field } from './ui.js';
import { t, said, format } from './i18n.js';
import { finder, identity } from './pick.js';

const path = (mrn, more = '') => `/patients/${encodeURIComponent(mrn)}${more}`;
const sexes = ['female', 'male', 'other', 'unknown'];

/** Changes name, date of birth, sex and contact; resolves to true when it was done. */
export function editPatient(app, p) {
  return dialog((close) => {
    const text = (value, more = {}) => h('input', { value: value ?? '', autocomplete: 'off', ...more });
    const inputs = { family: text(p.family, { autofocus: true }), given: text(p.given), birth_date: text(p.birth_date, { type: 'date' }), phone: text(p.contact?.phone, { inputmode: 'tel' }), email: text(p.contact?.email, { inputmode: 'email' }) };
    const address = h('textarea', { rows: 3 });
    address.value = p.contact?.address ?? '';
    const sex = h('select', {}, sexes.map((s) => h('option', { value: s, selected: s === p.sex }, t(`pick.sex.${s}`))));
    const needed = [['family', 'pick.family'], ['given', 'pick.given'], ['birth_date', 'pick.born']].map(([k, label]) => field(t(label), inputs[k]));
    const wrong = h('p', { class: 'late-text', role: 'alert' });
    return h('form', { novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      wrong.textContent = '';
      for (const f of needed) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
      const first = needed.find((f) => !f.input.value.trim());
      if (first) { first.input.focus(); return; }
      const born = inputs.birth_date.value;
      if (born !== p.birth_date && !(await confirm(t('who.born'), t('who.born.say', { old: format.date(p.birth_date), now: format.date(born) }), { yes: t('who.born.yes') }))) return;
      try {
        await app.api.put(path(p.mrn), { family: inputs.family.value.trim(), given: inputs.given.value.trim(), birth_date: born, sex: sex.value, contact: { phone: inputs.phone.value.trim(), address: address.value.trim(), email: inputs.email.value.trim() } }, { ifMatch: p.version });
        close(true);
      } catch (error) { wrong.textContent = error.status === 412 ? t('who.conflict', { name: error.more.by ?? t('conflict.somebody') }) : said(error); }
    } }, h('div', { class: 'fields' }, needed, field(t('pick.sex'), sex)), h('div', { class: 'fields' }, field(t('who.phone'), inputs.phone), field(t('who.email'), inputs.email)), field(t('who.address'), address), wrong,
    h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('save'))));
  }, { title: t('who.edit'), wide: true });
}

/** Adds the number of another house; resolves to true when it was done. */
export const addNumber = (app, mrn) => dialog((close) => {
  const issuer = h('input', { autocomplete: 'off', autofocus: true }), value = h('input', { autocomplete: 'off', spellcheck: false });
  const fields = [field(t('who.issuer'), issuer, t('who.issuer.hint')), field(t('who.number'), value)];
  const wrong = h('p', { class: 'late-text', role: 'alert' });
  const key = app.api.key();
  return h('form', { novalidate: true, onsubmit: async (e) => {
    e.preventDefault();
    for (const f of fields) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
    const first = fields.find((f) => !f.input.value.trim());
    if (first) { first.input.focus(); return; }
    try { await app.api.post(path(mrn, '/numbers'), { issuer: issuer.value.trim(), value: value.value.trim() }, { key }); close(true); } catch (error) { wrong.textContent = said(error); }
  } }, fields, wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('who.number.add'))));
}, { title: t('who.number.add') });

/** Shows what was changed about a patient, and by whom. */
export async function showChanges(app, mrn) {
  let items;
  try { ({ items } = await app.api.get(path(mrn, '/history'))); } catch (error) { app.notice('who', said(error), { kind: 'danger' }); return; }
  const value = (x, v) => (v === null || v === undefined || v === '' ? '–' : x.field === 'birth_date' ? format.date(v) : x.field === 'sex' ? t(`pick.sex.${v}`) : v);
  await dialog((close) => [items.length ? h('div', { class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': t('who.changes') }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['at', 'field', 'before', 'after', 'by'].map((k) => h('th', { scope: 'col' }, t(`who.col.${k}`))))), h('tbody', {}, items.map((x) => h('tr', {}, h('td', {}, format.at(x.at)), h('td', {}, t(`who.field.${x.field}`)), h('td', { class: 'wrap' }, value(x, x.before)), h('td', { class: 'wrap' }, value(x, x.after)), h('td', {}, x.by ?? '')))))) : h('p', { class: 'say' }, t('who.changes.none')),
    h('div', { class: 'actions' }, button(t('close'), () => close(), { cls: 'btn primary', autofocus: true }))], { title: t('who.changes'), wide: true });
}

/** Joins another record with this one; resolves to the patient that is left, or undefined. */
export function merge(app, p) {
  return dialog((close) => {
    const body = h('div');
    const wrong = h('p', { class: 'late-text', role: 'alert' });
    const actions = h('div', { class: 'actions' });
    const choose = () => {
      wrong.textContent = '';
      body.replaceChildren(h('p', { class: 'say' }, t('merge.say')), finder(app, { label: t('merge.other'), choose: (other) => { if (other.mrn === p.mrn) wrong.textContent = t('merge.same'); else look(other); } }));
      actions.replaceChildren(button(t('cancel'), () => close()));
      body.querySelector('input').focus();
    };
    async function look(other) {
      wrong.textContent = '';
      let m;
      try { m = await app.api.get(path(p.mrn, `/merge${app.api.query({ from: other.mrn })}`)); } catch (error) { wrong.textContent = said(error); return; }
      const reason = h('input', { autocomplete: 'off', autofocus: true });
      const sure = h('input', { type: 'checkbox', id: 'merge-sure' });
      const f = field(t('record.reason'), reason, t('merge.reason.hint'));
      const one = (who, text) => h('div', { class: 'merge-one' }, h('small', {}, text), h('div', { class: 'pick chosen' }, identity(who)));
      body.replaceChildren(h('div', { class: 'merge-both' }, one(m.from, t('merge.from')), one(m.into, t('merge.into'))),
        h('p', {}, t('merge.moves', { dictations: m.dictations, reports: m.reports, encounters: m.encounters, entries: m.entries })),
        m.differences.length > 0 && h('p', { class: 'notice warn-box' }, t('merge.differ', { list: m.differences.map((d) => t(`who.field.${d}`)).join(', ') })),
        m.in_the_way.length > 0 ? h('ul', { class: 'late-text' }, m.in_the_way.map((x) => h('li', {}, t(`merge.way.${x.what}`, { name: x.by ?? t('conflict.somebody') }))))
          : h('form', { id: 'merge-form', novalidate: true, onsubmit: async (e) => {
            e.preventDefault();
            wrong.textContent = '';
            f.wrong(reason.value.trim() ? '' : t('error.empty'));
            if (!reason.value.trim()) { reason.focus(); return; }
            if (m.differences.length && !sure.checked) { wrong.textContent = t('merge.sure.first'); sure.focus(); return; }
            try { close((await app.api.post(path(p.mrn, '/merge'), { from: m.from.mrn, reason: reason.value.trim(), differences: m.differences })).patient); } catch (error) {
              // Somebody changed one of the two meanwhile: what differs now is shown before it is asked again.
              if (error.reason === 'conflict' && error.more.differences) { await look(other); wrong.textContent = said(error); } else wrong.textContent = said(error);
            }
          } }, f, m.differences.length > 0 && h('label', { class: 'choice', for: 'merge-sure' }, sure, h('span', {}, t('merge.sure')))));
      actions.replaceChildren(button(t('merge.another'), choose, { cls: 'btn plain' }), button(t('cancel'), () => close()), m.in_the_way.length ? '' : h('button', { type: 'submit', form: 'merge-form', class: 'btn danger' }, t('merge.do')));
      (body.querySelector('#merge-form input') ?? actions.querySelector('button')).focus();
    }
    requestAnimationFrame(choose);
    return [body, wrong, actions];
  }, { title: t('merge.title'), wide: true });
}

/** Contact, other numbers and former records, as a part of the record; `again` reads it anew. */
export function identityPart(app, p, again) {
  const { role } = app.session.user;
  const may = role === 'physician' || role === 'secretary';
  const act = async (f) => { try { if (await f()) await again(); } catch (error) { app.notice('who', said(error), { kind: 'danger' }); } };
  const contact = [['phone', p.contact?.phone], ['email', p.contact?.email], ['address', p.contact?.address]].filter(([, v]) => v);
  return h('section', { class: 'who-part' }, h('h2', {}, t('who.title')),
    contact.length ? h('dl', { class: 'facts' }, contact.flatMap(([k, v]) => [h('dt', {}, t(`who.${k}`)), h('dd', { class: 'lines' }, v)])) : h('p', { class: 'quiet' }, t('who.contact.none')),
    (p.numbers ?? []).length > 0 && h('ul', {}, p.numbers.map((n) => h('li', {}, h('span', { class: 'num' }, `${n.issuer}: ${n.value}`), h('small', {}, format.date(n.at), n.by ? ` · ${n.by}` : '', may && button(t('record.withdraw'), () => act(async () => { await app.api.delete(path(p.mrn, `/numbers/${n.id}`)); return true; }), { cls: 'btn plain small', 'aria-label': t('record.withdraw.this', { what: `${n.issuer} ${n.value}` }) }))))),
    (p.former ?? []).map((f) => h('p', { class: 'quiet' }, t('who.former', { mrn: f.mrn, name: format.name(f), at: format.date(f.at), by: f.by }))),
    may && h('div', { class: 'row' }, button(t('who.edit'), () => act(() => editPatient(app, p)), { cls: 'btn small' }), button(t('who.number.add'), () => act(() => addNumber(app, p.mrn)), { cls: 'btn small plain' }), button(t('who.changes'), () => showChanges(app, p.mrn), { cls: 'btn small plain' }),
      role === 'secretary' && button(t('merge.title'), async () => { const left = await merge(app, p); if (left) { app.notice('who', t('merge.done', { name: format.name(left) })); await again(); } }, { cls: 'btn small plain' })));
}
