// Recordings from a dictaphone: dropped or chosen, several at once, each for its patient, sent in pieces with progress.

import { h, button, empty, field } from '../ui.js';
import { t, said, format } from '../i18n.js';
import { identity, pickPatient } from '../pick.js';
import { Upload } from '../model/upload.js';

const ACCEPT = 'audio/*,.wav,.mp3,.m4a,.aac,.ogg,.opus,.flac,.webm,.mp4,.aif,.aiff,.caf,.dss,.ds2,.amr,.wma,.mka';
const uploads = []; // they go on while other pages are shown
const STORED = 'osler.uploads';
const known = () => { try { return JSON.parse(localStorage.getItem(STORED) ?? '{}'); } catch { return {}; } };
const remember = (file, id) => { const all = known(); const k = print(file); if (id) all[k] = id; else delete all[k]; try { localStorage.setItem(STORED, JSON.stringify(all)); } catch { /* private window: it begins anew after a reload */ } };
// The same file dropped again goes on; its name stays in this browser as a number only.
const print = (f) => { let n = 5381; for (const c of `${f.name}/${f.size}/${f.lastModified}`) n = (Math.imul(n, 33) ^ c.codePointAt(0)) >>> 0; return n.toString(36); };

export async function mount(root, params, app) {
  const { api } = app;
  const physician = app.session.user.role === 'physician';
  const send = {
    create: (b) => api.post('/uploads', b, { key: api.key() }), where: (id) => api.get(`/uploads/${id}`),
    piece: (id, offset, bytes) => api.patch(`/uploads/${id}`, bytes, { headers: { 'Upload-Offset': String(offset) } }), drop: (id) => api.delete(`/uploads/${id}`),
  };
  let patient = params.mrn ? await api.get(`/patients${api.query({ q: params.mrn })}`).then(({ items }) => items.find((p) => p.mrn === params.mrn) ?? null).catch(() => null) : null;
  const authors = physician ? [] : (await api.get('/users').catch(() => ({ items: [] }))).items.filter((u) => u.role === 'physician' && !u.closed_at && !u.closed);

  app.bar(h('h1', {}, t('page.uploads')));
  const who = h('div', { class: 'row who' });
  const author = h('select', {}, authors.map((u) => h('option', { value: u.username }, u.name)));
  const priority = h('select', {}, ['routine', 'urgent', 'stat'].map((p) => h('option', { value: p }, t(`priority.${p}`))));
  const route = h('select', {}, ['secretary', 'author'].map((r) => h('option', { value: r }, t(`upload.route.${r}`))));
  const input = h('input', { type: 'file', multiple: true, accept: ACCEPT, class: 'visually-hidden', id: 'upload-files', onchange: () => { add(input.files); input.value = ''; } });
  const drop = h('label', { class: 'drop', for: 'upload-files' }, h('b', {}, t('upload.drop')), h('span', { class: 'quiet' }, t('upload.drop.say')));
  const list = h('div', { class: 'uploads' });
  const line = h('p', { role: 'alert', class: 'late-text' });
  const drawWho = () => who.replaceChildren(patient ? h('div', { class: 'pick' }, identity(patient)) : h('span', { class: 'quiet' }, t('upload.no_patient')), button(patient ? t('upload.other_patient') : t('pick.title'), async () => { const p = await pickPatient(app); if (p) { patient = p; line.textContent = ''; drawWho(); } }, { cls: patient ? 'btn small' : 'btn primary' }));
  drawWho();
  root.replaceChildren(h('div', { class: 'page narrow upload' },
    h('section', {}, h('h2', {}, t('upload.about')), who, h('div', { class: 'fields' }, !physician && field(t('upload.author'), author), field(t('dictate.priority'), priority), field(t('upload.route'), route))),
    h('section', {}, h('h2', {}, t('upload.files')), input, drop, line), list));

  function add(files) {
    if (!patient) { line.textContent = t('upload.patient_first'); who.querySelector('button').focus(); return; }
    for (const file of files) {
      const u = new Upload({ file, send, id: known()[print(file)] ?? null, order: { mrn: patient.mrn, priority: priority.value, route: route.value, author: physician ? undefined : author.value || undefined } });
      u.patient = patient;
      uploads.unshift(u);
      u.addEventListener('change', () => { if (u.id && u.state !== 'done') remember(file, u.id); if (u.state === 'done') remember(file, null); });
      u.run();
    }
    draw();
  }

  // What the service has in full and does not know where to file: a person says whose it is.
  async function decide(u) {
    const p = await pickPatient(app);
    if (!p) return;
    try {
      await api.post(`/uploads/${u.id}/patient`, { mrn: p.mrn });
      u.patient = p;
      rows.delete(u);
      draw();
      u.run();
    } catch (error) { app.notice('upload', said(error), { kind: 'danger' }); }
  }

  const rows = new Map();
  function draw() {
    for (const u of uploads) if (!rows.has(u)) rows.set(u, row(u));
    list.replaceChildren(...(uploads.length ? [h('h2', {}, t('upload.list')), h('ul', { class: 'rows' }, uploads.map((u) => rows.get(u)))] : [empty(t('upload.none'), t('upload.none.say'))]));
  }
  function row(u) {
    const bar = h('progress', { max: 1, 'aria-label': t('upload.progress', { name: u.file.name }) });
    const words = h('small', { role: 'status' });
    const tools = h('div', { class: 'row go' });
    const e = h('li', { class: 'rowline' }, h('div', { class: 'who' }, h('span', {}, u.file.name), h('small', { class: 'num' }, format.name(u.patient), ' · ', t('patient.mrn', { mrn: u.patient.mrn }), ' · ', t('upload.mb', { n: format.number(u.file.size / 1048576, 1) }))), h('div', { class: 'what' }, bar, words), tools);
    let was = '';
    const show = () => {
      bar.value = u.state === 'done' ? 1 : u.part;
      words.textContent = u.state === 'failed' ? said(u.error) : t(`upload.state.${u.state}`, { part: Math.round(u.part * 100) });
      words.className = u.state === 'failed' ? 'late-text' : '';
      if (was === u.state) return;
      was = u.state;
      tools.replaceChildren(...[
        ['sending', 'retrying'].includes(u.state) && button(t('upload.pause'), () => u.pause(), { cls: 'btn small plain' }),
        ['paused', 'failed'].includes(u.state) && button(u.state === 'failed' ? t('again') : t('upload.resume'), () => u.run(), { cls: 'btn small' }),
        u.state === 'failed' && u.id && button(t('upload.other_patient'), () => decide(u), { cls: 'btn small' }),
        u.state !== 'done' && button(t('upload.cancel'), async () => { await u.cancel(); remember(u.file, null); uploads.splice(uploads.indexOf(u), 1); draw(); }, { cls: 'btn small plain' }),
        u.state === 'done' && button(t('upload.clear'), () => { uploads.splice(uploads.indexOf(u), 1); draw(); }, { cls: 'btn small plain' }),
      ].filter(Boolean));
    };
    u.addEventListener('change', show);
    show();
    return e;
  }
  draw();

  const over = (e) => { if (![...(e.dataTransfer?.types ?? [])].includes('Files')) return; e.preventDefault(); drop.toggleAttribute('data-over', e.type !== 'dragleave'); };
  const dropped = (e) => { if (!e.dataTransfer?.files.length) return; e.preventDefault(); drop.removeAttribute('data-over'); add(e.dataTransfer.files); };
  addEventListener('dragover', over); addEventListener('dragleave', over); addEventListener('drop', dropped);
  (patient ? input : who.querySelector('button')).focus();
  return () => { removeEventListener('dragover', over); removeEventListener('dragleave', over); removeEventListener('drop', dropped); };
}
