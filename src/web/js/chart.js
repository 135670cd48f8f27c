// Small charts as inline SVG, each with the table of its figures beside it: who cannot see the one reads the other.

import { h } from './ui.js';

const SVG = 'http://www.w3.org/2000/svg';
const s = (tag, attributes, ...children) => {
  const e = document.createElementNS(SVG, tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...children);
  return e;
};

/** Lying bars: rows of {label, value, more?, text, late?}; `more` is drawn lighter behind. */
export function bars(rows, label) {
  const width = 640, left = 190, right = 16, line = 34;
  const most = Math.max(1e-9, ...rows.map((r) => Math.max(r.value ?? 0, r.more ?? 0)));
  const x = (v) => Math.max(v > 0 ? 2 : 0, (width - left - right) * v / most);
  const svg = s('svg', { viewBox: `0 0 ${width} ${rows.length * line + 6}`, class: 'chart', role: 'img', 'aria-label': label });
  rows.forEach((r, i) => {
    const y = i * line + 6;
    svg.append(s('text', { x: left - 12, y: y + 17, 'text-anchor': 'end' }, r.label));
    if (r.more) svg.append(s('rect', { x: left, y: y + 3, width: x(r.more), height: 18, rx: 3, class: 'soft' }));
    svg.append(s('rect', { x: left, y: y + 3, width: x(r.value ?? 0), height: 18, rx: 3, class: r.late ? 'late' : 'bar' }));
  });
  return svg;
}

/** Standing bars side by side: rows of {label, values: [a, b]}; a is drawn lighter. Only some of the labels are written. */
export function columns(rows, label, names) {
  const width = 640, height = 190, top = 26, bottom = 24, left = 34;
  const most = Math.max(4, ...rows.flatMap((r) => r.values));
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000].find((n) => most / n <= 4) ?? Math.ceil(most / 4);
  const y = (v) => height - bottom - (height - top - bottom) * v / most;
  const slot = (width - left) / rows.length;
  const bar = Math.min(16, slot * 0.38);
  const every = Math.ceil(rows.length / 8);
  const svg = s('svg', { viewBox: `0 0 ${width} ${height}`, class: 'chart', role: 'img', 'aria-label': label });
  for (let v = 0; v <= most; v += step) svg.append(s('line', { x1: left, x2: width, y1: y(v), y2: y(v), class: 'axis' }), s('text', { x: left - 8, y: y(v) + 4, 'text-anchor': 'end' }, String(v)));
  rows.forEach((r, i) => {
    const middle = left + slot * (i + 0.5);
    r.values.forEach((v, k) => { if (v) svg.append(s('rect', { x: middle - bar + k * bar, y: y(v), width: bar - 1, height: height - bottom - y(v), rx: Math.min(2, bar / 4), class: k ? 'bar' : 'soft' })); });
    if ((rows.length - 1 - i) % every === 0) svg.append(s('text', { x: middle, y: height - 6, 'text-anchor': 'middle' }, r.label));
  });
  names.forEach((name, k) => svg.append(s('rect', { x: left + k * 150, y: 2, width: 11, height: 11, rx: 2, class: k ? 'bar' : 'soft' }), s('text', { x: left + 17 + k * 150, y: 12 }, name)));
  return svg;
}

/** A chart and the table of its figures: `head` the columns' names, `rows` the cells as text, the first names the row. */
export const beside = (svg, caption, head, rows) => h('div', { class: 'panel charted' }, h('figure', {}, svg),
  h('div', { class: 'scroll-x figures-table', tabindex: '0', role: 'region', 'aria-label': caption }, h('table', { class: 'plain-table' }, h('caption', { class: 'visually-hidden' }, caption), h('thead', {}, h('tr', {}, head.map((k) => h('th', { scope: 'col' }, k)))), h('tbody', {}, rows.map(([first, ...rest]) => h('tr', {}, h('th', { scope: 'row' }, first), rest.map((c) => h('td', {}, c))))))));
