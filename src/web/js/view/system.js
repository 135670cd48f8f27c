// How the practice and its installation are doing: how long reports take, what waits where; for administrators also what
// `osler doctor` finds, the engine and its models, room, keys.

import { h, button, empty, failure } from '../ui.js';
import { t, format } from '../i18n.js';
import { bind, key } from '../keys.js';
import { bars, beside, columns } from '../chart.js';
import { weeks } from '../model/volume.js';

const LEGS = [['received', 'drafted'], ['drafted', 'submitted'], ['submitted', 'signed'], ['received', 'signed'], ['received', 'filed']];
const DAYS = [1, 7, 30, 90];
// What waits, in the order and words of the worklist.
const PLACES = ['under_way', 'to_correct', 'questions', 'to_sign', 'rejected'];

/** Seconds as 4 min, 2.5 h, 3 d. */
const span = (v) => (v < 90 ? t('unit.s', { n: format.number(v) }) : v < 5400 ? t('due.min', { n: format.number(v / 60) }) : v < 172800 ? t('due.h', { n: format.number(v / 3600, 1) }) : t('due.days', { n: format.number(v / 86400, 1) }));
const size = (bytes) => (bytes >= 1e9 ? t('unit.gb', { n: format.number(bytes / 1e9, 1) }) : t('unit.mb', { n: format.number(bytes / 1e6) }));
const CHIP = { ok: 'chip good', warning: 'chip warn', failed: 'chip danger' };

