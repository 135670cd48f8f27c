// Finding a patient, and entering a new one.

import { h, button } from '../ui.js';
import { t } from '../i18n.js';
import { addPatient, finder } from '../pick.js';

export function mount(root, params, app) {
  app.bar(h('h1', {}, t('page.patients')), h('span', { class: 'push' }), button(t('pick.add'), async () => {
    const p = await addPatient(app);
    if (p) app.go(`/patient/${encodeURIComponent(p.mrn)}`);
  }));
  root.replaceChildren(h('div', { class: 'page narrow' }, finder(app, { link: true, all: true })));
  root.querySelector('input').focus();
  return () => {};
}
