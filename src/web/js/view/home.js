// The physician's first page: who comes today, what was asked, what is to be signed, what is under way.

import { h, button, empty, failure, priority, icon, prompt } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind } from '../keys.js';
import { elsewhere, unfinished } from '../live.js';
import { pickPatient } from '../pick.js';
import { Clip } from '../clip.js';
import { questionsIn } from '../model/check.js';

const today = () => { const d = new Date(); return new Date(d - d.getTimezoneOffset() * 60000).toISOString().slice(0, 10); };

/** Where a dictation stands, in words. */
export const stands = (d) => t(`stands.${d.phase}.${d.state}`);

export async function mount(root, params, app) {
  const clip = new Clip();
  const page = h('div', { class: 'page home' });
  root.replaceChildren(page);
  app.bar(h('h1', {}, t('home.title', { date: new Intl.DateTimeFormat(document.documentElement.lang, { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date()) })),
    h('span', { class: 'push' }), button(t('home.other'), other, { chord: 'd', iconName: 'mic', cls: 'btn primary' }));

  async function other() {
    const p = await pickPatient(app, t('dictate.pick'));
    if (p) app.go(`/dictate${app.api.query({ mrn: p.mrn, record: 1 })}`);
  }
  const dictate = (e) => app.go(`/dictate${app.api.query({ mrn: e.patient.mrn, encounter: e.id, record: 1 })}`);

  const progress = new Map();
  let left = [];

  const encounters = (items) => section(t('home.encounters'), items.length, items.length === 0
    ? empty(t('home.encounters.none'), t('home.encounters.none.say'), button(t('home.other'), other))
    : h('ul', { class: 'rows' }, items.map((e) => h('li', { class: 'rowline' },
      h('div', { class: 'who' }, h('a', { href: `#/patient/${encodeURIComponent(e.patient.mrn)}` }, format.name(e.patient)),
        h('small', { class: 'num' }, t('patient.born', { date: format.date(e.patient.birth_date), age: format.age(e.patient.birth_date), sex: format.sex(e.patient.sex) }), ' · ', h('span', { class: 'nb' }, t('patient.mrn', { mrn: e.patient.mrn })))),
      h('div', { class: 'what' }, e.reason, h('small', {}, e.location)),
      h('div', { class: 'ends' }, e.dictation_id ? h('span', { class: 'chip good' }, t('home.dictated')) : null,
        button(e.dictation_id ? t('home.dictate_again') : t('home.dictate'), () => dictate(e), { cls: e.dictation_id ? 'btn small plain go' : 'btn small go', iconName: 'mic', 'aria-label': `${e.dictation_id ? t('home.dictate_again') : t('home.dictate')}: ${format.name(e.patient)}` }))))));

  const person = (d) => h('div', { class: 'who' }, h('span', {}, format.name(d.patient)), h('small', { class: 'num' }, t('patient.mrn', { mrn: d.patient.mrn }), ' · ', format.kind(d.kind)));

  // What was asked stands in the text, at its place; the note is what the secretary wrote along.
  const asked = new Map();
  const questions = (items) => items.length > 0 && section(t('home.questions'), items.length, h('ul', { class: 'rows' }, items.map((d) => {
    const places = asked.get(d.id) ?? [];
    return h('li', { class: 'rowline question' }, person(d),
      h('div', { class: 'asked' }, (d.note || !places.length) && h('blockquote', {}, d.note || t('home.question.none')),
        places.map((q) => h('p', { class: 'doc-line' }, h('span', {}, q.before), h('b', { class: 'flag' }, q.text || t('home.question.blank')), h('span', {}, q.after),
          q.sound && button(t('home.hear', { time: format.clock(q.sound.start_s) }), () => clip.play(app.api.url(`/dictations/${d.id}/sound/${q.sound.take}.wav`), q.sound.start_s - 1.5, q.sound.end_s + 1.5), { cls: 'btn small plain', iconName: 'play' })))),
      h('div', { class: 'row go' }, h('a', { class: 'btn small', href: `#/review/${d.id}`, 'aria-label': `${t('home.question.open')}: ${format.name(d.patient)}` }, t('home.question.open')), button(t('home.answer'), () => answer(d), { cls: 'btn small primary', 'aria-label': `${t('home.answer')}: ${format.name(d.patient)}` })));
  })));
  const readQuestions = (items) => Promise.all(items.map(async (d) => {
    const full = await app.api.get(`/dictations/${d.id}`).catch(() => null);
    if (full?.report) asked.set(d.id, questionsIn(full.report.text, full.report.trace, full.raw?.words));
  }));

  async function answer(d) {
    const say = [d.note, ...(asked.get(d.id) ?? []).map((q) => `${q.before}[${q.text}]${q.after}`)].filter(Boolean).join(' · ');
    const words = await prompt(t('home.answer.title', { name: format.name(d.patient) }), { say, label: t('home.answer.label'), multiline: true, yes: t('home.answer') });
    if (!words) return;
    try {
      await app.api.post(`/dictations/${d.id}/steps`, { step: 'answer', note: words });
      app.speak(t('home.answered'));
      await draw();
    } catch (error) { app.notice('answer', said(error), { kind: 'danger' }); }
  }

  const todo = (d) => (d.phase === 'signed' ? t('home.file') : d.phase === 'filed' ? t('record.addendum.finish') : t('home.sign'));
  const toSign = (items) => section(t('home.to_sign'), items.length, items.length === 0
    ? h('p', { class: 'quiet none' }, t('home.to_sign.none'))
    : h('ul', { class: 'rows' }, items.map((d) => h('li', { class: 'rowline' }, person(d),
      h('div', { class: 'what' }, d.note && h('small', {}, d.note)),
      d.priority !== 'routine' && priority(d.priority),
      d.flags > 0 && h('span', { class: 'chip warn' }, t('home.flags', { n: d.flags })),
      h('a', { class: 'btn small go', href: `#/sign/${d.id}`, 'aria-label': `${todo(d)}: ${format.name(d.patient)}` }, icon('sign'), todo(d))))));

  const underWay = (items) => items.length > 0 && section(t('home.under_way'), items.length, h('ul', { class: 'rows' }, items.map((d) => {
    const p = progress.get(d.id);
    return h('li', { class: 'rowline' }, person(d),
      h('div', { class: 'what' }, p && d.phase === 'recorded' ? t('home.heard', { part: Math.round(100 * p.done_s / Math.max(1, p.of_s)) }) : stands(d), h('small', {}, format.at(d.received_at), d.assigned ? ` · ${d.assigned.name ?? d.assigned}` : '')),
      d.phase !== 'recorded' && h('a', { class: 'btn small plain go', href: `#/review/${d.id}`, 'aria-label': `${t('home.look')}: ${format.name(d.patient)}` }, t('home.look')));
  })));

  let away = []; // begun in another browser
  const here = () => left.length + away.length > 0 && section(t('home.here'), left.length + away.length, h('ul', { class: 'rows' }, left.map((d) => h('li', { class: 'rowline' },
    h('div', { class: 'who' }, h('span', {}, d.about ? format.name(d.about) : d.order.mrn), h('small', { class: 'num' }, t('patient.mrn', { mrn: d.order.mrn }), ' · ', format.clock(d.seconds))),
    h('div', { class: 'what' }, d.refusal ? h('span', { class: 'late-text' }, d.refusal.detail || t(`dictate.refused.${d.refusal.reason}`)) : d.state === 'finishing' ? t('home.here.sending', { s: Math.ceil(d.waiting / 16000) }) : t('home.here.paused')),
    ['paused', 'recording'].includes(d.state) ? h('a', { class: 'btn small go', href: `#/dictate?id=${d.id}` }, t('home.here.continue')) : button(t('again'), () => { d.open(); d.wake(); }, { cls: 'btn small plain go' }))),
    away.map((i) => h('li', { class: 'rowline' }, h('div', { class: 'who' }, h('span', {}, format.name(i.patient)), h('small', { class: 'num' }, t('patient.mrn', { mrn: i.patient.mrn }), ' · ', format.clock(i.length_s))),
      h('div', { class: 'what' }, i.recording ? t('home.away.recording') : t('home.away'), h('small', {}, format.at(i.touched_at ?? i.begun_at))), !i.recording && h('a', { class: 'btn small go', href: `#/dictate?id=${i.id}` }, t('home.here.continue'))))));

  const section = (title, n, ...body) => h('section', { class: 'home-part', 'aria-label': title }, h('h2', {}, title, n > 0 && h('span', { class: 'n' }, n)), body);

  let data = null;
  const show = () => {
    if (!data) return;
    const focused = page.contains(document.activeElement) ? [...page.querySelectorAll('a, button')].indexOf(document.activeElement) : -1;
    page.replaceChildren(
      h('div', { class: 'home-main' }, here(), questions(data.questions), encounters(data.encounters)),
      h('div', { class: 'home-side' }, toSign(data.to_sign), underWay(data.under_way)));
    if (focused >= 0) [...page.querySelectorAll('a, button')][focused]?.focus();
  };
  async function draw() {
    try {
      const [mine] = await Promise.all([app.api.get('/mine'), unfinished(app).then((d) => { left = d; }, (error) => { app.notice('store', t('dictate.no_store', { detail: error.message }), { kind: 'danger' }); })]);
      away = await elsewhere(app).catch(() => []);
      await readQuestions(mine.questions);
      data = mine;
      for (const d of left) if (!watched.has(d)) { watched.add(d); d.addEventListener('change', later); }
      show();
    } catch (error) { page.replaceChildren(failure(error, draw)); }
  }
  const watched = new Set();
  let timer = 0;
  const later = (reload) => { clearTimeout(timer); timer = setTimeout(() => { left = left.filter((d) => !['finished', 'discarded'].includes(d.state)); if (reload === true) draw(); else show(); }, 400); };
  const off = app.on((event, d) => {
    if (event === 'progress') { progress.set(d.id, d); later(); } else if (event === 'work') later(true);
  });
  const unbind = bind('home', { dictate: () => { other(); } });
  await draw();
  page.querySelector('.home-main .go')?.focus({ preventScroll: true });
  return () => { off(); unbind(); clearTimeout(timer); clip.stop(); for (const d of watched) d.removeEventListener('change', later); };
}

export { today };
