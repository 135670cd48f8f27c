// One's own password and second factor.

import { h, button, dialog, field } from '../ui.js';
import { t, said } from '../i18n.js';

export function mount(root, params, app) {
  const { api, session } = app;
  app.bar(h('h1', {}, t('page.account')));
  const old = h('input', { type: 'password', autocomplete: 'current-password' });
  const fresh = h('input', { type: 'password', autocomplete: 'new-password' });
  const again = h('input', { type: 'password', autocomplete: 'new-password' });
  const fields = { old: field(t('own.old'), old), fresh: field(t('own.new'), fresh, t('own.new.hint')), again: field(t('own.again'), again) };
  const done = h('p', { role: 'status', class: 'quiet' });
  const form = h('form', { novalidate: true, onsubmit: async (e) => {
    e.preventDefault();
    done.textContent = '';
    fields.old.wrong(old.value ? '' : t('error.empty'));
    fields.fresh.wrong(fresh.value ? '' : t('error.empty'));
    fields.again.wrong(fresh.value === again.value ? '' : t('own.differ'));
    const first = Object.values(fields).find((f) => f.input.getAttribute('aria-invalid'));
    if (first) { first.input.focus(); return; }
    try {
      await api.post('/account/password', { old: old.value, new: fresh.value }, { quiet: true });
      for (const i of [old, fresh, again]) i.value = '';
      session.password_due = false;
      app.session.password_due = false;
      app.notice('due');
      done.textContent = t('own.changed');
    } catch (error) { (error.reason === 'wrong' ? fields.old : fields.fresh).wrong(said(error)); }
  } }, h('input', { hidden: true, autocomplete: 'username', value: session.user.username }), fields.old, fields.fresh, fields.again, h('button', { type: 'submit', class: 'btn primary' }, t('own.change')), done);

  const factor = h('section', { 'aria-label': t('own.factor') });
  const drawFactor = () => factor.replaceChildren(h('h2', {}, t('own.factor')), app.session.second_factor
    ? h('p', {}, h('span', { class: 'chip good' }, t('own.factor.on')), ' ', h('span', { class: 'quiet' }, t('own.factor.on.say')))
    : h('div', {}, h('p', { class: 'quiet' }, t('own.factor.say')), h('p', { class: 'row spaced' }, button(t('own.factor.set'), enrol))));
  async function enrol() {
    let enrolment;
    try { enrolment = await api.post('/account/second-factor'); } catch (error) {
      if (error.reason === 'not_proven' && await app.prove()) { enrol(); return; }
      app.notice('factor', said(error), { kind: 'danger' });
      return;
    }
    const ok = await dialog((close) => {
      const code = h('input', { inputmode: 'numeric', autocomplete: 'one-time-code', autofocus: true, maxlength: 8 });
      const f = field(t('own.factor.code'), code, t('login.code.hint'));
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        try { await api.post('/account/second-factor/confirm', { code: code.value.trim() }, { quiet: true }); close(true); } catch (error) { f.wrong(error.reason === 'wrong' ? t('own.factor.wrong') : said(error)); code.select(); }
      } }, h('p', { class: 'say' }, t('own.factor.how')), h('p', { class: 'secret', tabindex: '0' }, enrolment.secret.replace(/(.{4})(?=.)/g, '$1 ')), h('p', { class: 'row spaced' }, h('a', { class: 'btn small', href: enrolment.uri }, t('own.factor.open'))), f,
      h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('own.factor.confirm'))));
    }, { title: t('own.factor.set') });
    if (!ok) return;
    app.session.second_factor = true;
    app.notice('factor');
    drawFactor();
  }
  drawFactor();
  if (session.password_due) app.notice('due', t('own.due'));
  root.replaceChildren(h('div', { class: 'page narrow admin' }, h('section', { 'aria-label': t('own.who') }, h('h2', {}, t('own.who')), h('dl', { class: 'facts' }, h('dt', {}, t('users.name')), h('dd', {}, session.user.name), h('dt', {}, t('users.username')), h('dd', {}, session.user.username), h('dt', {}, t('users.role')), h('dd', {}, t(`role.${session.user.role}`)))),
    app.practice?.demonstration ? h('p', { class: 'quiet' }, t('own.demonstration')) : [h('section', { 'aria-label': t('own.password') }, h('h2', {}, t('own.password')), form), factor]));
  return () => {};
}
