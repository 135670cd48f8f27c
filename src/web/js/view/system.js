// How the practice is doing: how long reports take, what waits where.

import { h, empty, failure } from '../ui.js';
import { t, format } from '../i18n.js';

const SVG = 'http://www.w3.org/2000/svg';
const s = (tag, attributes, ...children) => {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
};
const LEGS = [['received', 'drafted'], ['drafted', 'submitted'], ['submitted', 'signed'], ['received', 'signed'], ['received', 'filed']];
const DAYS = [1, 7, 30, 90];
// What waits, in the order and words of the worklist.
const PLACES = ['under_way', 'to_correct', 'questions', 'to_sign', 'rejected'];

/** Seconds as 4 min, 2.5 h, 3 d. */
const span = (v) => (v < 90 ? t('unit.s', { n: format.number(v) }) : v < 5400 ? t('due.min', { n: format.number(v / 60) }) : v < 172800 ? t('due.h', { n: format.number(v / 3600, 1) }) : t('due.days', { n: format.number(v / 86400, 1) }));

/** Bars: rows of {label, value, more?, text}; `more` is drawn lighter behind. */
export function bars(rows, label) {
  const width = 640, left = 210, right = 150, line = 34;
  const most = Math.max(1e-9, ...rows.map((r) => Math.max(r.value ?? 0, r.more ?? 0)));
  const x = (v) => Math.max(v > 0 ? 2 : 0, (width - left - right) * v / most);
  const svg = s('svg', { viewBox: `0 0 ${width} ${rows.length * line + 6}`, class: 'chart', role: 'img', 'aria-label': `${label}. ${rows.map((r) => `${r.label}: ${r.text}`).join('. ')}` });
  rows.forEach((r, i) => {
    const y = i * line + 6;
    svg.append(s('text', { x: left - 12, y: y + 16, 'text-anchor': 'end' }, r.label));
    if (r.more) svg.append(s('rect', { x: left, y: y + 3, width: x(r.more), height: 18, rx: 3, class: 'soft' }));
    svg.append(s('rect', { x: left, y: y + 3, width: x(r.value ?? 0), height: 18, rx: 3, class: r.late ? 'late' : 'bar' }), s('text', { x: left + x(Math.max(r.value ?? 0, r.more ?? 0)) + 10, y: y + 16 }, r.text));
  });
  return svg;
}

export async function mount(root, params, app) {
  const page = h('div', { class: 'page admin' });
  root.replaceChildren(page);
  let days = Number(params.days) || 7;
  app.bar(h('h1', {}, t('page.system')), h('span', { class: 'quiet' }, t('system.version', { version: app.practice.version })));
  const look = async () => {
    const since = new Date(Date.now() - days * 86400000).toISOString();
    const choose = h('div', { class: 'tabs', role: 'group', 'aria-label': t('system.since') }, DAYS.map((n) => h('button', { type: 'button', 'aria-pressed': String(n === days), onclick: () => { days = n; look(); } }, t('system.days', { n }))));
    try {
      const [legs, counts] = await Promise.all([
        Promise.all(LEGS.map(async ([start, stop]) => ({ start, stop, ...(await app.api.get(`/worklist/turnaround${app.api.query({ start, stop, since })}`)) }))),
        app.api.get('/worklist/counts'),
      ]);
      const whole = legs.at(-2);
      const timed = legs.filter((l) => l.n > 0 && l.median_s !== undefined && l.median_s !== null);
      page.replaceChildren(choose,
        h('section', { class: 'figures', 'aria-label': t('system.figures') }, [[whole.n, 'finished'], [whole.open, 'open'], [whole.late, 'late']].map(([n, k]) => h('div', { class: 'figure' }, h('b', {}, format.number(n ?? 0)), t(`system.${k}`)))),
        h('section', { 'aria-label': t('system.turnaround') }, h('h2', {}, t('system.turnaround'), h('small', {}, t('system.turnaround.say'))), timed.length ? h('div', { class: 'panel' }, bars(timed.map((l) => ({ label: t(`system.leg.${l.start}.${l.stop}`), value: l.median_s, more: l.p90_s, text: t('system.median', { median: span(l.median_s), p90: span(l.p90_s ?? l.median_s) }) })), t('system.turnaround'))) : empty(t('system.none'), t('system.none.say'))),
        volume(counts));
      choose.querySelector('[aria-pressed=true]')?.focus({ preventScroll: true });
    } catch (error) { page.replaceChildren(choose, failure(error, look)); }
  };
  const volume = (counts) => {
    const places = PLACES.filter((k) => counts.places?.[k]).map((k) => [k, counts.places[k]]);
    if (!places.length) return '';
    return h('section', { 'aria-label': t('system.volume') }, h('h2', {}, t('system.volume')), h('div', { class: 'panel' }, bars(places.map(([k, c]) => ({ label: t(`work.place.${k}`), value: c.n, text: c.overdue ? t('system.overdue', { n: c.n, late: c.overdue }) : format.number(c.n), late: c.overdue > 0 })), t('system.volume'))));
  };
  await look();
  return () => {};
}
