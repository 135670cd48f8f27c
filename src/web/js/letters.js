// Letters made of a signed report: to whom it goes and who gets a copy; printed, and withdrawn with a reason.

import { h, button, dialog, failure, field, prompt } from './ui.js';
import { t, said, format } from './i18n.js';

const to = (x) => [x.name, ...(x.address ?? '').split('\n')].filter(Boolean).join(', ');

/** The letters of a report, with a way to write one. */
export function letters(app, report) {
  const list = h('div', { class: 'letters' });
  return dialog((close) => {
    let proposals = [];
    const sheet = (l, copy) => app.api.url(`/letters/${encodeURIComponent(l.id)}.pdf${copy ? `?copy=${copy}` : ''}`);
    const one = (l) => h('article', { class: 'letter' }, h('div', { class: 'row' }, h('b', {}, to(l.to)), l.withdrawal && h('span', { class: 'chip danger' }, t('letter.withdrawn'))),
      h('small', {}, t('letter.by', { name: l.by, at: format.at(l.at) })),
      l.withdrawal && h('p', { class: 'quiet' }, t('letter.withdrawn.say', { name: l.withdrawal.by, at: format.at(l.withdrawal.at), reason: l.withdrawal.reason })),
      h('ul', { class: 'plain' }, h('li', { class: 'row' }, h('a', { class: 'btn small', href: sheet(l), target: '_blank', rel: 'noopener', 'aria-label': t('letter.pdf.about', { name: l.to.name }) }, t('letter.pdf')), t('letter.original')), l.copies.map((c, i) => h('li', { class: 'row' }, h('a', { class: 'btn small', href: sheet(l, i + 1), target: '_blank', rel: 'noopener', 'aria-label': t('letter.pdf.about', { name: c.name }) }, t('letter.pdf')), t('letter.copy', { name: to(c) })))),
      !l.withdrawal && button(t('letter.withdraw'), () => withdraw(l), { cls: 'btn small plain', 'aria-label': t('letter.withdraw.about', { name: l.to.name }) }));
    async function load() {
      try {
        const found = await app.api.get(`/reports/${encodeURIComponent(report.id)}/letters`);
        proposals = found.proposals ?? [];
        list.replaceChildren(...[proposals.length > 0 && h('p', { class: 'quiet' }, t('letter.proposed', { list: proposals.map((p) => p.name).join(', ') })), ...(found.items.length ? found.items.map(one) : [h('p', { class: 'say' }, t('letter.none'))])].filter(Boolean));
      } catch (error) { list.replaceChildren(failure(error, load)); }
    }
    async function withdraw(l) {
      const reason = await prompt(t('letter.withdraw'), { say: t('letter.withdraw.say'), label: t('record.reason'), yes: t('letter.withdraw') });
      if (!reason) return;
      try { await app.api.post(`/letters/${encodeURIComponent(l.id)}/withdrawal`, { reason }); await load(); } catch (error) { list.prepend(h('p', { class: 'late-text', role: 'alert' }, said(error))); }
    }
    load();
    return [list, h('div', { class: 'actions' }, button(t('close'), () => close()), button(t('letter.write'), async () => { if (await write(app, report, proposals)) await load(); }, { cls: 'btn primary' }))];
  }, { title: t('letter.title'), wide: true });
}

/** Asks to whom; resolves to the letter. What was dictated about copies stands there already. */
function write(app, report, proposals) {
  return dialog((close) => {
    const name = h('input', { autocomplete: 'off', autofocus: true }), address = h('textarea', { rows: 3 });
    const needed = [field(t('letter.to'), name), field(t('who.address'), address, t('letter.address.hint'))];
    const copies = h('div', { class: 'copies' });
    const wrong = h('p', { class: 'late-text', role: 'alert' });
    const key = app.api.key();
    const add = (value = '', said_ = '') => {
      const who = h('input', { autocomplete: 'off', value }), where = h('textarea', { rows: 2 });
      const line = h('fieldset', { class: 'copy' }, h('legend', {}, t('letter.copy.to')), field(t('letter.name'), who, said_ && t('letter.said', { words: said_ })), field(t('who.address'), where), button(t('letter.copy.remove'), () => { line.remove(); name.focus(); }, { cls: 'btn small plain', 'aria-label': t('letter.copy.remove.about', { name: value }) }));
      line.read = () => ({ name: who.value.trim(), address: where.value.trim() });
      copies.append(line);
      return who;
    };
    for (const p of proposals) add(p.name, p.said);
    return h('form', { novalidate: true, onsubmit: async (e) => {
      e.preventDefault();
      for (const f of needed) f.wrong(f.input.value.trim() ? '' : t('error.empty'));
      const first = needed.find((f) => !f.input.value.trim());
      if (first) { first.input.focus(); return; }
      try { close(await app.api.post(`/reports/${encodeURIComponent(report.id)}/letters`, { to: { name: name.value.trim(), address: address.value.trim() }, copies: [...copies.children].map((c) => c.read()).filter((c) => c.name) }, { key })); } catch (error) { wrong.textContent = said(error); }
    } }, needed, copies, button(t('letter.copy.add'), () => add().focus(), { cls: 'btn small' }), wrong,
    h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('letter.make'))));
  }, { title: t('letter.write'), wide: true });
}
