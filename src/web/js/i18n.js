// Texts and formats of the interface. One table a language: js/text/LANGUAGE.js (shell, worklist, review) and
// js/text/LANGUAGE-pages.js. A text may hold {name}; a key with .one and .other is chosen by {n}.

import en from './text/en.js';
import enPages from './text/en-pages.js';
import de from './text/de.js';
import dePages from './text/de-pages.js';

export const tables = { en: { ...en, ...enPages }, de: { ...de, ...dePages } };
const stored = () => { try { return localStorage.getItem('osler.language'); } catch { return null; } };
const wanted = () => [stored(), ...(globalThis.navigator?.languages ?? ['en'])].map((l) => l?.slice(0, 2)).find((l) => l in tables) ?? 'en';

export let language = wanted();
export function setLanguage(to) {
  language = to;
  try { localStorage.setItem('osler.language', to); } catch { /* private window */ }
  document.documentElement.lang = to;
}

/** The text of a key. */
export function t(key, values = {}) {
  const table = tables[language];
  let text = table[key] ?? tables.en[key];
  if (text === undefined && 'n' in values) {
    const form = new Intl.PluralRules(language).select(values.n);
    text = table[`${key}.${form}`] ?? table[`${key}.other`] ?? tables.en[`${key}.${form}`] ?? tables.en[`${key}.other`];
  }
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
}
/** Whether there is a text of that key. */
export const has = (key) => key in tables.en;

/** A sentence for what went wrong: what happened and what to do. */
export function said(error) {
  if (error?.name !== 'Problem') return t('error.page', { detail: error?.message ?? String(error) });
  if (error.reason === 'network') return t('error.network');
  if (error.reason === 'too_many') return t('error.too_many', { s: error.more.retryAfter ?? 60 });
  const known = `error.${error.reason}`;
  if (error.message && has(known)) return `${t(known)} ${error.message}`.trim();
  return error.message || t(has(known) ? known : 'error.other', { status: error.status });
}

/** How dates and numbers are written: as the browser's region does in this language. */
const region = () => (globalThis.navigator?.languages ?? []).find((l) => l.startsWith(language)) ?? language;
const two = (n) => String(n).padStart(2, '0');
export const format = {
  /** Seconds as 1:51 or 1:02:03. */
  clock: (s) => { const v = Math.max(0, Math.floor(s || 0)); const h = Math.floor(v / 3600); return h ? `${h}:${two(Math.floor(v / 60) % 60)}:${two(v % 60)}` : `${Math.floor(v / 60)}:${two(v % 60)}`; },
  seconds: (s) => t('unit.s', { n: new Intl.NumberFormat(region(), { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(s) }),
  date: (iso) => (iso ? new Intl.DateTimeFormat(region(), { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`)) : ''),
  /** Day and month, short: for the feet of a chart. */
  day: (iso) => new Intl.DateTimeFormat(region(), { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(new Date(`${iso.slice(0, 10)}T00:00:00Z`)),
  time: (at) => new Intl.DateTimeFormat(region(), { hour: '2-digit', minute: '2-digit' }).format(new Date(at)),
  at: (at) => (new Date(at).toDateString() === new Date().toDateString() ? t('at.today', { time: format.time(at) }) : new Intl.DateTimeFormat(region(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at))),
  number: (n, digits = 0) => new Intl.NumberFormat(region(), { maximumFractionDigits: digits }).format(n),
  age: (birth, on = new Date()) => { const b = new Date(`${birth}T00:00:00Z`); let a = on.getUTCFullYear() - b.getUTCFullYear(); if (on.getUTCMonth() < b.getUTCMonth() || (on.getUTCMonth() === b.getUTCMonth() && on.getUTCDate() < b.getUTCDate())) a -= 1; return a; },
  name: (p) => `${p.family}, ${p.given}`,
  sex: (s) => t(`sex.${s ?? 'unknown'}`),
  kind: (k) => { const key = `kind.${k}`; return has(key) ? t(key) : (k ?? '').replace(/[_-]/g, ' ').replace(/^./, (c) => c.toUpperCase()); },
  /** How long until (or since) a moment: {text, late, soon, part}: part is how much of the time is used up, 0 to 1. */
  due: (due, received, now = Date.now()) => {
    if (!due) return { text: t('due.none'), late: false, soon: false, part: 0 };
    const left = new Date(due) - now;
    const whole = Math.max(1, new Date(due) - new Date(received ?? now));
    const min = Math.round(Math.abs(left) / 60000);
    const span = min < 60 ? t('due.min', { n: min }) : min < 300 && min % 60 ? t('due.h_min', { h: Math.floor(min / 60), m: two(min % 60) }) : min < 2880 ? t('due.h', { n: Math.round(min / 60) }) : t('due.days', { n: Math.round(min / 1440) });
    return { text: left < 0 ? t('due.late', { span }) : span, late: left < 0, soon: left >= 0 && (left < 15 * 60000 || left < whole / 4), part: Math.min(1, Math.max(0.02, 1 - left / whole)) };
  },
};
