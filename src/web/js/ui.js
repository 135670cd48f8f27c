// The few pieces that pages are made of. Everything goes into the page as text, never as markup.

import { t, format, said } from './i18n.js';
import { label } from './model/keys.js';

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'selected', 'indeterminate', 'readOnly', 'textContent', 'className', 'htmlFor', 'tabIndex', 'open', 'muted', 'scrollTop', 'spellcheck']);

/**
 * An element: h('button', {class: 'btn', onclick: f, 'aria-label': 'x', dataset: {id: 1}}, 'text', child, [more], null).
 * Null and false children and attributes are left out. There is no `style` string (the page's policy forbids it): style: {width: '3px'}.
 */
export function h(tag, props = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else if (name === 'class') e.className = value;
    else if (name === 'dataset') for (const [k, v] of Object.entries(value)) { if (v !== null && v !== undefined && v !== false) e.dataset[k] = v; }
    else if (name === 'style') for (const [k, v] of Object.entries(value)) e.style.setProperty(k.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`), v);
    else if (PROPERTIES.has(name)) e[name] = value;
    else e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false));
  return e;
}

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  list: 'M4 6h16M4 12h16M4 18h10', mic: 'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5 11a7 7 0 0 0 14 0M12 18v3', home: 'M4 11l8-7 8 7M6 9.5V20h12V9.5',
  people: 'M9 4.8a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4M3.5 19a5.5 5.5 0 0 1 11 0M16 5.2a3.2 3.2 0 0 1 0 5.6M17.5 14a5.5 5.5 0 0 1 3 5', person: 'M12 4.5a3.6 3.6 0 1 1 0 7.2 3.6 3.6 0 0 1 0-7.2M5 20a7 7 0 0 1 14 0',
  search: 'M11 5a6 6 0 1 1 0 12 6 6 0 0 1 0-12M20 20l-4.5-4.5', book: 'M5 4h11a3 3 0 0 1 3 3v13H8a3 3 0 0 1-3-3zM5 17a3 3 0 0 1 3-3h11',
  gear: 'M12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.1 2.1M16.3 16.3l2.1 2.1M5.6 18.4l2.1-2.1M16.3 7.7l2.1-2.1', up: 'M12 20V8M7 12l5-5 5 5M5 4h14',
  inbox: 'M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5',
  sign: 'M4 20h16M6 16c3-9 6-12 8-11s-2 7-5 9c3-2 5-3 6-2s-1 3 4 2', shield: 'M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z', queue: 'M4 5h16v4H4zM4 12h16v3H4zM4 18h16', out: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  play: 'M8 5l11 7-11 7z', pause: 'M8 5v14M16 5v14', check: 'M4 11l5 5L20 6', cross: 'M5 5l14 14M19 5L5 19', more: 'M5 12h.01M12 12h.01M19 12h.01', clock: 'M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16M12 8v4l3 2', lock: 'M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3', keys: 'M3 7h18v11H3zM7 11h.01M11 11h.01M15 11h.01M8 14.5h8',
  sound: 'M4 10v4h3l5 4V6l-5 4zM16 9a4 4 0 0 1 0 6', back: 'M15 5l-7 7 7 7', next: 'M9 5l7 7-7 7', undo: 'M9 7L4 12l5 5M4 12h10a6 6 0 0 1 6 6', note: 'M5 4h14v12l-5 4H5zM14 20v-4h5', half: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
};
export function icon(name, cls = 'icon') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', cls);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name] ?? ICONS.more);
  svg.append(path);
  return svg;
}

/** A key as it is printed on the keyboard. */
export const kbd = (chord) => h('kbd', { 'aria-hidden': 'true' }, label(chord, platform()));
export const platform = () => (/mac/i.test(globalThis.navigator?.userAgentData?.platform ?? globalThis.navigator?.platform ?? '') ? 'mac' : 'other');

/** A button; `chord` shows its key, and tells it to a screen reader. */
export function button(text, onclick, { cls = 'btn', chord, iconName, ...props } = {}) {
  return h('button', { type: 'button', class: cls, onclick, 'aria-keyshortcuts': chord?.replace('Ctrl', 'Control'), ...props }, iconName && icon(iconName), text, chord && kbd(chord));
}

/** A labelled field. `input` gets an id; wrong(text) shows what to do. */
let ids = 0;
export const id = (prefix = 'f') => `${prefix}-${(ids += 1)}`;
export function field(text, input, hint) {
  input.id ||= id();
  const below = hint && h('span', { class: 'hint', id: `${input.id}-hint` }, hint);
  const wrong = h('span', { class: 'wrong', id: `${input.id}-wrong`, hidden: true });
  input.setAttribute('aria-describedby', [below && `${input.id}-hint`, `${input.id}-wrong`].filter(Boolean).join(' '));
  const e = h('div', { class: 'field' }, h('label', { for: input.id }, text), input, below, wrong);
  e.input = input;
  e.wrong = (message) => { wrong.textContent = message ?? ''; wrong.hidden = !message; if (message) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid'); };
  return e;
}

/** Says something to a screen reader without moving anything. */
export function speak(text) {
  const line = document.getElementById('spoken');
  line.textContent = '';
  requestAnimationFrame(() => { line.textContent = text; });
}

/**
 * A dialog. `build(close)` gives its content; resolves to what close was called with, undefined where it was cancelled.
 * Focus goes in and comes back; Escape cancels unless `must`.
 */
export function dialog(build, { title, wide = false, must = false, describedby } = {}) {
  return new Promise((resolve) => {
    const before = document.activeElement;
    const heading = id('dialog');
    let done = false;
    const close = (value) => {
      if (done) return;
      done = true;
      e.close();
      e.remove();
      if (before?.isConnected) before.focus({ preventScroll: true });
      resolve(value);
    };
    const e = h('dialog', { class: wide ? 'wide' : '', 'aria-labelledby': title ? heading : null, 'aria-describedby': describedby });
    e.append(h('div', { class: 'in' }, title && h('h2', { id: heading }, title), build(close)));
    e.addEventListener('cancel', (event) => { event.preventDefault(); if (!must) close(); });
    e.addEventListener('keydown', (event) => event.stopPropagation());
    document.getElementById('dialogs').append(e);
    e.showModal();
    (e.querySelector('[autofocus]') ?? e.querySelector('input, textarea, select, .btn.primary, button'))?.focus();
  });
}

/** Asks yes or no. */
export const confirm = (title, say, { yes = t('yes'), no = t('cancel'), danger = false } = {}) => dialog((close) => [
  h('p', { class: 'say' }, say),
  h('div', { class: 'actions' }, button(no, () => close(false)), button(yes, () => close(true), { cls: danger ? 'btn danger' : 'btn primary', autofocus: true })),
], { title }).then(Boolean);

/** Asks for words; resolves to them or undefined. `check(text)` gives what is wrong with them, or nothing. */
export const prompt = (title, { say, label: text = '', value = '', multiline = false, yes = t('ok'), check = (v) => (v.trim() ? '' : t('error.empty')) } = {}) => dialog((close) => {
  const input = h(multiline ? 'textarea' : 'input', { value, autofocus: true, rows: multiline ? 4 : null });
  const f = field(text || title, input);
  const go = () => { const wrong = check(input.value); f.wrong(wrong); if (!wrong) close(input.value.trim()); else input.focus(); };
  return h('form', { novalidate: true, onsubmit: (e) => { e.preventDefault(); go(); } }, say && h('p', { class: 'say' }, say), f,
    h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, yes)));
}, { title });

/** What could not be done, where it was to be shown: a sentence and, where it helps, to try again. */
export const failure = (error, again) => h('div', { class: 'empty', role: 'alert' }, h('b', {}, t('error.title')), said(error), again && h('div', {}, button(t('again'), again, { cls: 'btn' })));
export const empty = (title, say, action) => h('div', { class: 'empty' }, h('b', {}, title), say, action && h('div', {}, action));

/** The patient with both identifiers and the allergies: for the bar of every page about a patient. */
export function patientLine(p, { link = false } = {}) {
  const name = format.name(p);
  const allergies = p.allergies;
  return h('div', { class: 'patient', role: 'group', 'aria-label': t('patient') },
    h('b', {}, link ? h('a', { href: `#/patient/${encodeURIComponent(p.mrn)}` }, name) : name),
    h('span', { class: 'id' }, t('patient.born', { date: format.date(p.birth_date), age: format.age(p.birth_date), sex: format.sex(p.sex) })),
    h('span', { class: 'id' }, t('patient.mrn', { mrn: p.mrn })),
    allergies && (allergies.length ? h('span', { class: 'chip danger' }, t('patient.allergies', { n: allergies.length, list: allergies.map((a) => a.text).join(', ') })) : h('span', { class: 'chip' }, t('patient.no_allergies'))));
}

