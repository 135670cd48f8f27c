// The shell: who is logged in, which page is shown, what is always there. A page is a module js/view/NAME.js that exports
// mount(root, params, app) and gives (a promise of) a function that takes it down.

import { api, events, onExpired, Problem } from './api.js';
import { h, icon, button, dialog, failure, field, menu, speak } from './ui.js';
import { t, said, language, setLanguage, tables } from './i18n.js';
import { bind, key, showKeys } from './keys.js';
import { label } from './model/keys.js';
import { guide, showGuide } from './guide.js';
import { mount as login } from './view/login.js';

/** Every page: its address after #, its module, who has it in the rail (roles) and with which sign. */
export const ROUTES = [
  { path: '/home', view: 'home', rail: ['physician'], icon: 'home' },
  { path: '/work', view: 'worklist', rail: ['secretary', 'physician'], icon: 'list' },
  { path: '/review/:id', view: 'review', under: '/work' },
  { path: '/dictate', view: 'dictate', rail: ['physician'], icon: 'mic' },
  { path: '/uploads', view: 'uploads', rail: ['physician', 'secretary'], icon: 'up' },
  { path: '/sign/:id', view: 'sign', under: '/home' },
  { path: '/patients', view: 'patients', rail: ['physician', 'secretary'], icon: 'people' },
  { path: '/patient/:mrn', view: 'patient', under: '/patients' },
  { path: '/search', view: 'search', rail: ['physician', 'secretary'], icon: 'search' },
  { path: '/dictionary', view: 'dictionary', rail: ['physician', 'secretary', 'administrator'], icon: 'book' },
  { path: '/templates', view: 'templates', under: '/dictionary' },
  { path: '/learned', view: 'learned', under: '/dictionary' },
  { path: '/inbox', view: 'inbox', rail: ['physician', 'secretary'], icon: 'inbox' },
  { path: '/queue', view: 'queue', rail: ['secretary', 'administrator'], icon: 'queue' },
  { path: '/users', view: 'users', rail: ['administrator'], icon: 'person' },
  { path: '/settings', view: 'settings', rail: ['administrator'], icon: 'clock' },
  { path: '/system', view: 'system', rail: ['secretary', 'physician', 'administrator'], icon: 'gear' },
  { path: '/audit', view: 'audit', rail: ['auditor'], icon: 'shield' },
  { path: '/account', view: 'account' },
];
const START = { physician: '/home', secretary: '/work', administrator: '/users', auditor: '/audit' };

const root = document.getElementById('app');
const app = {
  api, t, session: null, practice: null, counts: {},
  /** Goes to an address such as '/review/1'. */
  go: (path) => { if (location.hash === `#${path}`) route(); else location.hash = path; },
  start: () => (app.session?.password_due ? '/account' : START[app.session?.user.role] ?? '/account'),
  /** What the page is called, in the bar of the browser and for a screen reader. */
  title: (text) => { document.title = [text, app.practice?.name, 'Osler'].filter(Boolean).join(' · '); },
  /** Puts elements into the bar on top; the page's own head. */
  bar: (...children) => { bar.replaceChildren(...children.flat().filter(Boolean)); bar.hidden = !bar.childNodes.length; },
  /** Puts an element below (the sound), or takes it away. */
  dock: (...children) => { dock.replaceChildren(...children.filter(Boolean)); dock.hidden = !dock.childNodes.length; },
  /** A line under the bar that stays until it is taken away: notice('id', 'text', {kind, action}); notice('id') takes it away. */
  notice: (name, text, { kind = '', action } = {}) => {
    notices.querySelector(`[data-name="${CSS.escape(name)}"]`)?.remove();
    if (text) { notices.append(h('div', { class: `notice ${kind}`, role: kind === 'danger' ? 'alert' : 'status', dataset: { name } }, h('span', {}, text), action)); }
  },
  /** Whether the page may be left; a page with unsaved work sets it: async () => true. */
  mayLeave: null,
  /** Whether somebody is here though no key is pressed (sound plays, somebody dictates); a page sets it: () => true. */
  busy: null,
  /** Milliseconds since somebody did something. */
  idle: () => { if (app.busy?.()) lastInput = Date.now(); return Date.now() - lastInput; },
  speak,
  /** Listens to what the service tells: on((name, data) => ...); gives a function that ends it. */
  on: (f) => { listeners.add(f); return () => listeners.delete(f); },
  /** Asks for password (and code) again, for what needs it; true when proven. */
  prove: () => proof(),
  logOut,
};
const listeners = new Set();

