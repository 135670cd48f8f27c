// What is to be done, the most urgent first. Rows change where they stand when the service tells; nothing jumps.

import { api } from '../api.js';
import { h, button, kbd, priority, failure, empty, icon } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind, key } from '../keys.js';

const PLACES = { secretary: ['to_correct', 'questions', 'to_sign', 'under_way', 'rejected', 'filed'], physician: ['to_sign', 'questions', 'to_correct', 'under_way', 'rejected', 'filed'] };
const LIMIT = 100;

export async function mount(root, params, app) {
  const { role } = app.session.user;
  const places = PLACES[role] ?? PLACES.secretary;
  let place = places.includes(params.place) ? params.place : places[0];
  let filters = { priority: '', author: '', assigned: '' };
  let items = [];
  let cursor = null;
  let selected = null;
  let counts = null;
  const offs = [];

  const greeting = h('div', { class: 'row' }, h('h1', { class: 'name' }, t(greet(), { name: first(app.session.user.name) })));
  const figures = h('span', { class: 'quiet' });
  const next = role === 'secretary' ? button(t('work.next'), () => takeNext(), { cls: 'btn primary', chord: key('list', 'next') }) : null;
  app.bar(greeting, figures, h('div', { class: 'row push' }, h('a', { class: 'btn plain', href: '#/search' }, icon('search'), t('work.find'), kbd(key('all', 'search'))), next));

  const tabs = h('div', { class: 'tabs', role: 'tablist', 'aria-label': t('page.worklist') });
  const author = h('select', { 'aria-label': t('work.author') });
  const urgency = h('select', { 'aria-label': t('work.priority') }, [['', t('work.any_priority')], ...['stat', 'urgent', 'routine'].map((p) => [p, t(`priority.${p}`)])].map(([value, text]) => h('option', { value }, text)));
  const mine = h('input', { type: 'checkbox' });
  const body = h('tbody');
  const table = h('table', { class: 'list worklist' }, h('thead', {}, h('tr', {}, ['priority', 'due', 'patient', 'kind', 'author', 'length', 'flags', 'state'].map((c) => h('th', { scope: 'col', class: `col-${c}` }, t(`work.col.${c}`))))), body);
  const more = button(t('work.more'), () => load(true, false), { cls: 'btn' });
  const list = h('div', { class: 'scroll-x' });
  root.replaceChildren(h('div', { class: 'page' }, h('div', { class: 'page-head' }, h('h2', {}, t('page.worklist')), tabs, h('div', { class: 'row push filters' }, urgency, author, role === 'secretary' && h('label', { class: 'row tight' }, mine, t('work.mine')))), list, h('div', { class: 'row', style: { marginTop: '16px' } }, more)));

  const drawTabs = () => tabs.replaceChildren(...places.map((p, i) => h('button', { type: 'button', role: 'tab', 'aria-selected': String(p === place), tabIndex: p === place ? 0 : -1, onclick: () => go(p), onkeydown: (e) => { const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key]; if (by && !e.altKey) { e.preventDefault(); e.stopPropagation(); go(places[(i + by + places.length) % places.length]); tabs.querySelector('[aria-selected=true]').focus(); } } }, t(`work.place.${p}`), ' ', h('span', { class: 'n' }, counts?.places?.[p]?.n ?? ''))));
  const go = (p) => { place = p; selected = null; drawTabs(); load(); };

  const row = (d) => {
    const due = format.due(d.due_at, d.received_at);
    const locked = d.lock && !d.lock.mine;
    const note = locked ? t('work.editing', { name: d.lock.name }) : d.lock?.mine ? t('work.yours') : d.state === 'suspended' && d.phase === 'recorded' ? t('work.failed') : d.state === 'suspended' ? t('work.aside') : d.state === 'rejected' ? d.note : d.phase === 'recorded' ? t('work.hearing') : d.note ? `“${d.note.split('\n')[0]}”` : '';
    return h('tr', { tabindex: d.id === selected ? '0' : '-1', 'aria-selected': String(d.id === selected), class: locked ? 'locked' : null, dataset: { id: d.id }, onclick: () => open(d), onfocus: () => select(d.id, false) },
      h('td', {}, d.priority === 'routine' ? h('small', {}, t('priority.routine')) : priority(d.priority)),
      h('td', {}, h('span', { class: due.late ? 'due late' : due.soon ? 'due soon' : 'due', 'aria-hidden': 'true' }, h('i', { style: { width: `${due.part * 100}%` } })), h('span', { class: due.late ? 'late-text' : due.soon ? 'soon-text' : null }, due.text)),
      h('td', {}, h('a', { class: 'plain', href: address(d), tabindex: '-1', onclick: (e) => e.stopPropagation() }, format.name(d.patient)), ' ', h('small', {}, `${format.sex(d.patient.sex)} ${d.patient.birth_date.slice(0, 4)} · ${d.patient.mrn}`)),
      h('td', {}, format.kind(d.kind)), h('td', {}, d.author.name), h('td', {}, d.length_s ? format.clock(d.length_s) : h('small', {}, '–')), h('td', {}, d.phase === 'recorded' ? h('small', {}, '–') : d.flags || h('small', {}, t('work.none'))),
      h('td', { class: 'note-cell' }, locked && icon('lock', 'icon tiny'), h('small', {}, note), d.phase === 'recorded' && d.state === 'in_progress' && h('progress', { max: '1', 'aria-label': t('work.hearing'), dataset: { progress: d.id } })));
  };
  const address = (d) => (d.phase === 'filed' || d.phase === 'signed' ? `#/patient/${encodeURIComponent(d.patient.mrn)}` : role === 'physician' && d.phase === 'awaiting_signature' ? `#/sign/${encodeURIComponent(d.id)}` : `#/review/${encodeURIComponent(d.id)}`);

  const draw = () => {
    const authors = new Map(items.map((d) => [d.author.username, d.author.name]));
    if (filters.author) authors.set(filters.author, authors.get(filters.author) ?? filters.author);
    author.replaceChildren(...[['', t('work.any_author')], ...[...authors].sort((a, b) => a[1].localeCompare(b[1]))].map(([value, text]) => h('option', { value, selected: value === filters.author }, text)));
    const had = body.contains(document.activeElement);
    if (!items.some((d) => d.id === selected)) selected = items[0]?.id ?? null;
    body.replaceChildren(...items.map(row));
    list.replaceChildren(items.length ? table : Object.values(filters).some(Boolean) ? empty(t('work.empty.filtered'), t('work.empty.filtered.say'), button(t('work.clear'), () => { filters = { priority: '', author: '', assigned: '' }; urgency.value = ''; mine.checked = false; load(); })) : empty(t(`work.empty.${place}`), t('work.empty.say')));
    more.hidden = !cursor;
    if (had) body.querySelector('[aria-selected=true]')?.focus({ preventScroll: true });
  };
  let turn = 0;
  const load = async (further = false, background = false) => {
    const mine_ = (turn += 1);
    try {
      const answer = await api.get(`/worklist${api.query({ place, ...filters, limit: LIMIT, cursor: further ? cursor : '' })}`, { background });
      if (mine_ !== turn) return;
      items = further ? [...items, ...answer.items] : answer.items;
      cursor = answer.next;
      draw();
    } catch (error) { if (mine_ === turn) list.replaceChildren(failure(error, () => load())); }
  };
  const count = async (background = false) => {
    try {
      counts = await api.get('/worklist/counts', { background });
      drawTabs();
      const todo = counts.places[places[0]] ?? { n: 0, overdue: 0 };
      let turnaround = null;
      if (role === 'secretary') turnaround = await api.get(`/worklist/turnaround${api.query({ start: 'received', stop: 'submitted', since: new Date(new Date().setHours(0, 0, 0, 0)).toISOString() })}`, { background }).catch(() => null);
      const median = turnaround?.median_s ?? turnaround?.seconds?.median;
      figures.replaceChildren(t('work.waiting', { n: todo.n }), todo.overdue ? h('span', { class: 'late-text' }, ` · ${t('work.overdue', { n: todo.overdue })}`) : '', median ? ` · ${t('work.turnaround', { time: span(median) })}` : '');
    } catch (error) { figures.textContent = said(error); }
  };
  const span = (s) => (s < 3600 ? t('due.min', { n: Math.max(1, Math.round(s / 60)) }) : t('due.h_min', { h: Math.floor(s / 3600), m: String(Math.round((s % 3600) / 60)).padStart(2, '0') }));

  const select = (id, focus = true) => {
    if (id === null) return;
    const was = body.querySelector('[aria-selected=true]');
    if (was) { was.setAttribute('aria-selected', 'false'); was.tabIndex = -1; }
    selected = id;
    const is = body.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!is) return;
    is.setAttribute('aria-selected', 'true');
    is.tabIndex = 0;
    if (focus) { is.focus({ preventScroll: true }); is.scrollIntoView({ block: 'nearest' }); }
  };
  const open = (d) => { if (d) app.go(address(d).slice(1)); };
  const takeNext = async () => {
    try {
      const d = await api.post('/worklist/next');
      if (d) app.go(`/review/${encodeURIComponent(d.id)}`); else app.notice('next', t('work.nothing'));
    } catch (error) { app.notice('next', said(error), { kind: 'danger' }); }
  };
  const move = (by) => { const i = items.findIndex((d) => d.id === selected); const d = items[Math.max(0, Math.min(items.length - 1, i + by))]; if (d) select(d.id); };

  urgency.addEventListener('change', () => { filters.priority = urgency.value; load(); });
  author.addEventListener('change', () => { filters.author = author.value; load(); });
  mine.addEventListener('change', () => { filters.assigned = mine.checked ? 'me' : ''; load(); });
  offs.push(bind('list', { down: () => { move(1); }, up: () => { move(-1); }, open: () => { if (document.activeElement?.closest('a, button')) return false; open(items.find((d) => d.id === selected)); return true; }, next: next ? () => { takeNext(); } : undefined, refresh: () => { load(); count(); } }));

  let timer = 0;
  offs.push(app.on((name, e) => {
    if (name === 'progress') { const bar = body.querySelector(`[data-progress="${CSS.escape(String(e.id))}"]`); if (bar && e.of_s) bar.value = e.done_s / e.of_s; return; }
    clearTimeout(timer);
    timer = setTimeout(() => { load(false, true); count(true); }, 400);
  }));
  const minute = setInterval(() => { draw(); count(true); }, 60_000);
  offs.push(() => { clearTimeout(timer); clearInterval(minute); turn += 1; });

  drawTabs();
  await Promise.all([load(), count()]);
  body.querySelector('[aria-selected=true]')?.focus({ preventScroll: true });
  return () => offs.forEach((off) => off());
}

const greet = (hour = new Date().getHours()) => (hour < 11 ? 'work.morning' : hour < 18 ? 'work.day' : 'work.evening');
const first = (name) => (/^(Dr|Prof)\b/.test(name) ? name : name.split(' ')[0]);
