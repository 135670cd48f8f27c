// The first steps of a role, on its first page until they are put away; the account menu brings them back.

import { h, button } from './ui.js';
import { t, has } from './i18n.js';
import { key } from './keys.js';
import { label } from './model/keys.js';

const STEPS = {
  physician: [['#/home', {}], ['#/dictate', { record: ['dictate', 'record'], text: ['dictate', 'template'] }], [null, { send: ['dictate', 'send'], sign: ['dictate', 'sign'] }], ['#/work', {}]],
  secretary: [['#/work', { next: ['list', 'next'] }], [null, { play: ['review', 'play'], flag: ['review', 'next_flag'] }], [null, { ask: ['review', 'ask'], finish: ['review', 'finish'] }], ['#/inbox', {}]],
  administrator: [['#/users', {}], ['#/system', {}], ['#/settings', {}]],
  auditor: [['#/audit', {}]],
};
const name = (user) => `osler.guide.${user.username}`;
const away = (user) => { try { return localStorage.getItem(name(user)) === 'away'; } catch { return false; } };

/** Brings the first steps back for this user. */
export function showGuide(user) { try { localStorage.removeItem(name(user)); } catch { /* private window: they are there anyway */ } }

/** The first steps as an element; null where they were put away. */
export function guide(app) {
  const { user } = app.session;
  const steps = STEPS[user.role];
  if (!steps || away(user)) return null;
  const chords = (of) => Object.fromEntries(Object.entries(of).map(([k, [scope, command]]) => [k, label(key(scope, command))]));
  const e = h('section', { class: 'guide', 'aria-label': t('guide.title') }, h('header', {}, h('h2', {}, t('guide.title')), h('small', {}, t('guide.again')), button(t('guide.away'), () => { try { localStorage.setItem(name(user), 'away'); } catch { /* private window: it comes back */ } e.remove(); document.getElementById('main').focus(); }, { cls: 'btn small push' })),
    h('ol', {}, steps.map(([href, of], i) => { const k = `guide.${user.role}.${i + 1}`; return h('li', {}, h('b', {}, t(`${k}.do`)), h('span', {}, t(k, { ...chords(of), help: label(key('all', 'help')) })), href && has(`${k}.go`) && h('a', { href }, t(`${k}.go`))); })));
  return e;
}