export async function mount(root, params, app) {
  const administrator = app.session.user.role === 'administrator';
  const work = h('div', { class: 'admin' });
  const house = h('div', { class: 'admin' });
  root.replaceChildren(h('div', { class: 'page admin' }, administrator && house, work));
  let days = DAYS.includes(Number(params.days)) ? Number(params.days) : 7;
  const refresh = button(t('system.again'), () => { read(); }, { chord: key('system', 'refresh') });
  app.bar(h('h1', {}, t('page.system')), h('span', { class: 'quiet' }, t('system.version', { version: app.practice.version })), h('span', { class: 'push' }), refresh);

  // ---- the installation
  const figure = (k, value, more, kind) => h('div', { class: 'figure' }, h('span', { class: 'label' }, t(`system.${k}`)), h('b', { class: [kind, String(value).length > 12 && 'long'].filter(Boolean).join(' ') || null }, value), more && h('small', {}, more));
  const command = (text) => h('code', { class: 'command', tabindex: '0' }, text);

  function checks(list) {
    const open = list.filter((c) => c.health !== 'ok').sort((a, b) => (a.health === b.health ? 0 : a.health === 'failed' ? -1 : 1));
    const line = (c) => h('li', { class: 'check-line' }, h('span', { class: CHIP[c.health] }, t(`system.health.${c.health}`)), h('div', {}, h('b', {}, t(`system.check.${c.what.replaceAll(' ', '_')}`)), h('p', {}, c.found), c.advice && h('p', { class: 'quiet' }, t('system.advice'), ' ', /^osler [a-z]/.test(c.advice) ? command(c.advice) : c.advice)));
    const well = list.filter((c) => c.health === 'ok');
    return h('section', { 'aria-label': t('system.findings') }, h('h2', {}, t('system.findings'), h('small', {}, t('system.findings.say'))),
      open.length ? h('ul', { class: 'rows' }, open.map(line)) : h('p', { class: 'panel' }, h('span', { class: 'chip good' }, t('system.health.ok')), ' ', t('system.well', { n: well.length })),
      well.length > 0 && h('details', { class: 'spaced' }, h('summary', {}, t('system.well.show', { n: well.length })), h('ul', { class: 'rows spaced' }, well.map(line))));
  }
  function models(s) {
    const state = (m) => (m.in_use ? h('span', { class: 'chip good' }, t('system.model.in_use')) : m.file ? h('span', { class: 'chip' }, t('system.model.there')) : h('span', { class: 'quiet' }, t('system.model.missing')));
    const sum = (m) => !m.file ? h('small', {}, t('system.model.fetch'), ' ', command(`osler models fetch ${m.name}`)) : [h('span', { class: m.is_right === false ? 'chip danger' : m.is_right ? 'chip good' : 'chip warn' }, t(`system.model.sum.${m.is_right === false ? 'wrong' : m.is_right ? 'right' : 'unknown'}`)), ' ', h('small', { class: 'secret-line', title: m.sha256 }, `sha256 ${m.sha256.slice(0, 16)}…`), m.is_right === false && h('div', {}, command(`osler models fetch ${m.name}`))];
    return h('section', { 'aria-label': t('system.models') }, h('h2', {}, t('system.models'), h('small', {}, s.models_folder)),
      s.engine.state === 'failed' && h('p', { class: 'late-text', role: 'alert' }, t('system.engine.failed.say', { reason: s.engine.reason })),
      h('div', { class: 'scroll-x', tabindex: '0', role: 'region', 'aria-label': t('system.models') }, h('table', { class: 'list' }, h('thead', {}, h('tr', {}, ['name', 'state', 'languages', 'disk', 'sum', 'licence'].map((k) => h('th', { scope: 'col' }, t(`system.model.col.${k}`))))),
        h('tbody', {}, s.models.map((m) => h('tr', {}, h('th', { scope: 'row' }, m.name), h('td', {}, state(m)), h('td', {}, m.languages), h('td', {}, size(m.disk_bytes), !m.file && h('small', {}, ` (${t('system.model.download', { size: size(m.download_bytes) })})`)), h('td', {}, sum(m)), h('td', {}, m.licence)))))),
      h('p', { class: 'quiet spaced' }, t('system.models.say', { model: s.configured_model })));
  }
  async function readHouse() {
    try {
      const [s, queue] = await Promise.all([app.api.get('/system'), app.api.get('/queue')]);
      const dead = queue.items.filter((q) => q.state === 'suspended').length;
      const waits = queue.items.length - dead;
      house.replaceChildren(
        h('section', { class: 'figures', 'aria-label': t('system.house') },
          figure('engine', s.engine.model ?? t(`system.engine.${s.engine.state}`), s.engine.model && t('system.engine.ready'), s.engine.state === 'failed' || s.engine.state === 'off' ? 'late-text' : null),
          s.disk && figure('disk', t('system.disk.free', { free: size(s.disk.free_bytes) }), t('system.disk.of', { total: size(s.disk.total_bytes) }), s.disk.is_little ? 'late-text' : null),
          figure('queue', t('system.queue.waits', { n: waits }), dead ? h('a', { href: '#/queue', class: 'late-text' }, t('system.queue.dead', { n: dead })) : t('system.queue.none_dead')),
          figure('encryption', t(`system.encryption.${s.database_encrypted ? 'all' : 'sound'}`), t(`system.encryption.${s.database_encrypted ? 'all' : 'sound'}.say`), s.database_encrypted ? null : 'late-text'),
          figure('backup', s.backup?.last_at ? format.at(s.backup.last_at) : t('system.backup.none'), s.backup ? s.backup.folder : t('system.backup.none.say'), s.backup?.last_at ? null : 'late-text'),
          s.memory_bytes && figure('memory', size(s.memory_bytes), t('system.memory.say'))),
        checks(s.checks), models(s));
    } catch (error) { house.replaceChildren(failure(error, readHouse)); }
  }

  // ---- the work
  const choose = h('div', { class: 'tabs', role: 'group', 'aria-label': t('system.since') }, DAYS.map((n) => h('button', { type: 'button', onclick: () => { days = n; readWork(); } }, t('system.days', { n }))));
  const shown = h('div', { class: 'admin' });
  work.append(choose, shown);
  async function readWork() {
    const since = new Date(Date.now() - days * 86400000).toISOString();
    [...choose.children].forEach((b, i) => b.setAttribute('aria-pressed', String(DAYS[i] === days)));
    try {
      const [legs, counts, volume] = await Promise.all([
        Promise.all(LEGS.map(async ([start, stop]) => ({ start, stop, ...(await app.api.get(`/worklist/turnaround${app.api.query({ start, stop, since })}`)) }))),
        app.api.get('/worklist/counts'),
        app.api.get(`/worklist/volume${app.api.query({ days: Math.max(7, days) })}`),
      ]);
      const whole = legs.at(-2);
      const timed = legs.filter((l) => l.n > 0 && l.median_s !== undefined && l.median_s !== null);
      const name = (l) => t(`system.leg.${l.start}.${l.stop}`);
      shown.replaceChildren(
        h('section', { class: 'figures', 'aria-label': t('system.figures') }, figure('finished', format.number(whole.n ?? 0)), figure('open', format.number(whole.open ?? 0)), figure('late', format.number(whole.late ?? 0), null, whole.late ? 'late-text' : null)),
        h('section', { 'aria-label': t('system.turnaround') }, h('h2', {}, t('system.turnaround'), h('small', {}, t('system.turnaround.say'))), timed.length
          ? beside(bars(timed.map((l) => ({ label: name(l), value: l.median_s, more: l.p90_s })), t('system.turnaround')), t('system.turnaround'), ['leg', 'reports', 'median', 'p90'].map((k) => t(`system.col.${k}`)), timed.map((l) => [name(l), format.number(l.n), span(l.median_s), span(l.p90_s ?? l.median_s)]))
          : empty(t('system.none'), t('system.none.say'))),
        perDay(volume.items), waiting(counts));
    } catch (error) { shown.replaceChildren(failure(error, readWork)); }
  }
  function perDay(items) {
    const long = items.length > 31;
    const rows = long ? weeks(items) : items;
    const names = [t('system.col.received'), t('system.col.signed')];
    const label = (r) => (long ? t('system.week', { day: format.day(r.date) }) : format.date(r.date));
    return h('section', { 'aria-label': t('system.per_day') }, h('h2', {}, long ? t('system.per_week') : t('system.per_day')), rows.some((r) => r.received || r.signed)
      ? beside(columns(rows.map((r) => ({ label: format.day(r.date), values: [r.received, r.signed] })), t('system.per_day'), names), t('system.per_day'), [t('system.col.day'), ...names], [...rows].reverse().map((r) => [label(r), format.number(r.received), format.number(r.signed)]))
      : empty(t('system.volume.none'), t('system.volume.none.say')));
  }
  function waiting(counts) {
    const places = PLACES.filter((k) => counts.places?.[k]).map((k) => [k, counts.places[k]]);
    if (!places.length) return '';
    return h('section', { 'aria-label': t('system.volume') }, h('h2', {}, t('system.volume')), beside(bars(places.map(([k, c]) => ({ label: t(`work.place.${k}`), value: c.n, late: c.overdue > 0 })), t('system.volume')), t('system.volume'), ['place', 'waits', 'overdue'].map((k) => t(`system.col.${k}`)), places.map(([k, c]) => [t(`work.place.${k}`), format.number(c.n), format.number(c.overdue)])));
  }

  const read = () => Promise.all([administrator && readHouse(), readWork()]);
  const off = bind('system', { refresh: () => { read(); }, ...Object.fromEntries(DAYS.map((n, i) => [`days${i + 1}`, () => { days = n; readWork(); }])) });
  await read();
  return () => { off(); };
}