const rail = h('nav', { class: 'rail' });
const bar = h('header', { class: 'bar', hidden: true });
const notices = h('div', { class: 'notices' });
const main = h('main', { class: 'main', id: 'main', tabindex: '-1' });
const dock = h('footer', { class: 'dock', hidden: true });
const top = h('div', { class: 'top' }, bar, notices);

function drawRail() {
  rail.setAttribute('aria-label', t('rail'));
  const role = app.session.user.role;
  const here = location.hash.slice(1).split('?')[0];
  const at = ROUTES.find((r) => match(r, here));
  rail.replaceChildren(
    ...ROUTES.filter((r) => r.rail?.includes(role)).map((r) => h('a', { href: `#${r.path}`, title: t(`page.${r.view}`), 'aria-label': t(`page.${r.view}`), 'aria-current': (at === r || at?.under === r.path) && 'page' }, icon(r.icon))),
    h('button', { type: 'button', class: 'end', title: `${t('keys.title')} (${label(key('all', 'help'))})`, 'aria-label': t('keys.title'), onclick: showKeys }, icon('keys')),
    h('button', { type: 'button', title: app.session.user.name, 'aria-label': t('account.menu', { name: app.session.user.name }), 'aria-haspopup': 'menu', 'aria-expanded': 'false', onclick: (e) => menu(e.currentTarget, [
      { text: t('page.account'), run: () => app.go('/account') },
      ...Object.keys(tables).filter((l) => l !== language).map((l) => ({ text: tables[l].language, run: () => { setLanguage(l); drawRail(); route(); } })),
      { text: t(`scheme.${document.documentElement.dataset.scheme ?? 'auto'}`), run: nextScheme },
      { text: t('guide.title'), run: () => { showGuide(app.session.user); app.go(app.start()); } },
      null, { text: t('log_out'), run: logOut },
    ]) }, icon('person')));
}

const SCHEMES = [undefined, 'light', 'dark'];
function setScheme(scheme) {
  if (scheme) document.documentElement.dataset.scheme = scheme; else delete document.documentElement.dataset.scheme;
  try { if (scheme) localStorage.setItem('osler.scheme', scheme); else localStorage.removeItem('osler.scheme'); } catch { /* private window */ }
}
const nextScheme = () => setScheme(SCHEMES[(SCHEMES.indexOf(document.documentElement.dataset.scheme) + 1) % 3]);

function match(r, path) {
  const want = r.path.split('/');
  const got = path.split('/');
  if (want.length !== got.length) return null;
  const params = {};
  for (let i = 0; i < want.length; i += 1) {
    if (want[i].startsWith(':')) params[want[i].slice(1)] = decodeURIComponent(got[i]);
    else if (want[i] !== got[i]) return null;
  }
  return params;
}

let dispose = null;
let turn = 0;
let shown = '';
let goingBack = false;
async function route() {
  if (!app.session) return;
  if (goingBack) { goingBack = false; return; }
  if (location.hash.length < 3) history.replaceState(null, '', `#${app.start()}`);
  // Whoever has to choose a new password can do nothing else.
  if (app.session.password_due && !location.hash.startsWith('#/account')) history.replaceState(null, '', '#/account');
  const [path, search] = location.hash.slice(1).split('?');
  if (dispose && app.mayLeave && !(await app.mayLeave())) {
    if (location.hash !== shown) { goingBack = true; location.hash = shown; }
    return;
  }
  const mine = (turn += 1);
  await leave();
  shown = location.hash;
  const found = ROUTES.map((r) => [r, match(r, path)]).find(([, params]) => params);
  drawRail();
  try {
    if (!found) throw new Problem({ status: 404, reason: 'not_found' });
    const [r, params] = found;
    app.title(t(`page.${r.view}`));
    const view = await import(`./view/${r.view}.js`);
    if (mine !== turn) return;
    const end = await view.mount(main, { ...params, ...Object.fromEntries(new URLSearchParams(search)) }, app);
    if (mine === turn) dispose = end; else end?.();
    if (mine === turn && path === app.start()) main.prepend(...[guide(app)].filter(Boolean));
  } catch (error) {
    if (mine !== turn) return;
    main.replaceChildren(h('div', { class: 'page' }, failure(error, () => route())));
    if (!(error instanceof Problem)) console.error(error);
  }
  if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
}
async function leave() {
  const end = dispose;
  dispose = null;
  app.mayLeave = null;
  app.busy = null;
  await end?.();
  app.bar();
  app.dock();
  notices.replaceChildren();
  delete main.dataset.full;
  main.replaceChildren();
  main.scrollTop = 0;
}