/** Priority as word and shape. */
export const priority = (p) => h('span', { class: p === 'stat' ? 'chip danger' : p === 'urgent' ? 'chip warn' : 'chip' }, t(`priority.${p}`));

/** A menu under a button: items {text, run, chord, danger} or null for a line. */
export function menu(anchor, items) {
  const close = () => { e.remove(); document.removeEventListener('pointerdown', outside, true); anchor.setAttribute('aria-expanded', 'false'); };
  const outside = (event) => { if (!e.contains(event.target)) close(); };
  const e = h('div', { class: 'menu', role: 'menu' }, items.map((i) => (i === null ? h('hr') : h('button', { type: 'button', role: 'menuitem', class: i.danger ? 'danger' : null, onclick: () => { close(); anchor.focus(); i.run(); } }, i.text, i.chord && kbd(i.chord)))));
  document.getElementById('dialogs').append(e);
  const at = anchor.getBoundingClientRect();
  const size = e.getBoundingClientRect();
  e.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  e.style.top = `${at.bottom + size.height + 4 > innerHeight ? at.top - size.height - 4 : at.bottom + 4}px`;
  anchor.setAttribute('aria-expanded', 'true');
  const buttons = [...e.querySelectorAll('button')];
  buttons[0]?.focus();
  e.addEventListener('keydown', (event) => {
    event.stopPropagation();
    const at = buttons.indexOf(document.activeElement);
    if (event.key === 'Escape') { close(); anchor.focus(); }
    else if (event.key === 'ArrowDown') buttons[(at + 1) % buttons.length].focus();
    else if (event.key === 'ArrowUp') buttons[(at + buttons.length - 1) % buttons.length].focus();
    else if (event.key === 'Tab') close();
    else return;
    event.preventDefault();
  });
  document.addEventListener('pointerdown', outside, true);
}
