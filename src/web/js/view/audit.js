// Who did what to which record: filters, details, and whether the chain is whole.

import { h, button, empty, failure, field } from '../ui.js';
import { t, said, format } from '../i18n.js';

export async function mount(root, params, app) {
  const { api } = app;
  const user = h('input', { value: params.user ?? '', autocomplete: 'off', spellcheck: false });
  const action = h('input', { value: params.action ?? '', placeholder: t('audit.action.hint'), autocomplete: 'off', spellcheck: false });
  const subject = h('input', { value: params.subject ?? '', placeholder: t('audit.subject.hint'), autocomplete: 'off', spellcheck: false });
  const since = h('input', { type: 'date', value: params.since ?? '' });
  const until = h('input', { type: 'date', value: params.until ?? '' });
  const midnight = (day, later) => { if (!day) return undefined; const d = new Date(`${day}T00:00`); d.setDate(d.getDate() + later); return d.toISOString(); };
  const outcome = h('select', {}, ['', 'done', 'refused'].map((v) => h('option', { value: v, selected: v === (params.outcome ?? '') }, t(`audit.outcome.${v || 'all'}`))));
  const state = h('p', { class: 'row', role: 'status' });
  const list = h('div', {});
  let turn = 0;
  app.bar(h('h1', {}, t('page.audit')), h('span', { class: 'push' }), button(t('audit.check'), check, { iconName: 'shield' }));
  root.replaceChildren(h('div', { class: 'page admin' },
    h('form', { class: 'filters', onsubmit: (e) => { e.preventDefault(); load(); } }, field(t('audit.user'), user), field(t('audit.action'), action), field(t('audit.subject'), subject), field(t('audit.outcome'), outcome), field(t('audit.since'), since), field(t('audit.until'), until), h('button', { type: 'submit', class: 'btn' }, t('audit.filter'))),
    state, list));

  async function check() {
    state.replaceChildren(t('audit.checking'));
    try {
      const c = await api.get('/audit/check');
      state.replaceChildren(...(c.ok
        ? [h('span', { class: 'chip good' }, t('audit.whole')), h('span', {}, t('audit.rows', { n: c.rows })), c.head && h('span', { class: 'secret' }, c.head)].filter(Boolean)
        : [h('span', { class: 'chip danger' }, t('audit.broken')), h('span', {}, t('audit.broken.say', { seq: c.broken_at }), ' ', c.message ?? '')]));
    } catch (error) { state.replaceChildren(h('span', { class: 'late-text' }, said(error))); }
  }
  const nothing = (v) => v === null || v === undefined || v === '' || (Array.isArray(v) && !v.length);
  const written = (v) => (Array.isArray(v) && v.every((x) => typeof x !== 'object') ? v.join('\n  ') : typeof v === 'object' ? JSON.stringify(v) : v);
  const details = (d) => (nothing(d) ? '' : typeof d !== 'object' ? String(d) : Object.entries(d).filter(([, v]) => !nothing(v)).map(([k, v]) => `${k.replaceAll('_', ' ')}: ${written(v)}`).join('\n'));
  const row = (r) => h('tr', {}, h('td', {}, r.seq), h('td', {}, format.at(r.at)), h('td', {}, r.who, r.via && h('small', {}, ` ${r.via}`)), h('td', {}, String(r.action).replaceAll('_', ' ')), h('td', { class: 'wrap' }, h('small', {}, `${r.subject.kind.replaceAll('_', ' ')} `, r.subject.name ?? r.subject.mrn ?? r.subject.id)), h('td', {}, h('span', { class: r.outcome === 'refused' ? 'chip danger' : 'chip' }, t(`audit.outcome.${r.outcome}`))), h('td', { class: 'wrap audit-details' }, details(r.details)));
  async function load(cursor) {
    const mine = (turn += 1);
    const filter = { user: user.value.trim(), action: action.value.trim().replaceAll(' ', '_'), subject: subject.value.trim(), outcome: outcome.value };
    history.replaceState(null, '', `#/audit${api.query({ ...filter, since: since.value, until: until.value })}`);
    filter.since = midnight(since.value, 0);
    filter.until = midnight(until.value, 1);
    try {
      const { items, next } = await api.get(`/audit${api.query({ ...filter, limit: 100, cursor })}`);
      if (mine !== turn) return;
      const more = next && button(t('audit.more'), () => load(next), { cls: 'btn' });
      if (cursor) { list.querySelector('tbody').append(...items.map(row)); list.querySelector('.more')?.replaceChildren(...[more].filter(Boolean)); return; }
      list.replaceChildren(...(items.length ? [h('div', { class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': t('page.audit') }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['seq', 'at', 'who', 'what', 'subject', 'outcome', 'details'].map((k) => h('th', { scope: 'col' }, t(`audit.col.${k}`))))), h('tbody', {}, items.map(row)))), h('p', { class: 'more row' }, more)] : [empty(t('audit.none'), t('audit.none.say'))]));
    } catch (error) { if (mine === turn) list.replaceChildren(failure(error, () => load())); }
  }
  await load();
  user.focus();
  return () => { turn += 1; };
}
