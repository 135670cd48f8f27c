// People and programs that may log in: add, close, new password, second factor; tokens for other programs.

import { h, button, confirm, dialog, empty, failure, field } from '../ui.js';
import { t, said, format } from '../i18n.js';

const ROLES = ['physician', 'secretary', 'administrator', 'auditor'];
const SCOPES = ['patients:read', 'patients:write', 'dictations:write', 'reports:read', 'worklist:read'];

/** A user name made of a name. */
const login = (name) => name.normalize('NFD').replace(/[^A-Za-z0-9\s.-]/g, '').trim().toLowerCase().replace(/[\s.]+/g, '.').slice(0, 32);

/** What is shown once and never again: a one-time password, a token. */
const once = (title, say, secret) => dialog((close) => {
  const line = h('p', { class: 'secret', tabindex: '0' }, secret);
  const copied = h('small', { role: 'status' });
  return [h('p', { class: 'say' }, say), line, copied, h('div', { class: 'actions' },
    navigator.clipboard && button(t('users.copy'), async () => { try { await navigator.clipboard.writeText(secret); copied.textContent = t('users.copied'); } catch { copied.textContent = t('users.copy.by_hand'); } }),
    button(t('users.noted'), () => close(), { cls: 'btn primary' }))];
}, { title, must: true });

