// Words that the practice lays over the base dictionary: for the site, a specialty, a physician, a patient.

import { h, button, empty, failure, field } from '../ui.js';
import { t, said, format } from '../i18n.js';

/** The pages of what a practice writes with, as links in the head of each. */
export const content = (app, at) => h('nav', { class: 'row', 'aria-label': t('content') }, [['/dictionary', 'dictionary'], ['/templates', 'templates'], ...(app.session.user.role === 'administrator' ? [] : [['/learned', 'learned']])].map(([path, view]) => h('a', { class: 'btn small', href: `#${path}`, 'aria-current': path === at && 'page' }, t(`page.${view}`))));

export async function mount(root, params, app) {
  const { api } = app;
  const me = app.session.user;
  const page = h('div', { class: 'page admin dictionary' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.dictionary')), content(app, '/dictionary'));
  let layers = [];
  let chosen = null;
  let names = null;
  const same = (a, b) => a && b && a.layer === b.layer && (a.owner ?? '') === (b.owner ?? '');
  const own = () => [{ layer: 'site' }, ...(me.role === 'physician' ? [{ layer: 'physician', owner: me.username }] : [])];
  const label = (l) => (l.layer === 'site' ? t('dict.site') : t(`dict.${l.layer}`, { name: names?.get(l.owner) ?? l.owner ?? '' }));

  async function load() {
    try {
      const counted = await api.get('/dictionary/layers');
      layers = [];
      for (const c of counted) {
        const there = layers.find((x) => same(x, c));
        if (there) there.entries += c.in_force; else layers.push({ layer: c.layer, owner: c.owner ?? undefined, entries: c.in_force });
      }
      names ??= new Map((await api.get('/users').catch(() => ({ items: [] }))).items.map((u) => [u.username, u.name]));
      // Layers that nobody has written into yet can be begun.
      for (const l of own()) if (!layers.some((x) => same(x, l))) layers.push({ ...l, entries: 0 });
      chosen = layers.find((l) => same(l, chosen)) ?? layers.find((l) => l.layer === (params.layer ?? 'site')) ?? layers[0];
      await show();
    } catch (error) { page.replaceChildren(failure(error, load)); }
  }
  const list = h('div', {});
  async function show() {
    const tabs = h('div', { class: 'tabs', role: 'group', 'aria-label': t('dict.layers') }, layers.map((l) => h('button', { type: 'button', 'aria-pressed': String(same(l, chosen)), onclick: () => { chosen = l; show(); } }, label(l), ' ', h('span', { class: 'n' }, l.entries))));
    page.replaceChildren(h('p', { class: 'quiet' }, t('dict.say')), tabs, form(), list);
    tabs.querySelector('[aria-pressed=true]')?.focus({ preventScroll: true });
    await entries();
  }
  async function entries() {
    const mine = chosen;
    try {
      const items = await api.get(`/dictionary/layers/${chosen.layer}${api.query({ owner: chosen.owner })}`);
      if (mine !== chosen) return;
      list.replaceChildren(items.length ? h('div', { class: 'scroll-x' }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['text', 'kind', 'replaces', 'by', 'do'].map((k) => h('th', { scope: 'col' }, t(`dict.col.${k}`))))), h('tbody', {}, items.map((e) => h('tr', {}, h('th', { scope: 'row' }, e.text), h('td', {}, t(`dict.kind.${e.kind}`)), h('td', { class: 'wrap' }, e.replaces ? `“${e.replaces}”` : ''), h('td', {}, h('small', {}, [names?.get(e.by) ?? e.by, e.at && format.date(e.at), e.origin === 'learned' && t('dict.learned'), e.origin === 'imported' && t('dict.imported')].filter(Boolean).join(' · '))), h('td', {}, button(t('dict.undo'), () => undo(e), { cls: 'btn small plain', 'aria-label': t('dict.undo.about', { word: e.text }) }))))))) : empty(t('dict.none', { layer: label(chosen) }), t('dict.none.say')));
    } catch (error) { list.replaceChildren(failure(error, entries)); }
  }
  async function undo(e) {
    try { await api.delete(`/dictionary/entries/${e.id}`); app.notice('dict', t('dict.undone', { word: e.text }), { action: button(t('dict.put_back'), () => put({ kind: e.kind, text: e.text, replaces: e.replaces ?? undefined }), { cls: 'btn small' }) }); await load(); } catch (error) { app.notice('dict', said(error), { kind: 'danger' }); }
  }
  const put = async (entry) => { await api.post('/dictionary/entries', { layer: chosen.layer, owner: chosen.owner, ...entry }, { key: api.key() }); app.notice('dict'); await load(); };
  const form = () => {
    const text = h('input', { autocomplete: 'off', spellcheck: false });
    const kind = h('select', {}, ['term', 'name', 'replacement'].map((k) => h('option', { value: k }, t(`dict.kind.${k}`))));
    const heard = h('input', { autocomplete: 'off', spellcheck: false });
    const f = field(t('dict.text'), text), hf = field(t('dict.replaces'), heard, null);
    const wrong = h('p', { class: 'late-text', role: 'alert' });
    hf.hidden = true;
    kind.addEventListener('change', () => { hf.hidden = kind.value !== 'replacement'; });
    return h('form', { class: 'add-word', novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      f.wrong(text.value.trim() ? '' : t('error.empty'));
      if (!text.value.trim()) { text.focus(); return; }
      try { await put({ kind: kind.value, text: text.value.trim(), replaces: kind.value === 'replacement' ? heard.value.trim() || undefined : undefined }); page.querySelector('.add-word input')?.focus(); } catch (error) { wrong.textContent = said(error); }
    } }, h('div', { class: 'filters' }, f, field(t('dict.kind'), kind), hf, h('button', { type: 'submit', class: 'btn primary' }, t('dict.add'))), wrong);
  };
  await load();
  return () => {};
}
