// Keys of the running page: which scopes are open, what they do, and the page that `?` shows.

import { Keymap, DEFAULTS, chord, label, types } from './model/keys.js';
import { h, button, dialog, platform } from './ui.js';
import { t } from './i18n.js';

const STORED = 'osler.keys';
const read = () => { try { return JSON.parse(localStorage.getItem(STORED) ?? '{}'); } catch { return {}; } };
const map = new Keymap(read());
const open = [];           // {scope, handlers, within}; the newest first

/** The first chord of a command, to show it on its button. */
export const key = (scope, name) => map.of(scope, name)[0];

/**
 * Opens a scope: `handlers` by command name. `within` limits it to an element that has the focus. Gives a function that
 * closes it. A handler that gives false lets the key through.
 */
export function bind(scope, handlers, { within } = {}) {
  const entry = { scope, handlers, within };
  open.unshift(entry);
  return () => { const i = open.indexOf(entry); if (i >= 0) open.splice(i, 1); };
}

const typing = (e) => e.target instanceof Element && e.target.closest('input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, select, [contenteditable=true]');

addEventListener('keydown', (e) => {
  if (e.defaultPrevented) return;
  const c = chord(e, platform());
  if (!c) return;
  const field = typing(e);
  // A button or a link has Enter and Space for itself.
  const owns = (c === 'Enter' || c === 'Space') && e.target instanceof Element && e.target.closest('button, a[href], summary, [role=button]');
  for (const { scope, handlers, within } of open) {
    if (within && !within.contains(document.activeElement)) continue;
    if ((field && types(c)) || owns) continue;
    const found = map.find(c, [scope]);
    if (found && handlers[found.name] && handlers[found.name](e) !== false) {
      e.preventDefault();
      e.stopPropagation();
      return;
    }
  }
});

/** Shows all keys of the open scopes; each can be given another one. */
export function showKeys() {
  const scopes = [...new Set(open.map((o) => o.scope))].filter((s) => s in DEFAULTS);
  return dialog((close) => {
    const line = h('p', { class: 'say', role: 'status' }, t('keys.say'));
    const draw = () => body.replaceChildren(...scopes.map((scope) => h('table', { class: 'keys-table' }, h('caption', {}, t(`keys.${scope}`)),
      h('tbody', {}, Object.keys(DEFAULTS[scope]).filter((name) => open.some((o) => o.scope === scope && o.handlers[name])).map((name) => {
        const b = h('button', { type: 'button', 'aria-label': t('keys.change', { what: t(`key.${scope}.${name}`), key: map.of(scope, name).map((c) => label(c, platform())).join(', ') }) }, map.of(scope, name).map((c) => [h('kbd', {}, label(c, platform())), ' ']));
        b.onclick = () => {
          b.dataset.recording = '';
          b.replaceChildren(h('kbd', {}, t('keys.press')));
          const take = (e) => {
            e.preventDefault();
            e.stopPropagation();
            const c = chord(e, platform());
            if (!c) return;
            b.removeEventListener('keydown', take, true);
            if (c !== 'Escape') {
              const taken = map.set(scope, name, c);
              line.textContent = taken ? t('keys.taken', { key: label(c, platform()), what: t(`key.${taken.scope}.${taken.name}`) }) : t('keys.set', { key: label(c, platform()), what: t(`key.${scope}.${name}`) });
              try { localStorage.setItem(STORED, JSON.stringify(map.changed)); } catch { /* private window */ }
            }
            draw();
            body.querySelector(`[data-key="${scope}.${name}"]`)?.focus();
          };
          b.addEventListener('keydown', take, true);
        };
        b.dataset.key = `${scope}.${name}`;
        return h('tr', {}, h('th', { scope: 'row' }, t(`key.${scope}.${name}`)), h('td', {}, b));
      })))));
    const body = h('div', { class: 'keys-columns' });
    draw();
    requestAnimationFrame(() => body.querySelector('button')?.focus());
    return [line, body, h('div', { class: 'actions' }, button(t('keys.reset'), () => { map.reset(); try { localStorage.removeItem(STORED); } catch { /* private window */ } draw(); }), button(t('close'), () => close(), { cls: 'btn primary' }))];
  }, { title: t('keys.title'), wide: true });
}