/** Asks for the password (or code) where the session is there but not proven, or is gone. Work stays as it is. */
function password(title, say, send, withCode = app.session?.second_factor) {
  return dialog((close) => {
    const user = app.session?.user;
    const pass = h('input', { type: 'password', autocomplete: 'current-password', autofocus: true });
    const code = h('input', { inputmode: 'numeric', autocomplete: 'one-time-code' });
    const f = field(t('login.password'), pass);
    const c = field(t('login.code'), code, t('login.code.hint'));
    c.hidden = !withCode;
    return h('form', { novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      f.wrong('');
      try { app.session = { ...app.session, ...(await send(pass.value, code.value.trim() || undefined)) }; close(true); } catch (error) {
        if (error.reason === 'code_needed') c.hidden = false;
        f.wrong(error.reason === 'code_needed' ? t('login.code.hint') : said(error));
        (error.reason === 'code_needed' ? code : pass).focus();
      }
    } }, h('p', { class: 'say' }, say), user && h('input', { hidden: true, autocomplete: 'username', value: user.username }), f, c,
    h('div', { class: 'actions' }, button(t('cancel'), () => close(false)), h('button', { type: 'submit', class: 'btn primary' }, t('go_on'))));
  }, { title }).then(Boolean);
}
const proof = () => askProof();
const askProof = () => password(t('proof.title'), t('proof.say'), (pass, code) => api.post('/session/proof', { password: pass || undefined, code }, { quiet: true }), app.session.second_factor && app.session.proof_needed !== 'one');

/** Asks who is there, once at a time; true when the session is theirs again. */
let asking = null;
const again = () => (asking ??= who().finally(() => { asking = null; }));
async function who() {
  if (!app.session) return false;
  const { user } = app.session;
  if (app.practice?.demonstration) {
    try { app.session = await api.post('/session', { username: user.username, demonstration: true }, { quiet: true }); return true; } catch { /* ask */ }
  }
  return password(t('expired.title'), t('expired.say', { name: user.name }), (pass, code) => api.post('/session', { username: user.username, password: pass, code }, { quiet: true }));
}
onExpired(again);

// Where nobody is, nothing is shown: after the time that the practice has set the session is ended here too, the page is
// covered and asks for the password. What was typed is saved by then, and still there.
let lastInput = Date.now();
for (const name of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) addEventListener(name, () => { lastInput = Date.now(); }, { passive: true, capture: true });
let covered = false;
setInterval(async () => {
  if (!app.session || covered || app.practice?.demonstration || app.idle() < (app.session.idle_s ?? 900) * 1000) return;
  covered = true;
  root.dataset.covered = '';
  try { await api.delete('/session', { quiet: true }); } catch { /* it ended by itself */ }
  const back = await again();
  delete root.dataset.covered;
  covered = false;
  lastInput = Date.now();
  if (!back) await logOut();
}, 5000);

async function logOut() {
  if (app.mayLeave && !(await app.mayLeave())) return;
  await leave();
  await (await import('./live.js')).leave(); // lines to the service end with the session; what was recorded stays
  try { await api.delete('/session', { quiet: true }); } catch { /* gone already */ }
  app.session = null;
  endEvents?.();
  endEvents = null;
  location.hash = '';
  await begin();
}

let endEvents = null;
function shell() {
  root.className = 'app';
  delete root.dataset.bare;
  root.replaceChildren(rail, top, main, dock);
  app.bar();
  // Only who works on dictations may hear of them; anybody else would be refused, again and again, in the trail.
  if (['physician', 'secretary'].includes(app.session.user.role)) endEvents ??= events((name, data) => { for (const f of listeners) f(name, data); });
  return route();
}

async function begin() {
  setLanguage(language);
  document.getElementById('skip').textContent = t('skip');
  try {
    app.practice = await api.get('/practice', { quiet: true });
    try { app.session = await api.get('/session', { quiet: true }); } catch (error) { if (error.status !== 401) throw error; }
  } catch (error) {
    root.dataset.bare = '';
    root.replaceChildren(h('main', { class: 'login', id: 'main' }, h('div', { class: 'in' }, failure(error, begin))));
    return undefined;
  }
  if (app.session) return shell();
  root.dataset.bare = '';
  app.title(t('login.title'));
  return login(root, {}, { ...app, entered: (session) => { app.session = session; shell(); } });
}

try { setScheme(localStorage.getItem('osler.scheme') ?? undefined); } catch { /* private window */ }
addEventListener('hashchange', route);
document.getElementById('skip').addEventListener('click', (e) => { e.preventDefault(); document.getElementById('main')?.focus(); });
bind('all', {
  help: () => { showKeys(); },
  search: () => { if (!app.session) return false; app.go('/search'); return true; },
  start: () => { if (!app.session) return false; app.go(app.start()); return true; },
});
begin();
