// The takes that a dictation was put together from, each to be heard as it was spoken.

import { h } from './ui.js';
import { t } from './i18n.js';

/** Players of the takes behind the first, which is the whole; null where there is only that one. `url(take)` is its sound. */
export function madeOf(takes, url) {
  const parts = (takes ?? []).filter((x) => x.index > 0);
  return parts.length ? h('section', { class: 'made-of' }, h('h3', {}, t('takes.title')), h('p', { class: 'quiet' }, t('takes.say')), parts.map((x) => h('figure', {}, h('figcaption', { class: 'quiet' }, t('takes.one', { n: x.index })), h('audio', { controls: true, preload: 'none', src: url(x), 'aria-label': t('takes.one', { n: x.index }) })))) : null;
}
