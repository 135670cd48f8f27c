// Log-in: a password and, where there is one, a second factor; in a demonstration one click. A practice without a person
// yet is told how to make the first.

import { api } from '../api.js';
import { h, button, field } from '../ui.js';
import { t, said, language, setLanguage, tables } from '../i18n.js';

const initials = (name) => name.replace(/^(Dr|Prof)\.?\s+/i, '').split(/\s+/).map((p) => p[0]).slice(0, 2).join('').toUpperCase();

export function mount(root, params, app) {
  const { practice } = app;
  const user = h('input', { autocomplete: 'username', autocapitalize: 'none', spellcheck: false, autofocus: true });
  const pass = h('input', { type: 'password', autocomplete: 'current-password' });
  const code = h('input', { inputmode: 'numeric', autocomplete: 'one-time-code' });
  const userField = field(t('login.user'), user);
  const passField = field(t('login.password'), pass);
  const codeField = field(t('login.code'), code, t('login.code.hint'));
  codeField.hidden = true;
  const submit = h('button', { type: 'submit', class: 'btn primary' }, t('login.title'));
  const problem = h('p', { class: 'wrong late-text', role: 'alert' });

  const enter = async (body, at) => {
    submit.disabled = true;
    problem.textContent = '';
    passField.wrong('');
    codeField.wrong('');
    try {
      app.entered(await api.post('/session', body, { quiet: true }));
    } catch (error) {
      if (error.reason === 'code_needed') {
        codeField.hidden = false;
        if (code.value) codeField.wrong(said(error));
        code.focus();
      } else if (error.reason === 'wrong') {
        passField.wrong(t('login.wrong'));
        pass.select();
      } else problem.textContent = said(error);
      at?.focus();
    } finally { submit.disabled = false; }
  };

  const form = h('form', { novalidate: true, onsubmit: (e) => {
    e.preventDefault();
    userField.wrong(user.value.trim() ? '' : t('login.user.missing'));
    if (!user.value.trim()) { user.focus(); return; }
    enter({ username: user.value.trim(), password: pass.value, code: codeField.hidden ? undefined : code.value.trim() });
  } }, userField, passField, codeField, problem, submit);

  const choose = practice.demonstration && practice.people?.length > 0 && h('section', { 'aria-label': t('login.demo.title') },
    h('h1', {}, t('login.demo.title')), h('p', { class: 'quiet' }, t('login.demo.say')),
    h('ul', { class: 'people' }, practice.people.map((p) => h('li', {}, h('button', { type: 'button', onclick: (e) => enter({ username: p.username, demonstration: true }, e.currentTarget) },
      h('span', { class: 'initials', 'aria-hidden': 'true' }, initials(p.name)), h('span', {}, p.name, h('small', {}, t(`role.${p.role}`), ' · ', t(`role.${p.role}.does`))))))), problem);

  const first = practice.needs_setup && h('section', {}, h('h1', {}, t('login.setup.title')), h('p', { class: 'quiet' }, t('login.setup.say')), h('p', {}, h('code', {}, 'osler admin init')), h('p', { class: 'quiet' }, t('login.setup.then')), button(t('again'), () => location.reload()));

  root.replaceChildren(h('main', { class: 'login', id: 'main', tabindex: '-1' }, h('div', { class: 'in' },
    h('div', { class: 'mark' }, h('img', { src: 'icon.svg', alt: '' }), 'Osler'),
    first || choose || [h('h1', {}, practice.name || t('login.title')), h('p', { class: 'quiet' }, t('login.say')), form],
    h('p', { class: 'row', style: { marginTop: '32px' } }, h('small', {}, t('login.local', { version: practice.version })),
      ...Object.keys(tables).filter((l) => l !== language).map((l) => button(tables[l].language, () => { setLanguage(l); mount(root, params, app); }, { cls: 'btn plain small push', lang: l }))))));
  (root.querySelector('[autofocus]') ?? root.querySelector('.people button, button'))?.focus();
  return () => {};
}
