// What waits to be heard, what is being heard, and what could not be: with the reason, and another try.

import { h, button, empty, failure, priority } from '../ui.js';
import { t, said, format } from '../i18n.js';

export async function mount(root, params, app) {
  const page = h('div', { class: 'page admin' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.queue')));
  const progress = new Map();
  let items = [];
  const show = () => {
    const of = (state) => items.filter((q) => q.state === state);
    const dead = of('dead');
    page.replaceChildren(...(items.length ? [
      dead.length > 0 && part(t('queue.dead'), dead, true), part(t('queue.running'), of('running')), part(t('queue.waiting'), of('waiting')),
    ].filter(Boolean) : [empty(t('queue.none'), t('queue.none.say'))]));
  };
  const part = (title, list, retry = false) => list.length > 0 && h('section', { 'aria-label': title }, h('h2', {}, title, h('span', { class: 'num' }, list.length)), h('ul', { class: 'rows' }, list.map((q) => {
    const p = progress.get(q.id) ?? (q.of_s ? q : null);
    const name = q.patient ? format.name(q.patient) : q.id;
    return h('li', { class: 'rowline' }, h('div', { class: 'who' }, h('span', {}, name), h('small', { class: 'num' }, q.patient ? t('patient.mrn', { mrn: q.patient.mrn }) : '', q.author ? ` · ${q.author.name}` : '')),
      h('div', { class: 'what' }, q.reason ? h('span', { class: retry ? 'late-text' : '' }, q.reason) : q.state === 'running' && p ? h('progress', { max: p.of_s || 1, value: p.done_s, 'aria-label': t('home.heard', { part: Math.round(100 * p.done_s / Math.max(1, p.of_s)) }) }) : null,
        h('small', {}, [q.received_at && format.at(q.received_at), q.attempts > 1 && t('queue.attempts', { n: q.attempts }), q.state === 'waiting' && q.not_before && new Date(q.not_before) > new Date() && t('queue.not_before', { at: format.at(q.not_before) })].filter(Boolean).join(' · '))),
      q.priority && q.priority !== 'routine' && priority(q.priority),
      retry && button(t('queue.retry'), () => again(q), { cls: 'btn small go', 'aria-label': t('queue.retry.about', { name }) }));
  })));
  async function again(q) {
    try { await app.api.post(`/queue/${q.id}/retry`); app.notice('queue'); app.speak(t('queue.retried')); await load(); } catch (error) { app.notice('queue', said(error), { kind: 'danger' }); }
  }
  async function load() {
    try { ({ items } = await app.api.get('/queue')); show(); } catch (error) { page.replaceChildren(failure(error, load)); }
  }
  let timer = 0;
  const off = app.on((event, d) => {
    clearTimeout(timer);
    if (event === 'progress') { progress.set(d.id, d); timer = setTimeout(show, 300); } else timer = setTimeout(load, 400);
  });
  await load();
  return () => { off(); clearTimeout(timer); };
}
