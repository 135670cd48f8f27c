// Recordings that came by themselves and fit no patient for certain: heard, given to a patient, or put aside with a reason.

import { h, button, dialog, empty, failure, field, prompt } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { bind, key } from '../keys.js';
import { finder, identity } from '../pick.js';
import { Clip } from '../clip.js';
import { asksFor, namedAuthors } from '../model/arrival.js';

export async function mount(root, params, app) {
  const { api } = app;
  const me = app.session.user;
  const physician = me.role === 'physician';
  const clip = new Clip(() => draw());
  const page = h('div', { class: 'page inbox' });
  root.replaceChildren(page);
  let all = params.all === '1';
  let items = [];
  let others = 0;
  let selected = null;
  const toggle = button(t('inbox.all'), () => { all = !all; load(); }, { chord: key('inbox', 'all'), 'aria-pressed': 'false' });
  app.bar(h('h1', {}, t('page.inbox')), h('span', { class: 'push' }), toggle);
  const authors = physician ? [me] : (await api.get('/users').catch(() => ({ items: [] }))).items.filter((u) => u.role === 'physician' && !u.closed);

  const url = (x) => api.url(`/inbox/${x.id}/sound`);
  const known = (x) => ['mrn', 'birth_date', 'author', 'priority', 'encounter', 'date'].filter((k) => x.known[k]).map((k) => h('span', { class: 'chip' }, t(`inbox.known.${k}`, { value: ['birth_date', 'date'].includes(k) ? format.date(x.known[k]) : k === 'priority' ? t(`priority.${x.known[k]}`) : x.known[k] })));
  const facts = (x) => [format.at(x.received_at), t('inbox.from', { source: x.source }), t('upload.mb', { n: format.number(x.bytes / 1048576, 1) })].join(' · ');
  const ended = (x) => h('p', { class: 'quiet' }, t(`inbox.state.${x.state}`, { name: x.ended_by ?? '', at: x.ended_at ? format.at(x.ended_at) : '' }), x.note ? ` “${x.note}”` : '');

  // A button shows its key, so that its name is what is seen, and whose it is for whoever does not see the row.
  const named = (what, x) => [what, h('span', { class: 'visually-hidden' }, ` ${x.name}`)];
  const row = (x) => h('li', { class: 'arrival', tabindex: x.id === selected ? '0' : '-1', dataset: { id: x.id }, 'aria-current': x.id === selected && 'true', 'aria-label': x.name, onfocus: () => select(x.id, false) },
    h('div', { class: 'who' }, h('b', {}, x.name), h('small', { class: 'num' }, facts(x)), h('div', { class: 'row' }, known(x))),
    h('div', { class: 'why' }, x.state === 'waiting' ? h('p', {}, x.reason) : ended(x), x.state === 'waiting' && x.by_hand && h('small', {}, t('inbox.by_hand'))),
    h('div', { class: 'row go' },
      button(named(clip.playing === x.id ? t('inbox.stop') : t('inbox.hear'), x), () => hear(x), { cls: 'btn small', chord: key('inbox', 'hear'), iconName: clip.playing === x.id ? 'pause' : 'play' }),
      x.state !== 'assigned' && button(named(t('inbox.assign'), x), () => assign(x), { cls: x.state === 'waiting' ? 'btn small primary' : 'btn small', chord: key('inbox', 'assign') }),
      x.state === 'waiting' && !physician && button(named(t('inbox.discard'), x), () => discard(x), { cls: 'btn small plain', chord: key('inbox', 'discard') }),
      x.dictation_id && h('a', { class: 'btn small', href: `#/review/${encodeURIComponent(x.dictation_id)}`, 'aria-label': t('inbox.about', { what: t('inbox.open'), name: x.name }) }, t('inbox.open'))));

  function draw() {
    const inside = document.activeElement?.closest?.('.arrival');
    const at = inside && [...inside.querySelectorAll('button, a')].indexOf(document.activeElement);
    if (!items.some((x) => x.id === selected)) selected = items[0]?.id ?? null;
    toggle.setAttribute('aria-pressed', String(all));
    page.replaceChildren(...[items.length ? h('ul', { class: 'rows', 'aria-label': t('page.inbox') }, items.map(row)) : empty(t('inbox.none'), t('inbox.none.say')), others > 0 && h('p', { class: 'quiet spaced' }, t('inbox.others', { n: others }))].filter(Boolean));
    if (inside) {
      const again = page.querySelector(`[data-id="${CSS.escape(selected ?? '')}"]`);
      ((at >= 0 && again?.querySelectorAll('button, a')[at]) || again)?.focus({ preventScroll: true });
    }
  }
  function select(to, focus = true) {
    if (to === null || to === undefined) return;
    for (const e of page.querySelectorAll('.arrival')) { e.tabIndex = e.dataset.id === to ? 0 : -1; if (e.dataset.id === to) e.setAttribute('aria-current', 'true'); else e.removeAttribute('aria-current'); }
    selected = to;
    if (focus) page.querySelector(`[data-id="${CSS.escape(to)}"]`)?.focus();
  }
  const here = () => items.find((x) => x.id === selected);
  const move = (by) => select(items[Math.max(0, Math.min(items.length - 1, items.findIndex((x) => x.id === selected) + by))]?.id);

  async function hear(x) {
    selected = x.id;
    // A browser says only that it cannot play; the service says why.
    if (clip.playing !== x.id) {
      try { await api.get(`/inbox/${x.id}/sound`, { headers: { Range: 'bytes=0-43' } }); } catch (error) { app.notice('inbox', said(error), { kind: 'danger' }); return; }
      app.notice('inbox');
    }
    await clip.play(url(x), 0, Infinity, x.id);
  }

  async function assign(x) {
    clip.stop();
    const guess = asksFor(x.known, authors, physician ? me.username : '');
    let patient = guess.mrn ? (await api.get(`/patients${api.query({ q: guess.mrn, limit: 5 })}`).catch(() => ({ items: [] }))).items.find((p) => p.mrn === guess.mrn) ?? null : null;
    const done = await dialog((close) => {
      const sound = h('audio', { controls: true, preload: 'none', src: url(x), 'aria-label': t('inbox.about', { what: t('inbox.hear'), name: x.name }) });
      const who = h('div', { class: 'arrival-who' });
      const born = h('input', { type: 'date', value: guess.birth_date });
      const author = h('select', {}, !guess.author && h('option', { value: '' }, t('inbox.author.choose')), authors.map((u) => h('option', { value: u.username, selected: u.username === guess.author }, u.name)));
      const priority = h('select', {}, ['routine', 'urgent', 'stat'].map((p) => h('option', { value: p, selected: p === guess.priority }, t(`priority.${p}`))));
      const route = h('select', {}, ['secretary', 'author'].map((r) => h('option', { value: r, selected: r === guess.route }, t(`upload.route.${r}`))));
      const bornField = field(t('inbox.born'), born, t('inbox.born.hint'));
      const authorField = field(t('upload.author'), author);
      const wrong = h('p', { class: 'late-text', role: 'alert' });
      const take = (p) => {
        patient = p;
        who.replaceChildren(...(p ? [h('div', { class: 'row' }, h('div', { class: 'pick chosen' }, identity(p)), button(t('upload.other_patient'), () => take(null), { cls: 'btn small' }))] : [finder(app, { choose: take })]));
        if (p) born.focus(); else who.querySelector('input').focus();
      };
      requestAnimationFrame(() => take(patient));
      return h('form', { novalidate: true, onsubmit: async (e) => {
        e.preventDefault();
        wrong.textContent = '';
        if (!patient) { wrong.textContent = t('inbox.patient_first'); who.querySelector('input')?.focus(); return; }
        authorField.wrong(author.value ? '' : t('inbox.author.choose'));
        if (!author.value) { author.focus(); return; }
        try { close(await api.post(`/inbox/${x.id}/assignment`, { mrn: patient.mrn, birth_date: born.value || undefined, author: author.value, encounter_id: guess.mrn === patient.mrn ? x.known.encounter : undefined, priority: priority.value, route: route.value })); } catch (error) {
          const mine = error.reason === 'identity_mismatch';
          bornField.wrong(mine ? said(error) : '');
          if (mine) born.focus(); else wrong.textContent = said(error);
        }
      } }, h('p', { class: 'say' }, x.reason), sound, who, h('div', { class: 'fields spaced' }, bornField, !physician && authorField, field(t('dictate.priority'), priority), field(t('upload.route'), route)), wrong,
      h('div', { class: 'actions' }, button(t('cancel'), () => close()), h('button', { type: 'submit', class: 'btn primary' }, t('inbox.assign'))));
    }, { title: t('inbox.assign.title', { name: x.name }), wide: true });
    if (!done) return;
    app.notice('inbox', t('inbox.assigned', { name: format.name(patient) }));
    await load();
  }

  async function discard(x) {
    clip.stop();
    const reason = await prompt(t('inbox.discard.title', { name: x.name }), { say: t('inbox.discard.say'), label: t('inbox.discard.reason'), yes: t('inbox.discard') });
    if (!reason) return;
    try { await api.post(`/inbox/${x.id}/discard`, { reason }); app.notice('inbox', t('inbox.discarded', { name: x.name })); } catch (error) { app.notice('inbox', said(error), { kind: 'danger' }); }
    await load();
  }

  let turn = 0;
  async function load(background = false) {
    const mine = (turn += 1);
    try {
      const found = (await api.get(`/inbox${api.query({ all: all ? 1 : '' })}`, { background })).items;
      if (mine !== turn) return;
      // The service lists what waits; a physician decides about what names them.
      items = physician ? found.filter((x) => namedAuthors(x.known).includes(me.username)) : found;
      others = found.filter((x) => x.state === 'waiting').length - items.filter((x) => x.state === 'waiting').length;
      draw();
    } catch (error) { if (mine === turn) page.replaceChildren(failure(error, () => load())); }
  }
  const timer = setInterval(() => load(true), 60_000);
  const off = bind('inbox', { down: () => { move(1); }, up: () => { move(-1); }, hear: () => { if (here()) hear(here()); }, assign: () => { if (here() && here().state !== 'assigned') assign(here()); }, discard: () => { if (here()?.state === 'waiting' && !physician) discard(here()); }, all: () => { toggle.click(); }, refresh: () => { load(); } });
  app.busy = () => clip.playing !== '';
  await load();
  return () => { turn += 1; clearInterval(timer); off(); clip.stop(); };
}
