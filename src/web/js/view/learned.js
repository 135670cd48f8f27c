// Corrections that were seen several times: what a rule made of each would have done to signed reports; accept or decline.

import { h, button, confirm, empty, failure } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { content } from './dictionary.js';

export async function mount(root, params, app) {
  const { api } = app;
  const page = h('div', { class: 'page admin learned' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.learned')), content(app, '/learned'));

  async function load() {
    try {
      const { items } = await api.get('/learned');
      const open = items.filter((x) => x.state === 'open'), rest = items.filter((x) => x.state !== 'open');
      page.replaceChildren(h('p', { class: 'quiet' }, t('learned.say')), ...(open.length ? open.map(card) : [empty(t('learned.none'), t('learned.none.say'))]), ...rest.map(card));
    } catch (error) { page.replaceChildren(failure(error, load)); }
  }
  const card = (x) => {
    const rule = t('learned.rule', x), { trial } = x;
    return h('article', { class: 'panel', 'aria-label': rule },
      h('h2', {}, rule, ' ', h('span', { class: x.state === 'accepted' ? 'chip good' : 'chip' }, t(`learned.state.${x.state}`)), x.by && h('small', {}, t('learned.decided', { by: x.by, at: format.at(x.at) }))),
      h('p', {}, t('learned.seen', { name: x.physician.name, places: x.places, reports: x.reports })),
      h('p', {}, t('learned.trial', trial), ' ', !trial.worse && t('learned.safe')),
      trial.worse > 0 && h('div', { class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': t('learned.worse') }, h('table', { class: 'list' }, h('caption', { class: 'late-text' }, t('learned.worse')), h('thead', {}, h('tr', {}, ['patient', 'heard', 'signed'].map((k) => h('th', { scope: 'col' }, t(`learned.${k}`))))), h('tbody', {}, trial.examples.map((e) => h('tr', {}, h('th', { scope: 'row' }, e.mrn), h('td', { class: 'wrap' }, e.heard), h('td', { class: 'wrap' }, e.signed)))))),
      trial.worse > trial.examples.length && h('p', { class: 'quiet' }, t('learned.more', { n: trial.worse - trial.examples.length })),
      x.state !== 'accepted' && h('div', { class: 'row' }, button(t('learned.accept'), () => decide(x, true), { cls: 'btn small', 'aria-label': t('learned.accept.about', { rule }) }), x.state === 'open' && button(t('learned.decline'), () => decide(x, false), { cls: 'btn small plain', 'aria-label': t('learned.decline.about', { rule }) })));
  };
  async function decide(x, accept) {
    const { worse } = x.trial;
    if (accept && worse && !(await confirm(t('learned.accept'), t('learned.accept.worse', { worse }), { yes: t('learned.accept'), danger: true }))) return;
    try { await api.post(`/learned/${x.id}/decision`, { accept, worse }); app.notice('learned'); } catch (error) { app.notice('learned', said(error), { kind: 'danger' }); }
    await load();
  }
  await load();
  return () => {};
}
