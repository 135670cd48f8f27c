// What waits to be heard, what is being heard, and what could not be: with the reason, and another try.

import { h, button, empty, failure, priority } from '../ui.js';
import { t, said, format } from '../i18n.js';

export async function mount(root, params, app) {
  const page = h('div', { class: 'page admin' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.queue')));
  const progress = new Map();
  let items = [];
  // Administrators see that something waits, not whose it is.
  const may = app.session.user.role !== 'administrator';
  const known = new Map();
  const show = () => {
    const of = (state) => items.filter((q) => q.state === state);
    const dead = of('suspended');
    page.replaceChildren(...(items.length ? [
      dead.length > 0 && part(t('queue.dead'), dead, true), part(t('queue.running'), of('in_progress')), part(t('queue.waiting'), of('pending')),
    ].filter(Boolean) : [empty(t('queue.none'), t('queue.none.say'))]));
  };
  const part = (title, list, retry = false) => list.length > 0 && h('section', { 'aria-label': title }, h('h2', {}, title, h('span', { class: 'num' }, list.length)), h('ul', { class: 'rows' }, list.map((q) => {
    const p = progress.get(q.id) ?? (q.of_s ? q : null);
    const about = known.get(q.id);
    const name = about ? format.name(about.patient) : `${t('queue.dictation')} ${q.id.slice(0, 8)}`;
    return h('li', { class: 'rowline' }, h('div', { class: 'who' }, h('span', {}, name), h('small', { class: 'num' }, about ? `${t('patient.mrn', { mrn: about.patient.mrn })} · ${about.author.name}` : q.id)),
      h('div', { class: 'what' }, q.reason ? h('span', { class: retry ? 'late-text' : '' }, q.reason) : q.state === 'in_progress' && p ? h('progress', { max: p.of_s || 1, value: p.done_s, 'aria-label': t('home.heard', { part: Math.round(100 * p.done_s / Math.max(1, p.of_s)) }) }) : null,
        h('small', {}, [about && format.at(about.received_at), q.attempts > 1 && t('queue.attempts', { n: q.attempts }), q.state === 'pending' && q.not_before && new Date(q.not_before) > new Date() && t('queue.not_before', { at: format.at(q.not_before) })].filter(Boolean).join(' · '))),
      q.priority && q.priority !== 'routine' && priority(q.priority),
      retry && may && button(t('queue.retry'), () => again(q), { cls: 'btn small go', 'aria-label': t('queue.retry.about', { name }) }));
  })));
  async function again(q) {
    try { await app.api.post(`/queue/${q.id}/retry`); app.notice('queue'); app.speak(t('queue.retried')); await load(); } catch (error) { app.notice('queue', said(error), { kind: 'danger' }); }
  }
  async function load() {
    try { ({ items } = await app.api.get('/queue')); if (may) for (const d of (await app.api.get('/worklist?place=under_way&limit=500').catch(() => ({ items: [] }))).items) known.set(d.id, d); show(); } catch (error) { page.replaceChildren(failure(error, load)); }
  }
  let timer = 0;
  const off = app.on((event, d) => {
    clearTimeout(timer);
    if (event === 'progress') { progress.set(d.id, d); timer = setTimeout(show, 300); } else timer = setTimeout(load, 400);
  });
  await load();
  return () => { off(); clearTimeout(timer); };
}
