// How the practice works: until when a document is due, who is in which pool, how long sound is kept and whose is held.

import { h, button, dialog, empty, failure, field, prompt } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { reads } from '../model/minutes.js';

const PRIORITIES = ['stat', 'urgent', 'routine'];
/** Minutes as 30 min, 4 h, 2 days. */
export const spoken = (minutes) => (minutes % 1440 === 0 ? t('due.days', { n: minutes / 1440 }) : minutes % 60 === 0 ? t('due.h', { n: minutes / 60 }) : t('due.min', { n: minutes }));

export async function mount(root, params, app) {
  const { api } = app;
  const parts = { due: h('section'), pools: h('section'), retention: h('section'), holds: h('section') };
  for (const [k, e] of Object.entries(parts)) e.setAttribute('aria-label', t(`settings.${k}`));
  root.replaceChildren(h('div', { class: 'page admin' }, Object.values(parts)));
  app.bar(h('h1', {}, t('page.settings')));
  const head = (k, action) => h('h2', {}, t(`settings.${k}`), h('small', {}, t(`settings.${k}.say`)), action && h('span', { class: 'push' }, action));
  const part = async (k, draw) => { try { parts[k].replaceChildren(...[await draw()].flat().filter(Boolean)); } catch (error) { parts[k].replaceChildren(head(k), failure(error, () => part(k, draw))); } };
  const act = async (f, then) => { try { await f(); app.notice('settings'); } catch (error) { app.notice('settings', said(error), { kind: 'danger' }); } await then(); };
  const table = (name, cols, rows) => h('div', { class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': name }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, cols.map((k) => h('th', { scope: 'col' }, t(k))))), h('tbody', {}, rows)));

  // ---- due times
  const kindName = (k) => (k === 'default' ? t('settings.kind.default') : k === 'dictation' ? t('settings.kind.dictation') : format.kind(k));
  const dueTimes = () => part('due', async () => {
    const { items } = await api.get('/due-times');
    return [head('due'), table(t('settings.due'), ['settings.col.kind', ...PRIORITIES.map((p) => `priority.${p}`), 'settings.col.do'], items.map((x) => h('tr', {}, h('th', { scope: 'row' }, kindName(x.kind)), PRIORITIES.map((p) => h('td', { class: x.kind !== 'default' && x.own[p] === null ? 'quiet' : null }, spoken(x[p]), x.kind !== 'default' && x.own[p] === null && h('small', {}, ` ${t('settings.as_default')}`))), h('td', {}, button(t('settings.change'), () => change(x), { cls: 'btn small', 'aria-label': t('settings.change.about', { what: kindName(x.kind) }) })))))];
  });
  async function change(x) {
    const done = await dialog((close) => {
      const inputs = Object.fromEntries(PRIORITIES.map((p) => [p, h('input', { inputmode: 'numeric', autocomplete: 'off', value: x.own[p] ?? '', placeholder: x.kind === 'default' ? '' : t('settings.as_default'), autofocus: p === 'stat' })]));
      const fields = PRIORITIES.map((p) => field(t(`priority.${p}`), inputs[p], t('settings.minutes')));
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        wrong.textContent = '';
        const read = PRIORITIES.map((p) => reads(inputs[p].value, x.kind === 'default'));
        fields.forEach((f, i) => f.wrong(read[i] === undefined ? t('settings.minutes.wrong') : ''));
        const bad = read.indexOf(undefined);
        if (bad >= 0) { fields[bad].input.focus(); return; }
        try { await api.put(`/due-times/${encodeURIComponent(x.kind)}`, Object.fromEntries(PRIORITIES.map((p, i) => [p, read[i]]))); close(true); } catch (error) { wrong.textContent = said(error); }
      } }, h('p', { class: 'say' }, t(x.kind === 'default' ? 'settings.change.default' : 'settings.change.say')), h('div', { class: 'fields' }, fields), wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('save'))));
    }, { title: t('settings.change.title', { what: kindName(x.kind) }) });
    if (done) await dueTimes();
  }

  // ---- pools
  let secretaries = [];
  const pools = () => part('pools', async () => {
    const [{ items }, people] = await Promise.all([api.get('/pools'), api.get('/users')]);
    secretaries = people.items.filter((u) => u.role === 'secretary' && !u.closed);
    const member = (pool, m) => h('span', { class: 'chip member' }, m.name, h('button', { type: 'button', class: 'chip-x', 'aria-label': t('settings.pool.remove', { name: m.name, pool: pool.name }), onclick: () => act(() => api.delete(`/pools/${encodeURIComponent(pool.name)}/members/${encodeURIComponent(m.username)}`), pools) }, '×'));
    return [head('pools', button(t('settings.pool.add'), () => join(null, items), { cls: 'btn small' })), items.length
      ? table(t('settings.pools'), ['settings.col.pool', 'settings.col.members', 'settings.col.waits', 'settings.col.do'], items.map((x) => h('tr', {}, h('th', { scope: 'row' }, x.name), h('td', { class: 'wrap' }, h('div', { class: 'members' }, x.members.map((m) => member(x, m)))), h('td', {}, format.number(x.waiting)), h('td', {}, button(t('settings.pool.join'), () => join(x, items), { cls: 'btn small', 'aria-label': t('settings.pool.join.about', { pool: x.name }) })))))
      : empty(t('settings.pool.none'), t('settings.pool.none.say'))];
  });
  async function join(pool, all) {
    const free = secretaries.filter((u) => !pool?.members.some((m) => m.username === u.username));
    if (!free.length) { app.notice('settings', t(pool ? 'settings.pool.everybody' : 'settings.pool.nobody')); return; }
    const done = await dialog((close) => {
      const name = h('input', { autocomplete: 'off', autofocus: !pool, value: pool?.name ?? '' });
      const who = h('select', { autofocus: Boolean(pool) }, free.map((u) => h('option', { value: u.username }, u.name)));
      const f = field(t('settings.pool.name'), name, t('settings.pool.name.hint'));
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        const to = name.value.trim();
        f.wrong(!to ? t('error.empty') : !pool && all.some((x) => x.name === to) ? t('settings.pool.taken') : '');
        if (f.input.getAttribute('aria-invalid')) { name.focus(); return; }
        try { await api.put(`/pools/${encodeURIComponent(to)}/members/${encodeURIComponent(who.value)}`, {}); close(true); } catch (error) { wrong.textContent = said(error); }
      } }, !pool && f, field(t('settings.pool.member'), who), wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t(pool ? 'settings.pool.join' : 'settings.pool.add'))));
    }, { title: pool ? t('settings.pool.join.about', { pool: pool.name }) : t('settings.pool.add') });
    if (done) await pools();
  }

  // ---- retention and holds
  const retention = () => part('retention', async () => {
    const r = await api.get('/retention');
    return [head('retention'), h('div', { class: 'panel' }, r.audio_days === null
      ? h('p', {}, t('settings.retention.for_ever'))
      : [h('p', {}, t('settings.retention.days', { n: r.audio_days })), h('p', {}, r.due ? t('settings.retention.due', { n: r.due, size: t('upload.mb', { n: format.number(r.due_bytes / 1048576, 1) }) }) : t('settings.retention.none_due'), r.held ? ` ${t('settings.retention.held', { n: r.held })}` : '')],
    h('p', { class: 'quiet' }, t('settings.retention.where')))];
  });
  const holds = () => part('holds', async () => {
    const { items } = await api.get('/holds');
    return [head('holds', button(t('settings.hold.place'), place, { cls: 'btn small' })), items.length
      ? table(t('settings.holds'), ['settings.col.mrn', 'settings.col.reason', 'settings.col.placed', 'settings.col.state', 'settings.col.do'], items.map((x) => h('tr', {}, h('th', { scope: 'row' }, x.mrn), h('td', { class: 'wrap' }, x.reason), h('td', {}, h('small', {}, `${x.placed_by}, ${format.at(x.placed_at)}`)), h('td', {}, x.lifted_at ? h('span', { class: 'chip' }, t('settings.hold.lifted', { at: format.at(x.lifted_at) })) : h('span', { class: 'chip warn' }, t('settings.hold.on'))), h('td', {}, !x.lifted_at && button(t('settings.hold.lift'), () => lift(x), { cls: 'btn small plain', 'aria-label': t('settings.hold.lift.about', { mrn: x.mrn }) })))))
      : empty(t('settings.hold.none'), t('settings.hold.none.say'))];
  });
  async function place() {
    const done = await dialog((close) => {
      const mrn = h('input', { autocomplete: 'off', spellcheck: false, autofocus: true }), reason = h('input', { autocomplete: 'off' });
      const fields = [field(t('pick.mrn'), mrn), field(t('settings.col.reason'), reason, t('settings.hold.reason.hint'))];
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        for (const f of fields) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
        const first = fields.find((f) => !f.input.value.trim());
        if (first) { first.input.focus(); return; }
        try { await api.put(`/patients/${encodeURIComponent(mrn.value.trim())}/hold`, { reason: reason.value.trim() }); close(true); } catch (error) { wrong.textContent = said(error); }
      } }, h('p', { class: 'say' }, t('settings.hold.say')), fields, wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('settings.hold.place'))));
    }, { title: t('settings.hold.place') });
    if (done) await Promise.all([holds(), retention()]);
  }
  async function lift(x) {
    const reason = await prompt(t('settings.hold.lift.about', { mrn: x.mrn }), { say: t('settings.hold.lift.say'), label: t('settings.col.reason'), yes: t('settings.hold.lift') });
    if (reason) await act(() => api.post(`/patients/${encodeURIComponent(x.mrn)}/hold/lift`, { reason }), () => Promise.all([holds(), retention()]));
  }

  await Promise.all([dueTimes(), pools(), retention(), holds()]);
  return () => {};
}