export async function mount(root, params, app) {
  const { api } = app;
  const page = h('div', { class: 'page admin' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.users')), h('span', { class: 'push' }), button(t('users.service.add'), addService), button(t('users.add'), add, { cls: 'btn primary' }));

  async function load() {
    let users = [], services = [];
    try {
      users = (await api.get('/users')).items.filter((u) => u.role !== 'service');
    } catch (error) { page.replaceChildren(failure(error, load)); return; }
    let hidden = null;
    try { services = (await api.get('/services')).items; } catch (error) { hidden = error; }
    page.replaceChildren(
      h('section', { 'aria-label': t('users.people') }, h('h2', {}, t('users.people')), h('div', { class: 'scroll-x' }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['name', 'username', 'role', 'state', 'do'].map((k) => h('th', { scope: 'col' }, t(`users.col.${k}`))))),
        h('tbody', {}, users.map(row))))),
      h('section', { 'aria-label': t('users.services') }, h('h2', {}, t('users.services')), hidden ? h('p', { class: 'quiet' }, said(hidden)) : services.length ? h('div', { class: 'scroll-x' }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['name', 'username', 'scopes', 'state', 'do'].map((k) => h('th', { scope: 'col' }, t(`users.col.${k}`))))), h('tbody', {}, services.map(service)))) : empty(t('users.services.none'), t('users.services.none.say'))));
  }
  const row = (u) => {
    const me = u.username === app.session.user.username;
    const name = u.name;
    return h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, u.username), h('td', {}, t(`role.${u.role}`)),
      h('td', {}, h('div', { class: 'row' }, u.closed ? h('span', { class: 'chip danger' }, t('users.closed')) : h('span', { class: 'chip good' }, t('users.open')), u.password_due && h('span', { class: 'chip warn' }, t('users.password_due')), u.second_factor && h('span', { class: 'chip' }, t('users.second_factor')), u.last_seen_at && h('small', {}, t('users.seen', { at: format.at(u.last_seen_at) })))),
      h('td', {}, me ? h('span', { class: 'quiet' }, t('users.yourself')) : h('div', { class: 'row' },
        !u.closed && button(t('users.reset'), () => reset(u), { cls: 'btn small', 'aria-label': t('users.about', { what: t('users.reset'), name }) }),
        u.second_factor && button(t('users.remove_factor'), () => act(u, 'remove-second-factor', t('users.remove_factor'), t('users.remove_factor.say', { name })), { cls: 'btn small plain', 'aria-label': t('users.about', { what: t('users.remove_factor'), name }) }),
        u.closed ? button(t('users.reopen'), () => act(u, 'reopen'), { cls: 'btn small', 'aria-label': t('users.about', { what: t('users.reopen'), name }) }) : button(t('users.close'), () => act(u, 'close', t('users.close'), t('users.close.say', { name })), { cls: 'btn small plain', 'aria-label': t('users.about', { what: t('users.close'), name }) }))));
  };
  const service = (s) => h('tr', {}, h('th', { scope: 'row' }, s.name), h('td', {}, s.username), h('td', { class: 'wrap' }, [...new Set(s.tokens.flatMap((k) => k.scopes))].map((x) => t(`users.scope.${x}`)).join(', ')), h('td', {}, s.tokens.length ? h('span', { class: 'chip good' }, t('users.tokens', { n: s.tokens.length })) : h('span', { class: 'chip danger' }, t('users.closed'))),
    h('td', {}, s.tokens.length > 0 && button(t('users.revoke'), async () => { if (!(await confirm(t('users.revoke'), t('users.revoke.say', { name: s.name }), { yes: t('users.revoke'), danger: true }))) return; await run(() => api.delete(`/services/${encodeURIComponent(s.username)}`)); }, { cls: 'btn small plain', 'aria-label': t('users.about', { what: t('users.revoke'), name: s.name }) })));

  const run = async (f) => { try { const out = await f(); app.notice('users'); await load(); return out ?? true; } catch (error) { app.notice('users', said(error), { kind: 'danger' }); return null; } };
  const act = async (u, what, title, say) => { if (title && !(await confirm(title, say, { yes: title, danger: true }))) return; await run(() => api.post(`/users/${encodeURIComponent(u.username)}/${what}`)); };
  async function reset(u) {
    if (!(await confirm(t('users.reset'), t('users.reset.say', { name: u.name }), { yes: t('users.reset') }))) return;
    const out = await run(() => api.post(`/users/${encodeURIComponent(u.username)}/reset-password`));
    if (out?.password) await once(t('users.password'), t('users.password.say', { name: u.name }), out.password);
  }
  async function add() {
    const out = await dialog((close) => {
      const name = h('input', { autocomplete: 'off', autofocus: true }), username = h('input', { autocomplete: 'off', autocapitalize: 'none', spellcheck: false });
      const role = h('select', {}, ROLES.map((r) => h('option', { value: r }, `${t(`role.${r}`)}: ${t(`role.${r}.does`)}`)));
      const fields = [field(t('users.name'), name, t('users.name.hint')), field(t('users.username'), username, t('users.username.hint'))];
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      const key = api.key();
      name.addEventListener('change', () => { if (!username.value) username.value = login(name.value); });
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        for (const f of fields) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
        const first = fields.find((f) => !f.input.value.trim());
        if (first) { first.input.focus(); return; }
        try { close({ name: name.value.trim(), ...(await api.post('/users', { username: username.value.trim(), name: name.value.trim(), role: role.value }, { key })) }); } catch (error) { wrong.textContent = said(error); }
      } }, fields, field(t('users.role'), role), wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('users.add'))));
    }, { title: t('users.add') });
    if (!out) return;
    await load();
    if (out.password) await once(t('users.password'), t('users.password.say', { name: out.name }), out.password);
  }
  async function addService() {
    const out = await dialog((close) => {
      const name = h('input', { autocomplete: 'off', autofocus: true });
      const f = field(t('users.service.name'), name, t('users.service.hint'));
      const boxes = SCOPES.map((s) => h('label', { class: 'choice' }, h('input', { type: 'checkbox', name: 'scope', value: s }), h('span', {}, t(`users.scope.${s}`))));
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      const key = api.key();
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        const scopes = new FormData(e.target).getAll('scope');
        f.wrong(name.value.trim() ? '' : t('error.empty'));
        if (!name.value.trim()) { name.focus(); return; }
        if (!scopes.length) { wrong.textContent = t('users.service.no_scope'); return; }
        try { close({ name: name.value.trim(), ...(await api.post('/services', { username: login(name.value), name: name.value.trim(), scopes }, { key })) }); } catch (error) { wrong.textContent = said(error); }
      } }, f, h('fieldset', { class: 'choices column' }, h('legend', {}, t('users.service.scopes')), boxes), wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('users.service.add'))));
    }, { title: t('users.service.add') });
    if (!out) return;
    await load();
    if (out.token) await once(t('users.token'), t('users.token.say', { name: out.name }), out.token);
  }
  await load();
  return () => {};
}
