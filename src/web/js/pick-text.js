// Choosing a ready text: by name or by words in it, with the keyboard alone.

import { h, button, dialog, field } from './ui.js';
import { t } from './i18n.js';

/** Asks which of `items` {name, text}; undefined where none was taken. */
export const pickText = (items) => dialog((close) => {
  const input = h('input', { autofocus: true, role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'templates', autocomplete: 'off' });
  const list = h('div', { id: 'templates', role: 'listbox', class: 'choices', 'aria-label': t('review.template') });
  let found = [];
  let now = 0;
  const draw = () => {
    found = items.filter((x) => `${x.name} ${x.text}`.toLowerCase().includes(input.value.trim().toLowerCase()));
    now = Math.max(0, Math.min(now, found.length - 1));
    list.replaceChildren(...(found.length ? found.map((x, i) => h('button', { type: 'button', role: 'option', id: `template-${i}`, tabIndex: -1, 'aria-selected': String(i === now), onclick: () => close(x) }, h('b', {}, x.name), h('span', { class: 'quiet' }, x.text))) : [h('p', { class: 'none' }, t(items.length ? 'review.template.none' : 'review.template.empty'))]));
    if (found.length) input.setAttribute('aria-activedescendant', `template-${now}`);
  };
  input.addEventListener('input', () => { now = 0; draw(); });
  input.addEventListener('keydown', (e) => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); now = (now + (e.key === 'ArrowDown' ? 1 : found.length - 1)) % Math.max(1, found.length); draw(); list.children[now]?.scrollIntoView({ block: 'nearest' }); }
    if (e.key === 'Enter') { e.preventDefault(); if (found[now]) close(found[now]); }
  });
  draw();
  return [field(t('review.template.find'), input), list, h('div', { class: 'actions' }, button(t('cancel'), () => close()))];
}, { title: t('review.template') });
