// A stand-in for the service: the contract of /api/v1 over invented people, in memory, and the pages of src/web. For working
// on pages and for page tests that need no model; it never ships. node tests/ui/mock.mjs [PORT]

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diff } from '../../src/web/js/model/diff.js';
import { DISCHARGE, EMERGENCY, NOTE, draft, long } from './draft.mjs';

const WEB = fileURLToPath(new URL('../../src/web/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2', '.txt': 'text/plain; charset=utf-8' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const RATE = 8000;

export class Fail extends Error {
  constructor(status, reason, detail, more = {}) { super(detail); Object.assign(this, { status, reason, more }); }
}

export function practice({ now = Date.now() } = {}) {
  const ago = (min) => new Date(now - min * 60000).toISOString();
  const people = [
    { username: 'jonas.weber', name: 'Jonas Weber', role: 'secretary' }, { username: 'mara.olsen', name: 'Mara Olsen', role: 'secretary' },
    { username: 'dr.lindqvist', name: 'Dr. Astrid Lindqvist', role: 'physician' }, { username: 'dr.moreau', name: 'Dr. Luc Moreau', role: 'physician' },
    { username: 'admin', name: 'Ines Duarte', role: 'administrator' }, { username: 'audit', name: 'Tom Reyes', role: 'auditor' },
  ].map((p, i) => ({ id: `u${i + 1}`, ...p }));
  const patient = (mrn, family, given, birth_date, sex, more = {}) => ({ id: `p-${mrn}`, mrn, family, given, birth_date, sex, allergies: [], medications: [], problems: [], ...more });
  const entry = (text, i) => ({ id: `e${i}`, text, at: ago(40000), by: 'Dr. Astrid Lindqvist' });
  const patients = [
    patient('0047-2291', 'Marchetti', 'Elena', '1958-08-14', 'female', { allergies: [entry('penicillin', 1)], medications: [entry('tiotropium 18 mcg daily', 2)], problems: [entry('COPD, GOLD 3', 3)] }),
    patient('0031-5520', 'Obi', 'Samuel', '1971-03-02', 'male'), patient('0052-1108', 'Tan', 'Wei Ling', '1990-11-23', 'female'), patient('0019-0044', 'Keller', 'Johanna', '1944-05-30', 'female', { allergies: [entry('sulfonamides', 4), entry('iodinated contrast', 5)] }),
    patient('0060-7312', 'Abara', 'Chidi', '2015-09-09', 'male'), patient('0044-9012', 'Ferreira', 'Ana', '1982-01-17', 'female'), patient('0023-6677', 'Novak', 'Petr', '1963-12-01', 'male'), patient('0028-4410', 'Brandt', 'Uwe', '1939-07-21', 'male'),
  ];
  const db = { now, people, patients, dictations: new Map(), reports: new Map(), sessions: new Map(), uploads: new Map(), audit: [], listeners: new Set(), encounters: [], templates: [{ name: 'normal chest exam', text: 'Chest: clear to auscultation bilaterally, no wheezes or crackles. [site] percussion resonant.', layer: 'site' }, { name: 'normal abdomen', text: 'Abdomen: soft, nontender, no organomegaly. Bowel sounds normal.', layer: 'site' }, { name: 'follow-up', text: 'Follow-up in [number] weeks with [whom].', layer: 'physician' }], words: new Set(), demonstration: true, down: false };
  const add = (id, mrn, author, kind, priority, phase, state, due, marked, more = {}) => {
    const d = draft(marked, { kind });
    const of = (u) => people.find((p) => p.username === u);
    const report = { id: `r-${id}`, kind, dictation: id, status: 'draft', versions: [{ version: 1, text: d.text, trace: d.trace, by: null, at: ago(more.received ?? 60) }], parent_id: null, signature: null, retraction: null, filed_at: null };
    db.reports.set(report.id, report);
    db.dictations.set(id, { id, mrn, author: of(author), kind, phase, state, priority, route: 'secretary', due_at: due === null ? null : new Date(now + due * 60000).toISOString(), received_at: ago(more.received ?? 60), draft: d, report, marks: { findings: {}, edits: {} }, lock: null, identity_verified: true, note: more.note ?? null, assigned: null, history: [{ step: 'receive', at: ago(more.received ?? 60), by: of(author).name, note: null }, { step: 'transcribe', at: ago((more.received ?? 60) - 2), by: 'Osler', note: null }, { step: 'draft_for_secretary', at: ago((more.received ?? 60) - 3), by: 'Osler', note: null }, ...(more.history ?? [])] });
    if (more.lock) db.dictations.get(id).lock = { by: of(more.lock), until: now + 90000 };
    return id;
  };
  const L = 'dr.lindqvist';
  const M = 'dr.moreau';
  add('d1', '0047-2291', L, 'discharge_summary', 'stat', 'transcribed', 'pending', -12, DISCHARGE, { received: 72 });
  add('d2', '0031-5520', L, 'emergency_note', 'stat', 'transcribed', 'pending', 38, EMERGENCY, { received: 22 });
  add('d3', '0052-1108', M, 'progress_note', 'urgent', 'in_correction', 'in_progress', 110, NOTE, { lock: 'mara.olsen' });
  add('d4', '0019-0044', L, 'consultation', 'routine', 'transcribed', 'pending', 300, NOTE, { received: 180 });
  add('d5', '0060-7312', M, 'progress_note', 'routine', 'in_correction', 'suspended', 420, NOTE, { received: 240 });
  add('d6', '0044-9012', M, 'letter', 'routine', 'in_correction', 'pending', 425, NOTE, { received: 300, note: 'Bisoprolol it is, 5 mg, not 10.', history: [{ step: 'ask', at: ago(100), by: 'Jonas Weber', note: 'Which drug is started for hypertension?' }, { step: 'answer', at: ago(30), by: 'Dr. Luc Moreau', note: 'Bisoprolol it is, 5 mg, not 10.' }] });
  add('d7', '0023-6677', M, 'radiology', 'routine', 'recorded', 'in_progress', 1440, 'Not heard yet.', { received: 4 });
  add('d8', '0028-4410', L, 'discharge_summary', 'routine', 'transcribed', 'pending', 2880, long(10000), { received: 600 });
  add('d9', '0019-0044', L, 'letter', 'routine', 'awaiting_signature', 'pending', 600, NOTE, { received: 700 });
  add('d10', '0060-7312', L, 'progress_note', 'urgent', 'in_correction', 'returned', 200, EMERGENCY, { received: 120, note: 'Which side is the pain on?', history: [{ step: 'ask', at: ago(20), by: 'Mara Olsen', note: 'Which side is the pain on?' }] });
  const tea = db.dictations.get('d9');
  Object.assign(tea.draft, { filed: true });
  patients.forEach((p, i) => db.encounters.push({ id: `v${i + 1}`, date: new Date(now).toISOString().slice(0, 10), mrn: p.mrn, physician: i % 2 ? M : L, location: i % 2 ? 'Clinic 2' : 'Ward 4B', reason: ['Discharge', 'Post-op check', 'Fever', 'Follow-up'][i % 4], status: 'planned' }));
  return db;
}

const STEPS = {
  secretary: { open: ['transcribed/pending', 'in_correction/pending', 'in_correction/suspended'], take_over: ['in_correction/in_progress'], put_aside: ['in_correction/in_progress'], correct: ['in_correction/in_progress'], ask: ['in_correction/in_progress'], submit: ['in_correction/in_progress'], reject: ['transcribed/pending', 'in_correction/pending', 'in_correction/in_progress', 'in_correction/suspended'], move: ['transcribed/pending', 'in_correction/pending', 'in_correction/in_progress'], split: ['transcribed/pending', 'in_correction/in_progress'] },
  physician: { open: ['transcribed/pending', 'in_correction/pending'], correct: ['awaiting_signature/pending'], answer: ['in_correction/returned'], take_back: ['transcribed/pending', 'in_correction/pending', 'in_correction/in_progress', 'in_correction/suspended', 'in_correction/returned'], send_to_secretary: ['awaiting_signature/pending'], sign: ['awaiting_signature/pending'], reject: ['awaiting_signature/pending'], delete: ['awaiting_signature/pending', 'transcribed/pending'] },
};
const LEADS = { open: ['in_correction', 'in_progress'], take_over: ['in_correction', 'in_progress'], put_aside: ['in_correction', 'suspended'], ask: ['in_correction', 'returned'], answer: ['in_correction', 'pending'], submit: ['awaiting_signature', 'pending'], take_back: ['awaiting_signature', 'pending'], send_to_secretary: ['in_correction', 'pending'] };
const NEEDS_NOTE = new Set(['ask', 'answer', 'reject', 'delete', 'send_to_secretary']);
const PLACES = { to_correct: (d) => (d.phase === 'transcribed' || d.phase === 'in_correction') && d.state !== 'deleted' && d.state !== 'returned' && d.state !== 'rejected', questions: (d) => d.state === 'returned', to_sign: (d) => d.phase === 'awaiting_signature', under_way: (d) => d.phase === 'recorded', rejected: (d) => d.state === 'rejected', filed: (d) => d.phase === 'filed', mine: (d, u) => d.assigned === u.username };

export function actions(db) {
  const person = (mrn) => { const p = db.patients.find((x) => x.mrn === mrn); if (!p) throw new Fail(404, 'not_found', 'There is no patient with this record number.'); return p; };
  const brief = (p) => ({ mrn: p.mrn, family: p.family, given: p.given, birth_date: p.birth_date, sex: p.sex });
  const get = (id) => { const d = db.dictations.get(id); if (!d) throw new Fail(404, 'not_found', 'There is no such dictation.'); return d; };
  const open = (d) => d.draft.findings.filter((f) => f.severity !== 'info' && d.marks.findings[f.id]?.state !== 'cleared').length;
  const latest = (r) => r.versions.at(-1);
  const locked = (d) => d.lock && d.lock.until > Date.now();
  const summary = (d, u) => ({ id: d.id, patient: brief(person(d.mrn)), author: { username: d.author.username, name: d.author.name }, kind: d.kind, phase: d.phase, state: d.state, priority: d.priority, route: d.route, due_at: d.due_at, received_at: d.received_at, length_s: d.draft.length_s, assigned: d.assigned, pool: null, lock: locked(d) ? { by: d.lock.by.username, name: d.lock.by.name, until: new Date(d.lock.until).toISOString(), mine: d.lock.by.username === u?.username } : null, flags: d.phase === 'recorded' ? 0 : open(d), note: d.note, report_id: d.phase === 'recorded' ? null : d.report.id, version: latest(d.report).version });
  const steps = (d, u) => Object.entries(STEPS[u.role] ?? {}).filter(([, from]) => from.includes(`${d.phase}/${d.state}`)).map(([s]) => s).filter((s) => u.role !== 'physician' || d.author.username === u.username).filter((s) => !['correct', 'submit', 'ask', 'put_aside'].includes(s) || d.phase === 'awaiting_signature' || (locked(d) && d.lock.by.username === u.username));
  const sections = (text) => text.split(/\n(?=[A-Z][A-Z ,&/-]+:?)/).map((s) => { const m = /^([A-Z][A-Z ,&/-]{2,}):?\s?\n?([\s\S]*)$/.exec(s); return m ? { heading: m[1], text: m[2].trim() } : { heading: '', text: s }; });
  const full = (d, u) => {
    const v = latest(d.report);
    const addenda = [...db.reports.values()].filter((r) => r.parent_id === d.report.id).map((r) => ({ id: r.id, text: latest(r).text, version: latest(r).version, status: r.status, signature: r.signature, filed_at: r.filed_at ?? null, retraction: r.retraction }));
    return { ...summary(d, u), addenda, patient: person(d.mrn), identity_verified: d.identity_verified, history: d.history, takes: [{ index: 0, name: 'DM670.ds2', duration_s: d.draft.length_s, sha256: '0'.repeat(64) }, ...(d.takes ?? [])], raw: d.phase === 'recorded' ? null : { words: d.draft.words }, edits: d.draft.edits, findings: d.draft.findings, coverage: { speech_s: d.draft.length_s, covered_s: d.draft.length_s - 4, gaps: d.draft.gaps }, report: d.phase === 'recorded' ? null : { id: d.report.id, version: v.version, kind: d.kind, status: d.report.status, text: v.text, trace: v.trace, sections: sections(v.text), instructions: d.draft.instructions, parent_id: null, signature: d.report.signature }, marks: d.marks, steps: steps(d, u) };
  };
  const tell = (name, data) => { for (const f of db.listeners) f(name, data); };
  const work = (d) => tell('work', { id: d.id, phase: d.phase, state: d.state, lock: locked(d) ? { by: d.lock.by.username, name: d.lock.by.name } : null, priority: d.priority });
  const rank = { stat: 0, urgent: 1, routine: 2 };
  const list = (u, q) => [...db.dictations.values()].filter((d) => !q.place || PLACES[q.place]?.(d, u) !== false).filter((d) => !q.priority || d.priority === q.priority).filter((d) => !q.author || d.author.username === q.author).filter((d) => q.assigned !== 'me' || d.assigned === u.username).sort((a, b) => rank[a.priority] - rank[b.priority] || (a.due_at ?? '9').localeCompare(b.due_at ?? '9'));
  const step = (d, u, name, note) => {
    if (!steps(d, u).includes(name)) throw new Fail(409, locked(d) && d.lock.by.username !== u.username ? 'locked' : 'stage', locked(d) ? `${d.lock.by.name} is working on it.` : `The dictation is ${d.phase} (${d.state}) already; ${name} is not possible there.`);
    if (NEEDS_NOTE.has(name) && !note?.trim()) throw new Fail(422, 'invalid', 'Say why, in words.');
    if (LEADS[name]) [d.phase, d.state] = LEADS[name];
    if (name === 'reject') d.state = 'rejected';
    if (name === 'delete') d.state = 'deleted';
    if (name === 'open' || name === 'take_over') d.lock = { by: u, until: Date.now() + 90000 };
    if (['put_aside', 'ask', 'submit', 'take_back', 'reject', 'delete'].includes(name)) d.lock = null;
    if (note) d.note = note;
    d.history.push({ step: name, at: new Date().toISOString(), by: u.name, note: note ?? null });
    work(d);
    return d;
  };
  const correct = (r, u, base, text) => {
    const d = get(r.dictation);
    const now = latest(r);
    if (!steps(d, u).includes('correct')) throw new Fail(409, 'locked', locked(d) ? `${d.lock.by.name} is working on it.` : 'Open it first.');
    if (base !== now.version) throw new Fail(412, 'conflict', `${now.by ?? 'Somebody'} saved version ${now.version} meanwhile.`, { version: now.version, by: now.by });
    if (text !== now.text) r.versions.push({ version: now.version + 1, text, trace: retrace(now, text), by: u.name, at: new Date().toISOString() });
    return latest(r);
  };
  return { person, brief, get, summary, full, list, step, steps, correct, latest, work, tell, locked, sections, open, rank };
}

/** Carries a trace over to a changed text: what is the same at both ends keeps its words, what lies between is a person's. */
function retrace(old, text) {
  let head = 0;
  while (head < text.length && head < old.text.length && text[head] === old.text[head]) head += 1;
  let tail = 0;
  while (tail < text.length - head && tail < old.text.length - head && text.at(-1 - tail) === old.text.at(-1 - tail)) tail += 1;
  const cut = old.text.length - tail;
  const by = text.length - old.text.length;
  const before = old.trace.filter((s) => s.to <= head);
  const after = old.trace.filter((s) => s.from >= cut && s.from >= head && !before.includes(s)).map((s) => ({ ...s, from: s.from + by, to: s.to + by }));
  const lost = old.trace.filter((s) => !before.includes(s) && !(s.from >= cut && s.from >= head));
  const from = before.at(-1)?.to ?? 0;
  const to = after[0]?.from ?? text.length;
  const words = lost.filter((s) => s.word_to > s.word_from);
  const at = words.length ? [Math.min(...words.map((s) => s.word_from)), Math.max(...words.map((s) => s.word_to))] : [0, 0];
  return [...before, ...(to > from || lost.length ? [{ from, to, word_from: at[0], word_to: at[1], rule: 'person' }] : []), ...after];
}

/** How loud it is at a moment: what the drawn waveform and the made sound have in common. */
function loud(d, s) {
  let lo = 0;
  let hi = d.words.length - 1;
  while (lo <= hi) {
    const mid = (lo + hi) >> 1;
    const w = d.words[mid];
    if (s < w.start_s) hi = mid - 1; else if (s > w.end_s) lo = mid + 1; else return 0.35 + 0.6 * Math.sin(Math.PI * ((s - w.start_s) / (w.end_s - w.start_s))) * (0.6 + 0.4 * Math.sin(mid * 2.3));
  }
  return d.gaps.some((g) => s >= g.start_s && s <= g.end_s) ? 0.3 + 0.2 * Math.sin(s * 9) : 0.03;
}
function wav(d) {
  if (d.wav) return d.wav;
  const n = Math.min(Math.ceil(d.length_s * RATE), RATE * 4000);
  const b = Buffer.alloc(44 + n * 2);
  b.write('RIFF', 0); b.writeUInt32LE(36 + n * 2, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22); b.writeUInt32LE(RATE, 24); b.writeUInt32LE(RATE * 2, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(n * 2, 40);
  let level = 0;
  for (let i = 0; i < n; i += 1) {
    if (i % 160 === 0) level = loud(d, i / RATE);
    b.writeInt16LE(Math.round(6000 * level * Math.sin((i * 2 * Math.PI * 140) / RATE) * (0.7 + 0.3 * Math.sin((i * 2 * Math.PI * 310) / RATE))), 44 + i * 2);
  }
  d.wav = b;
  return b;
}

/** The routes: [method, pattern, handler({db, act, user, params, query, body, headers})] -> body, or {status, body, headers, bytes}. */
export const ROUTES = [
  ['GET', '/practice', ({ db }) => ({ name: 'Sample practice', demonstration: db.demonstration, needs_setup: false, version: '0.1.0', people: db.demonstration ? db.people.map(({ username, name, role }) => ({ username, name, role })) : undefined }), 'open'],
  ['GET', '/session', ({ db, user }) => ({ ...session(user), idle_s: db.idle_s ?? 900 })],
  ['POST', '/session', ({ db, body }) => {
    const user = db.people.find((p) => p.username === body.username);
    if (!user || (!body.demonstration && body.password !== 'correct horse')) throw new Fail(401, 'wrong', 'User name or password is wrong.');
    const token = `s${Math.random().toString(36).slice(2)}`;
    db.sessions.set(token, { user, at: Date.now() });
    return { body: { ...session(user), idle_s: db.idle_s ?? 900 }, headers: { 'set-cookie': `osler_session=${token}; HttpOnly; SameSite=Strict; Path=/` } };
  }, 'open'],
  ['DELETE', '/session', ({ db, token }) => { db.sessions.delete(token); return { status: 204 }; }],
  ['POST', '/session/proof', ({ user }) => session(user)],
  ['GET', '/worklist', ({ act, user, query }) => ({ items: act.list(user, query).slice(0, Number(query.limit) || 100).map((d) => act.summary(d, user)), next: null })],
  ['GET', '/worklist/counts', ({ db, user }) => {
    const all = [...db.dictations.values()];
    const of = (f) => { const found = all.filter(f); return { n: found.length, overdue: found.filter((d) => d.due_at && new Date(d.due_at) < Date.now()).length }; };
    return { places: Object.fromEntries(Object.entries(PLACES).map(([k, f]) => [k, of((d) => f(d, user))])), priorities: Object.fromEntries(['stat', 'urgent', 'routine'].map((p) => [p, of((d) => d.priority === p && PLACES.to_correct(d))])) };
  }],
  ['POST', '/worklist/next', ({ act, user }) => {
    const d = act.list(user, { place: 'to_correct' }).find((x) => act.steps(x, user).includes('open') && x.state !== 'suspended' && !act.locked(x));
    if (!d) return { status: 204 };
    act.step(d, user, 'open');
    return act.summary(d, user);
  }],
  ['GET', '/worklist/turnaround', () => ({ n: 23, median_s: 4320, p90_s: 9000 })],
  ['GET', '/dictations/:id', ({ act, user, params }) => { const d = act.get(params.id); return { body: act.full(d, user), headers: { etag: `"${act.latest(d.report).version}"` } }; }],
  ['POST', '/dictations/:id/steps', ({ act, user, params, body }) => act.full(act.step(act.get(params.id), user, body.step, body.note), user)],
  ['POST', '/dictations/:id/lock', ({ act, user, params }) => { const d = act.get(params.id); if (!act.locked(d) || d.lock.by.username !== user.username) throw new Fail(409, 'locked', d.lock ? `${d.lock.by.name} took it over.` : 'The lock ran out.'); d.lock.until = Date.now() + 90000; return { until: new Date(d.lock.until).toISOString() }; }],
  ['POST', '/dictations/:id/marks', ({ act, user, params, body }) => { const d = act.get(params.id); for (const k of ['findings', 'edits']) for (const [id, state] of Object.entries(body[k] ?? {})) d.marks[k][id] = { state, by: user.name, at: new Date().toISOString() }; return d.marks; }],
  ['POST', '/dictations/:id/priority', ({ act, user, params, body }) => { const d = act.get(params.id); d.priority = body.priority; act.work(d); return act.full(d, user); }],
  ['POST', '/dictations/:id/assign', ({ act, user, params, body }) => { const d = act.get(params.id); d.assigned = body.user ?? null; act.work(d); return act.full(d, user); }],
  ['POST', '/dictations/:id/move', ({ act, user, params, body }) => { const d = act.get(params.id); const p = act.person(body.mrn); if (body.birth_date && body.birth_date !== p.birth_date) throw new Fail(422, 'identity_mismatch', 'Nothing was changed.'); if (!body.reason) throw new Fail(422, 'invalid', 'Say why.'); d.mrn = p.mrn; d.history.push({ step: 'move', at: new Date().toISOString(), by: user.name, note: body.reason }); return act.full(d, user); }],
  ['GET', '/dictations/:id/sound/:take', ({ act, params, headers }) => {
    const bytes = wav(act.get(params.id).draft);
    const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
    if (!range) return { bytes, headers: { 'content-type': 'audio/wav', 'accept-ranges': 'bytes' } };
    const from = Number(range[1]);
    const to = Math.min(range[2] ? Number(range[2]) : bytes.length - 1, bytes.length - 1);
    return { status: 206, bytes: bytes.subarray(from, to + 1), headers: { 'content-type': 'audio/wav', 'accept-ranges': 'bytes', 'content-range': `bytes ${from}-${to}/${bytes.length}` } };
  }],
  ['GET', '/dictations/:id/peaks/:take', ({ act, params }) => { const d = act.get(params.id).draft; return { per_s: 20, duration_s: d.length_s, peaks: Array.from({ length: Math.ceil(d.length_s * 20) }, (_, i) => Math.round(255 * loud(d, i / 20) * (0.7 + 0.3 * Math.abs(Math.sin(i * 1.7))))) }; }],
  ['GET', '/reports/:id', ({ db, act, params }) => { const r = db.reports.get(params.id); if (!r) throw new Fail(404, 'not_found', 'There is no such report.'); const v = act.latest(r); return { id: r.id, kind: r.kind, status: r.status, version: v.version, text: v.text, trace: v.trace, sections: act.sections(v.text) }; }],
  ['GET', '/reports/:id/versions', ({ db, params }) => ({ items: db.reports.get(params.id).versions.map(({ version, by, at }) => ({ version, by, at })), next: null })],
  ['GET', '/reports/:id/versions/:n', ({ db, params }) => db.reports.get(params.id).versions[params.n - 1]],
  ['GET', '/reports/:id/diff', ({ db, act, params, query }) => { const r = db.reports.get(params.id); const text = (n) => (n === 0 ? act.get(r.dictation).draft.words.map((w) => w.text).join(' ') : r.versions[n - 1].text); return diff(text(Number(query.from)), text(Number(query.to))); }],
  ['PUT', '/reports/:id/text', ({ db, act, user, params, body, headers }) => { const r = db.reports.get(params.id); const v = act.correct(r, user, Number((headers['if-match'] ?? '').replace(/\D/g, '')), body.text); return { body: { version: v.version, trace: v.trace, sections: act.sections(v.text) }, headers: { etag: `"${v.version}"` } }; }],
  ['GET', '/patients', ({ db, act, query }) => ({ items: db.patients.filter((p) => !query.q || `${p.mrn} ${p.family} ${p.given} ${p.birth_date}`.toLowerCase().includes(query.q.toLowerCase())).map((p) => ({ id: p.id, ...act.brief(p) })), next: null })],
  ['GET', '/templates', ({ db, user, query }) => ({ items: db.templates.filter((x) => x.layer === 'site' || user.role === 'physician' || query.author).map((x, i) => ({ id: i + 1, owner: null, spoken: [], kind: null, by: 's.olsen', at: new Date(db.now - 9e8).toISOString(), ...x })), next: null })],
  ['POST', '/templates', ({ db, user, body }) => { const x = { id: db.templates.length + 100, by: user.username, at: new Date().toISOString(), kind: null, ...body }; db.templates = db.templates.filter((o, i) => (o.id ?? i + 1) !== body.replaces); db.templates.push(x); return { status: 201, body: x }; }],
  ['DELETE', '/templates/:id', ({ db, params }) => { db.templates = db.templates.filter((o, i) => String(o.id ?? i + 1) !== params.id); return { status: 204 }; }],
  ['GET', '/dictionary/check', ({ db, query }) => ({ unknown: (query.words ?? '').split(',').filter((w) => /(xx|qz|centipural|pluritic)/i.test(w) && !db.words.has(w.toLowerCase())) })],
  ['GET', '/dictionary/suggest', ({ query }) => [{ text: `${query.word}e`, score: 1 }]],
  ['POST', '/dictionary/entries', ({ db, body }) => { db.words.add(body.text.toLowerCase()); return { id: `w${db.words.size}`, ...body }; }],
];
const session = (user) => ({ user: { id: user.id, username: user.username, name: user.name, role: user.role }, proven: true, password_due: null, second_factor: false, idle_s: 900, storage_key: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64') });

export async function serve(port = 0, { db = practice(), more = [] } = {}) {
  const act = actions(db);
  const routes = [...more, ...ROUTES].map(([method, pattern, run, open]) => ({ method, run, open, names: [...pattern.matchAll(/:(\w+)/g)].map((m) => m[1]), regex: new RegExp(`^${pattern.replace(/:\w+/g, '([^/]+)')}$`) }));
  const server = createServer(async (req, res) => {
    const url = new URL(req.url, 'http://localhost');
    const send = (status, body, headers = {}) => { res.writeHead(status, { 'content-security-policy': CSP, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', ...headers }); res.end(body); };
    const json = (status, body, headers, type = 'application/json') => send(status, JSON.stringify(body), { 'content-type': type, ...headers });
    try {
      if (!url.pathname.startsWith('/api/')) {
        const path = normalize(join(WEB, url.pathname === '/' ? 'index.html' : url.pathname));
        if (!path.startsWith(WEB) || !TYPES[extname(path)]) return send(404, 'not found');
        return send(200, await readFile(path), { 'content-type': TYPES[extname(path)], 'cache-control': 'no-cache' });
      }
      if (db.down) return req.destroy();
      const path = url.pathname.slice('/api/v1'.length);
      const token = /osler_session=([^;]+)/.exec(req.headers.cookie ?? '')?.[1];
      const user = db.sessions.get(token)?.user;
      if (path === '/events') {
        if (!user) throw new Fail(401, 'not_logged_in', 'Log in first.');
        res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
        res.write(':\n\n');
        const f = (name, data) => res.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        db.listeners.add(f);
        return req.on('close', () => db.listeners.delete(f));
      }
      for (const r of routes) {
        const m = r.method === req.method && r.regex.exec(path);
        if (!m) continue;
        if (!user && !r.open) throw new Fail(401, 'not_logged_in', 'Log in first.');
        if (req.method !== 'GET' && req.headers['x-osler'] !== '1') throw new Fail(403, 'invalid', 'The header X-Osler is missing.');
        const chunks = [];
        for await (const c of req) chunks.push(c);
        const raw = Buffer.concat(chunks);
        const body = (req.headers['content-type'] ?? '').includes('json') && raw.length ? JSON.parse(raw) : raw;
        const out = await r.run({ db, act, user, token, body, headers: req.headers, query: Object.fromEntries(url.searchParams), params: Object.fromEntries(r.names.map((n, i) => [n, decodeURIComponent(m[i + 1])])) });
        if (out?.bytes) return send(out.status ?? 200, out.bytes, out.headers);
        if (out?.status === 204) return send(204, null, out.headers);
        const wrapped = out && ('body' in out) && (out.headers || out.status);
        return json(wrapped ? out.status ?? 200 : 200, wrapped ? out.body : out ?? null, wrapped ? out.headers : {});
      }
      throw new Fail(404, 'not_found', `There is no ${req.method} ${path}.`);
    } catch (e) {
      if (!(e instanceof Fail)) console.error(e);
      const status = e.status ?? (e.code === 'ENOENT' ? 404 : 500);
      return json(status, { type: 'about:blank', title: 'error', status, detail: e.message, reason: e.reason ?? 'failed', ...e.more }, {}, 'application/problem+json');
    }
  });
  await new Promise((done) => server.listen(port, '127.0.0.1', done));
  return { db, act, server, url: `http://127.0.0.1:${server.address().port}/`, close: () => { server.closeAllConnections(); return new Promise((done) => server.close(done)); } };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { routes: more = [] } = await import('./mock-pages.mjs').catch(() => ({}));
  const { url } = await serve(Number(process.argv[2]) || 8471, { more });
  console.log(`sample practice on ${url}`);
}
