// Ready texts: a physician's own and the practice's. Put in by key while a report is corrected, and by voice: "insert ...".

import { h, button, confirm, dialog, empty, failure, field } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { content } from './dictionary.js';

const KINDS = ['progress_note', 'consultation', 'discharge_summary', 'operative_note', 'radiology', 'pathology', 'referral_letter'];

export async function mount(root, params, app) {
  const { api } = app;
  const me = app.session.user;
  const layer = me.role === 'physician' ? 'physician' : 'site';
  const page = h('div', { class: 'page admin templates' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('page.templates')), content(app, '/templates'), h('span', { class: 'push' }), button(t('template.add'), () => edit(), { cls: 'btn primary' }));

  async function load() {
    try {
      const { items } = await api.get('/templates');
      page.replaceChildren(h('p', { class: 'quiet' }, t('template.say')), items.length
        ? h('div', { class: 'scroll-x' }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['name', 'text', 'kind', 'by', 'do'].map((k) => h('th', { scope: 'col' }, t(`template.col.${k}`))))), h('tbody', {}, items.map(row))))
        : empty(t('template.none'), t('template.none.say')));
    } catch (error) { page.replaceChildren(failure(error, load)); }
  }
  const row = (x) => h('tr', {}, h('th', { scope: 'row', class: 'wrap' }, x.name, x.spoken.length > 0 && h('div', {}, h('small', {}, t('template.also', { names: x.spoken.join(', ') })))),
    h('td', { class: 'wrap' }, x.text), h('td', {}, x.kind ? format.kind(x.kind) : t('template.any')),
    h('td', {}, h('small', {}, [x.layer === 'site' ? t('dict.site') : me.name, format.date(x.at), x.by].join(' · '))),
    h('td', {}, x.layer === layer && h('div', { class: 'row' }, button(t('template.change'), () => edit(x), { cls: 'btn small', 'aria-label': t('template.change.about', { name: x.name }) }), button(t('template.remove'), () => remove(x), { cls: 'btn small plain', 'aria-label': t('template.remove.about', { name: x.name }) }))));

  async function remove(x) {
    if (!(await confirm(t('template.remove'), t('template.remove.say', { name: x.name }), { yes: t('template.remove'), danger: true }))) return;
    try { await api.delete(`/templates/${x.id}`); app.notice('template'); await load(); } catch (error) { app.notice('template', said(error), { kind: 'danger' }); }
  }
  async function edit(x) {
    const title = x ? t('template.change') : t('template.add');
    const done = await dialog((close) => {
      const name = h('input', { value: x?.name ?? '', autocomplete: 'off', autofocus: true });
      const spoken = h('input', { value: x?.spoken.join(', ') ?? '', autocomplete: 'off' });
      const kind = h('select', {}, h('option', { value: '' }, t('template.any')), KINDS.map((k) => h('option', { value: k, selected: x?.kind === k }, format.kind(k))));
      const text = h('textarea', { rows: 8 });
      text.value = x?.text ?? '';
      const fields = [field(t('template.name'), name, t('template.name.hint')), field(t('template.text'), text, t('template.text.hint'))];
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      const key = api.key();
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        for (const f of fields) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
        const first = fields.find((f) => !f.input.value.trim());
        if (first) { first.input.focus(); return; }
        const body = { layer, name: name.value, spoken: spoken.value.split(',').map((s) => s.trim()).filter(Boolean), text: text.value, kind: kind.value || undefined, replaces: x?.id };
        try { await api.post('/templates', body, { key }); close(true); } catch (error) { wrong.textContent = said(error); }
      } }, fields[0], field(t('template.spoken'), spoken, t('template.spoken.hint')), field(t('template.kind'), kind), fields[1], wrong, h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('template.save'))));
    }, { title, wide: true });
    if (done) await load();
  }
  await load();
  return () => {};
}
