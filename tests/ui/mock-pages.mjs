// The rest of the contract for the stand-in service: home, record, signing, uploads, administration, and live dictation.

import { createHash } from 'node:crypto';
import { LiveServer } from './live-server.mjs';
import { Fail } from './mock.mjs';

const now = () => new Date().toISOString();
const record = (db, act, mrn, user) => {
  const patient = act.person(mrn);
  const reports = (d) => [...db.reports.values()].filter((r) => r.dictation === d.id).map((r) => view(r, act));
  return {
    patient: { version: 1, contact: { phone: '', address: '', email: '' }, numbers: [], former: [], ...patient }, encounters: db.encounters.filter((e) => e.mrn === mrn).map((e) => encounter(e, db, act)),
    dictations: [...db.dictations.values()].filter((d) => d.mrn === mrn).map((d) => ({ ...act.summary(d, user), reports: reports(d) })),
  };
};
const view = (r, act) => { const v = act.latest(r); return { id: r.id, kind: r.kind, title: '', status: r.status, version: v.version, parent_id: r.parent_id, filed_at: r.filed_at ?? null, signature: r.signature, retraction: r.retraction, text: v.text, sections: act.sections(v.text) }; };
const encounter = (e, db, act) => ({ id: e.id, date: e.date, patient: act.brief(act.person(e.mrn)), physician: e.physician, location: e.location, reason: e.reason, status: e.status ?? 'planned', dictation_id: e.dictation_id });
const report = (db, id) => { const r = db.reports.get(id); if (!r) throw new Fail(404, 'not_found', 'There is no such report.'); return r; };
const person = (db, username) => db.people.find((p) => p.username === username);

export const routes = [
  ['GET', '/mine', ({ db, act, user }) => {
    const own = [...db.dictations.values()].filter((d) => d.author.username === user.username);
    const of = (f) => own.filter(f).map((d) => ({ ...act.summary(d, user), note: d.note }));
    return {
      encounters: db.encounters.filter((e) => e.physician === user.username).map((e) => encounter(e, db, act)), questions: of((d) => d.state === 'returned'),
      to_sign: of((d) => d.phase === 'awaiting_signature' || d.phase === 'signed'), under_way: of((d) => ['recorded', 'transcribed', 'in_correction'].includes(d.phase) && d.state !== 'returned'),
    };
  }],
  ['DELETE', '/patients/:mrn/entries/:id', ({ act, params }) => { const p = act.person(params.mrn); for (const k of ['allergies', 'medications', 'problems']) p[k] = p[k].filter((e) => e.id !== params.id); return { status: 204 }; }],
  ['GET', '/live', () => ({ items: [], next: null })],
  ['GET', '/encounters', ({ db, act, user }) => ({ items: db.encounters.filter((e) => e.physician === user.username).map((e) => encounter(e, db, act)), next: null })],
  ['POST', '/patients', ({ db, body }) => { if (db.patients.some((p) => p.mrn === body.mrn)) throw new Fail(409, 'conflict', 'There is a patient with this record number already.'); db.patients.push({ id: `p-${body.mrn}`, allergies: [], medications: [], problems: [], ...body }); return { status: 201, body }; }],
  ['GET', '/patients/:mrn', ({ db, act, user, params }) => record(db, act, params.mrn, user)],
  ['POST', '/patients/:mrn/entries', ({ act, user, params, body }) => { const p = act.person(params.mrn); const e = { id: `n${Math.random()}`, text: body.text, at: now(), by: user.name }; p[{ allergy: 'allergies', medication: 'medications', problem: 'problems' }[body.kind]].push(e); return { status: 201, body: e }; }],
  ['GET', '/reports/:id', ({ db, act, params }) => { const r = report(db, params.id); return { ...view(r, act), trace: act.latest(r).trace }; }],
  ['POST', '/reports/:id/signature', ({ db, act, user, params, body }) => {
    const r = report(db, params.id), d = db.dictations.get(r.dictation);
    if (db.unproven) throw new Fail(403, 'not_proven', 'A signature needs your password.');
    if (body.version !== act.latest(r).version) throw new Fail(412, 'conflict', 'Somebody changed it.');
    r.signature = { name: user.name, signed_at: now(), meaning: 'authorship', version: body.version };
    r.status = d.identity_verified || r.parent_id ? 'filed' : 'signed';
    if (r.status === 'filed') r.filed_at = now();
    if (!r.parent_id) { [d.phase, d.state] = r.status === 'filed' ? ['filed', 'done'] : ['signed', 'pending']; act.work(d); }
    return view(r, act);
  }],
  ['POST', '/reports/:id/filing', ({ db, act, params, body }) => { const r = report(db, params.id), d = db.dictations.get(r.dictation); if (body.birth_date !== act.person(d.mrn).birth_date) throw new Fail(422, 'identity_mismatch', 'Record number and date of birth do not belong together.'); r.status = 'filed'; r.filed_at = now(); [d.phase, d.state] = ['filed', 'done']; return view(r, act); }],
  ['POST', '/reports/:id/addenda', ({ db, params, body }) => { const r = report(db, params.id); const id = `a${db.reports.size}`; db.reports.set(id, { id, kind: r.kind, dictation: r.dictation, status: 'draft', versions: [{ version: 1, text: body.text, trace: [], at: now() }], parent_id: r.id, signature: null, retraction: null }); return { status: 201, body: { report_id: id } }; }],
  ['POST', '/reports/:id/retraction', ({ db, act, user, params, body }) => { const r = report(db, params.id); r.retraction = { at: now(), by: user.name, reason: body.reason }; return view(r, act); }],
  ['GET', '/search', ({ db, act, query }) => {
    const q = query.q.toLowerCase();
    const mark = (text) => { const i = text.toLowerCase().indexOf(q); return i < 0 ? null : `… ${text.slice(Math.max(0, i - 60), i)}\u0001${text.slice(i, i + q.length)}\u0002${text.slice(i + q.length, i + q.length + 70)} …`; };
    return { items: [
      ...db.patients.filter((p) => `${p.family} ${p.given} ${p.mrn}`.toLowerCase().includes(q)).map((p) => ({ kind: 'patient', id: p.mrn, patient: act.brief(p), title: '', at: null, snippet: '' })),
      ...[...db.reports.values()].map((r) => ({ r, d: db.dictations.get(r.dictation), s: mark(act.latest(r).text) })).filter((x) => x.s).map(({ r, d, s }) => ({ kind: 'report', id: r.id, patient: act.brief(act.person(d.mrn)), title: r.kind, at: d.received_at, snippet: s })),
    ].slice(0, 50), next: null };
  }],
  ['POST', '/uploads', ({ db, body }) => { const id = `up${db.uploads.size + 1}`; db.uploads.set(id, { id, offset: 0, ...body }); return { status: 201, body: { id, offset: 0 } }; }],
  ['GET', '/uploads/:id', ({ db, params }) => { const u = db.uploads.get(params.id); if (!u) throw new Fail(404, 'not_found', 'There is no such upload.'); return { offset: u.offset, bytes: u.bytes, dictation_id: u.offset === u.bytes ? 'd9' : undefined }; }],
  ['PATCH', '/uploads/:id', ({ db, params, body, headers }) => { const u = db.uploads.get(params.id); if (Number(headers['upload-offset']) !== u.offset) throw new Fail(409, 'conflict', 'Not there.', { offset: u.offset }); u.offset += body.length; return { offset: u.offset, dictation_id: u.offset === u.bytes ? 'd9' : undefined }; }],
  ['DELETE', '/uploads/:id', ({ db, params }) => { db.uploads.delete(params.id); return { status: 204 }; }],
  ['GET', '/users', ({ db }) => ({ items: db.people.map(({ id, username, name, role }) => ({ id, username, name, role, closed: false, second_factor: role === 'administrator' })), next: null })],
  ['POST', '/users', ({ db, body }) => { if (db.people.some((p) => p.username === body.username)) throw new Fail(409, 'conflict', 'There is somebody with this user name already.'); db.people.push({ id: `u${db.people.length + 1}`, ...body }); return { status: 201, body: { username: body.username, password: 'ready-harbour-lantern-62' } }; }],
  ['POST', '/users/:name/:what', ({ db, params }) => { const p = person(db, params.name); p.closed = params.what === 'close' ? true : params.what === 'reopen' ? false : p.closed; return params.what === 'reset-password' ? { username: p.username, password: 'quiet-meadow-anchor-17' } : { status: 204 }; }],
  ['GET', '/services', ({ db }) => ({ items: db.services ??= [{ username: 'kis', name: 'Hospital system', tokens: [{ scopes: ['patients:write', 'reports:read'], created_at: now(), expires_at: null }] }], next: null })],
  ['POST', '/services', ({ db, body }) => { (db.services ??= []).push({ username: body.username, name: body.name, tokens: [{ scopes: body.scopes, created_at: now() }] }); return { status: 201, body: { username: body.username, token: 'osler_svc_5Zr1VtGm2bXoCqJf8uKzN4' } }; }],
  ['DELETE', '/services/:name', ({ db, params }) => { db.services.find((s) => s.username === params.name).tokens = []; return { revoked: 1 }; }],
  ['GET', '/audit', ({ db, query }) => ({ items: Array.from({ length: 40 }, (_, i) => ({ seq: 4120 - i, at: new Date(db.now - i * 97000).toISOString(), who: db.people[i % 5].username, action: ['record_read', 'report_signed', 'logged_in', 'report_corrected', 'search'][i % 5], via: 'web', subject: i % 2 ? { kind: 'report', id: '0197c2d4-77aa', mrn: '0047-2291' } : { kind: 'patient', id: 'p-0047-2291', mrn: '0047-2291' }, outcome: i % 9 === 4 ? 'refused' : 'done', details: i % 3 ? '' : { version: i } })).filter((r) => !query.user || r.who.includes(query.user)), next: null })],
  ['GET', '/audit/check', () => ({ ok: true, rows: 4120, head: '9f2c41e07ab35d18c6604f9be1d27380' })],
  ['GET', '/queue', ({ db, act }) => { const of = (id) => ({ id, priority: act.get(id).priority }); return { items: [{ ...of('d4'), state: db.retried ? 'pending' : 'suspended', attempts: 5, reason: 'The recording is damaged after 0:41 and could not be read. The file is kept.' }, { ...of('d7'), state: 'in_progress', attempts: 1, done_s: 42, of_s: 130 }, { ...of('d2'), state: 'pending', attempts: 0 }], next: null }; }],
  ['POST', '/queue/:id/retry', ({ db }) => { db.retried = true; return { status: 204 }; }],
  ['GET', '/inbox', ({ db, query }) => ({ items: inbox(db).filter((x) => query.all === '1' || x.state === 'waiting'), next: null })],
  ['GET', '/inbox/:id/sound', ({ db, params }) => { arrival(db, params.id); return { bytes: tone(8), headers: { 'content-type': 'audio/wav' } }; }],
  ['POST', '/inbox/:id/assignment', ({ db, act, user, params, body }) => {
    const x = arrival(db, params.id), p = act.person(body.mrn);
    if (body.birth_date && body.birth_date !== p.birth_date) throw new Fail(409, 'identity_mismatch', 'The date of birth is not the one in the record.');
    Object.assign(x, { state: 'assigned', dictation_id: 'd7', ended_at: now(), ended_by: user.name, decision: body });
    return { dictation_id: 'd7' };
  }],
  ['POST', '/inbox/:id/discard', ({ db, user, params, body }) => { Object.assign(arrival(db, params.id), { state: 'discarded', note: body.reason, ended_at: now(), ended_by: user.name }); return { status: 204 }; }],
  ['PUT', '/patients/:mrn', ({ act, user, params, body, headers }) => {
    const p = act.person(params.mrn), before = { ...p, ...contactOf(p) };
    if (headers['if-match'] === undefined) throw new Fail(428, 'precondition', 'Say which version you changed.');
    if (headers['if-match'] !== `"${versionOf(p)}"`) throw new Fail(412, 'conflict', 'Somebody changed it.', { version: versionOf(p), by: 'Mara Olsen' });
    Object.assign(p, { family: body.family, given: body.given, birth_date: body.birth_date, sex: body.sex, contact: body.contact, version: versionOf(p) + 1 });
    const after = { ...p, ...body.contact };
    for (const f of ['family', 'given', 'birth_date', 'sex', 'phone', 'address', 'email']) if ((before[f] ?? '') !== (after[f] ?? '')) (p.changes ??= []).unshift({ at: now(), by: user.name, field: f, before: before[f] ?? '', after: after[f] ?? '' });
    return { patient: p, version: p.version };
  }],
  ['POST', '/patients/:mrn/numbers', ({ act, user, params, body }) => { const p = act.person(params.mrn); const n = { id: `n${Math.random()}`, ...body, at: now(), by: user.name }; (p.numbers ??= []).push(n); return { status: 201, body: n }; }],
  ['DELETE', '/patients/:mrn/numbers/:id', ({ act, params }) => { const p = act.person(params.mrn); p.numbers = p.numbers.filter((n) => n.id !== params.id); return { status: 204 }; }],
  ['GET', '/patients/:mrn/history', ({ act, params }) => ({ items: act.person(params.mrn).changes ?? [], next: null })],
  ['GET', '/patients/:mrn/merge', ({ db, act, params, query }) => { const into = act.person(params.mrn), from = act.person(query.from); return { into: act.brief(into), from: act.brief(from), differences: differ(into, from), dictations: [...db.dictations.values()].filter((d) => d.mrn === from.mrn).length, reports: 1, encounters: 1, entries: 2, in_the_way: from.mrn === '0052-1108' ? [{ what: 'locked', by: 'Mara Olsen' }] : [] }; }],
  ['POST', '/patients/:mrn/merge', ({ db, act, user, params, body }) => { const into = act.person(params.mrn), from = act.person(body.from); if (JSON.stringify(differ(into, from)) !== JSON.stringify(body.differences)) throw new Fail(409, 'conflict', 'They differ otherwise now.', { differences: differ(into, from) }); for (const d of db.dictations.values()) if (d.mrn === from.mrn) d.mrn = into.mrn; (into.former ??= []).push({ ...act.brief(from), at: now(), by: user.name, reason: body.reason }); db.patients = db.patients.filter((p) => p !== from); return { patient: into }; }],
  ['GET', '/reports/:id/letters', ({ db, params }) => ({ items: (db.letters ?? []).filter((l) => l.report_id === params.id), proposals: (db.letters ?? []).length ? [] : [{ name: 'Dr. Moreau', said: 'copy to Dr. Moreau' }] })],
  ['POST', '/reports/:id/letters', ({ db, user, params, body }) => { const l = { id: `l${(db.letters ?? []).length + 1}`, report_id: params.id, to: body.to, copies: body.copies, by: user.name, at: now(), withdrawal: null }; (db.letters ??= []).unshift(l); return { status: 201, body: l }; }],
  ['POST', '/letters/:id/withdrawal', ({ db, user, params, body }) => { const l = db.letters.find((x) => x.id === params.id); l.withdrawal = { by: user.name, at: now(), reason: body.reason }; return l; }],
  ['GET', '/due-times', ({ db }) => ({ items: dueTimes(db), next: null })],
  ['PUT', '/due-times/:kind', ({ db, params, body }) => {
    const all = dueTimes(db), x = all.find((k) => k.kind === params.kind), base = all[0];
    for (const p of ['stat', 'urgent', 'routine']) { x.own[p] = body[p] ?? null; }
    for (const k of all) for (const p of ['stat', 'urgent', 'routine']) k[p] = k.own[p] ?? base.own[p];
    return x;
  }],
  ['GET', '/pools', ({ db }) => ({ items: pools(db), next: null })],
  ['PUT', '/pools/:pool/members/:username', ({ db, params }) => { const u = person(db, params.username); let p = pools(db).find((x) => x.name === params.pool); if (!p) pools(db).push(p = { name: params.pool, members: [], waiting: 0 }); p.members.push({ username: u.username, name: u.name }); return { status: 204 }; }],
  ['DELETE', '/pools/:pool/members/:username', ({ db, params }) => { const p = pools(db).find((x) => x.name === params.pool); if (p.members.length === 1 && p.waiting) throw new Fail(409, 'conflict', 'Dictations wait for this pool; give them to somebody else first.'); p.members = p.members.filter((m) => m.username !== params.username); db.pools = pools(db).filter((x) => x.members.length); return { status: 204 }; }],
  ['GET', '/retention', ({ db }) => ({ audio_days: 90, due: 12, due_bytes: 148e6, held: holds(db).filter((x) => !x.lifted_at).length })],
  ['GET', '/holds', ({ db }) => ({ items: holds(db), next: null })],
  ['PUT', '/patients/:mrn/hold', ({ db, act, user, params, body }) => { act.person(params.mrn); if (holds(db).some((x) => x.mrn === params.mrn && !x.lifted_at)) throw new Fail(409, 'conflict', 'There is a hold on this patient.'); holds(db).unshift({ mrn: params.mrn, reason: body.reason, placed_by: user.username, placed_at: now(), lifted_at: null }); return { status: 204 }; }],
  ['POST', '/patients/:mrn/hold/lift', ({ db, params }) => { holds(db).find((x) => x.mrn === params.mrn && !x.lifted_at).lifted_at = now(); return { status: 204 }; }],
  ['GET', '/system', ({ db }) => system(db)],
  ['GET', '/worklist/volume', ({ db, query }) => ({ items: Array.from({ length: Number(query.days) || 14 }, (_, i, all = Number(query.days) || 14) => { const d = new Date(db.now - (all - 1 - i) * 86400000); const work = ![0, 6].includes(d.getUTCDay()); return { date: d.toISOString().slice(0, 10), received: work ? 26 + (i * 7) % 15 : 2, signed: work ? 24 + (i * 5) % 14 : 1 }; }), next: null })],
  ['GET', '/learned', ({ db }) => ({ items: learned(db), next: null })],
  ['POST', '/learned/:id/decision', ({ db, user, params, body }) => { const x = learned(db).find((l) => String(l.id) === params.id); if (body.accept && body.worse !== x.trial.worse) throw new Fail(409, 'conflict', 'Look at the places first.'); Object.assign(x, { state: body.accept ? 'accepted' : 'declined', by: user.username, at: now() }); return x; }],
  ['GET', '/dictionary/layers', ({ db }) => ['term', 'name', 'replacement'].map((kind) => ({ layer: 'site', owner: null, kind, in_force: entries(db).filter((e) => e.layer === 'site' && e.kind === kind).length, revoked: 0 }))],
  ['GET', '/dictionary/layers/:layer', ({ db, params, query }) => entries(db).filter((e) => e.layer === params.layer && (e.owner ?? '') === (query.owner ?? ''))],
  ['POST', '/dictionary/entries', ({ db, user, body }) => { const e = { id: `w${Math.random()}`, at: now(), by: user.name, origin: 'typed', ...body }; entries(db).unshift(e); db.words.add(body.text.toLowerCase()); return { status: 201, body: e }; }],
  ['DELETE', '/dictionary/entries/:id', ({ db, params }) => { db.entries = entries(db).filter((e) => e.id !== params.id); return { status: 204 }; }],
  ['GET', '/worklist/turnaround', ({ query }) => { const base = { 'received-drafted': 95, 'drafted-submitted': 2900, 'submitted-signed': 9300, 'received-signed': 12800, 'received-filed': 13100 }[`${query.start}-${query.stop}`]; return { start: query.start, stop: query.stop, n: 212, open: 31, late: 9, median_s: base, p90_s: base * 2.6, longest_s: base * 7 }; }],
  ['POST', '/account/password', ({ body }) => { if (body.old !== 'correct horse') throw new Fail(401, 'wrong', 'The password is wrong.'); return { status: 204 }; }],
  ['POST', '/account/second-factor', () => ({ secret: 'JBSWY3DPEHPK3PXPJBSWY3DP', uri: 'otpauth://totp/Osler:dr.lindqvist?secret=JBSWY3DPEHPK3PXPJBSWY3DP' })],
  ['POST', '/account/second-factor/confirm', ({ body }) => { if (body.code !== '123456') throw new Fail(401, 'wrong', 'The code is wrong.'); return { status: 204 }; }],
];
const inbox = (db) => (db.inbox ??= [
  { id: 'i1', state: 'waiting', name: 'DM670_0412.DS2', source: 'dictaphones', received_at: new Date(db.now - 3.1e6).toISOString(), bytes: 1843200, known: { author: 'dr.lindqvist', mrn: '0047-2219' }, reason: 'there is no patient with record number 0047-2219', by_hand: false },
  { id: 'i2', state: 'waiting', name: '0031-5520_2026-03-02.wav', source: 'ward-4b', received_at: new Date(db.now - 6.4e6).toISOString(), bytes: 9437184, known: { mrn: '0031-5520', birth_date: '1971-03-12', usual_author: 'dr.moreau', priority: 'urgent' }, reason: 'the date of birth that came with it is not the one in record 0031-5520', by_hand: false },
  { id: 'i3', state: 'waiting', name: 'VN-20260301-0007.mp3', source: 'dictaphones', received_at: new Date(db.now - 9.9e7).toISOString(), bytes: 524288, known: { author: 'dr.moreau', recorder_author: 'dr.lindqvist' }, reason: 'its author is not certain: dr.moreau is named, and the recorder is dr.lindqvist\'s', by_hand: true },
  { id: 'i4', state: 'discarded', name: 'DM670_0398.DS2', source: 'dictaphones', received_at: new Date(db.now - 3e8).toISOString(), bytes: 20480, known: {}, reason: 'nothing says whose it is', by_hand: false, note: 'Somebody tried the recorder.', ended_at: new Date(db.now - 2.9e8).toISOString(), ended_by: 'Mara Olsen' },
]);
const arrival = (db, id) => { const x = inbox(db).find((i) => i.id === id); if (!x) throw new Fail(404, 'not_found', 'There is no such recording in the inbox.'); return x; };
/** A soft tone as WAV, seconds long. */
const tone = (s) => { const n = 8000 * s, b = Buffer.alloc(44 + n * 2); b.write('RIFF', 0); b.writeUInt32LE(36 + n * 2, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22); b.writeUInt32LE(8000, 24); b.writeUInt32LE(16000, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(n * 2, 40); for (let i = 0; i < n; i += 1) b.writeInt16LE(Math.round(900 * Math.sin(i / 6)), 44 + i * 2); return b; };
const check = (what, health, found, advice = null) => ({ what, health, found, advice });
const system = (db) => ({
  version: '0.1.0', health: 'warning', engine: { state: 'ready', model: 'base', reason: null }, disk: { free_bytes: 212.4e9, total_bytes: 480e9, is_little: false }, memory_bytes: 402e6, database_encrypted: true, models_folder: '/var/lib/osler/models', configured_model: 'base', backup: { folder: '/srv/backup/osler', last_at: new Date(db.now - 3.2e7).toISOString() },
  checks: [check('version', 'ok', 'osler 0.1.0, schema 19, 8 cores'), check('data folder', 'ok', '/var/lib/osler can be written'), check('permissions', 'ok', 'nobody but the owner can read the records'), check('disk', 'ok', '197.8 GB of 447.0 GB free'), check('database', 'ok', 'practice, schema 19, 84.2 MB, SQLite 3.50'), check('integrity', 'ok', 'SQLite finds nothing wrong'), check('key', 'ok', '/etc/osler/key opens this practice'), check('clock', 'ok', '2026-03-03 09:12:44 UTC'), check('recordings', 'ok', '2841, all there'), check('inbox', 'warning', 'waiting until somebody says whose they are: 3', 'osler inbox list'), check('queue', 'ok', 'nothing was given up'), check('model', 'ok', 'base: /var/lib/osler/models/ggml-base-q8_0.bin, sum as it should be'), check('dictionary', 'ok', 'built in, 104212 entries'), check('watched folder', 'failed', '/srv/dictaphones/ward-4b cannot be read: Permission denied (os error 13)', 'make it, mount it, or give the user that Osler runs as the right to read it')],
  models: [
    { name: 'tiny.en', languages: 'English', licence: 'MIT', download_bytes: 77704715, disk_bytes: 43550795, in_use: false, file: null, sha256: null, is_right: null },
    { name: 'base', languages: '99 languages', licence: 'MIT', download_bytes: 147951465, disk_bytes: 81768585, in_use: true, file: '/var/lib/osler/models/ggml-base-q8_0.bin', sha256: 'c577b9a86e7e048a0b7eada054f4dd79a56bbfa911fbdacf900ac5b567cbb7d9', is_right: true },
    { name: 'small', languages: '99 languages', licence: 'MIT', download_bytes: 487601967, disk_bytes: 264464607, in_use: false, file: '/var/lib/osler/models/ggml-small-q8_0.bin', sha256: '49c8fb02b65e6049d5fa6c04f81f53b867b5ec9540406812c643f177317f779f', is_right: null },
  ],
});
const versionOf = (p) => p.version ?? 1;
const contactOf = (p) => p.contact ?? { phone: '', address: '', email: '' };
const differ = (a, b) => ['family', 'given', 'birth_date', 'sex'].filter((k) => a[k] !== b[k]);
const dueTimes = (db) => (db.dueTimes ??= [['default', 60, 240, 1440], ['dictation', null, null, null], ['discharge_summary', null, 480, 2880], ['operative_note', null, null, 720], ['progress_note', null, null, null], ['letter', null, 1440, 4320]].map(([kind, stat, urgent, routine]) => ({ kind, own: { stat, urgent, routine }, stat: stat ?? 60, urgent: urgent ?? 240, routine: routine ?? 1440 })));
const pools = (db) => (db.pools ??= [{ name: 'surgery', members: [{ username: 'jonas.weber', name: 'Jonas Weber' }, { username: 'mara.olsen', name: 'Mara Olsen' }], waiting: 4 }, { name: 'letters', members: [{ username: 'mara.olsen', name: 'Mara Olsen' }], waiting: 2 }]);
const holds = (db) => (db.holds ??= [{ mrn: '0028-4410', reason: 'Complaint 14/2026, insurer', placed_by: 'admin', placed_at: new Date(db.now - 8e8).toISOString(), lifted_at: null }, { mrn: '0060-7312', reason: 'Court file 3 O 211/25', placed_by: 'admin', placed_at: new Date(db.now - 3e9).toISOString(), lifted_at: new Date(db.now - 1e9).toISOString() }]);
const learned = (db) => (db.learned ??= [
  { id: 4, physician: { username: 'dr.lindqvist', name: 'Dr. Astrid Lindqvist' }, heard: 'tie a tropical', written: 'tiotropium', places: 5, reports: 4, state: 'open', by: null, at: null, trial: { reports: 61, right: 5, worse: 0, examples: [] } },
  { id: 9, physician: { username: 'dr.lindqvist', name: 'Dr. Astrid Lindqvist' }, heard: 'bear', written: 'Bair', places: 3, reports: 3, state: 'open', by: null, at: null, trial: { reports: 61, right: 3, worse: 1, examples: [{ mrn: '0031-5520', heard: 'was bitten by a bear in the', signed: 'was bitten by a bear in the' }] } },
]);
const entries = (db) => (db.entries ??= [
  { id: 'w1', layer: 'site', kind: 'term', text: 'Tiotropium Respimat', by: 'Mara Olsen', at: new Date(db.now - 4e8).toISOString(), origin: 'typed' },
  { id: 'w2', layer: 'site', kind: 'name', text: 'Dr. Szczepański', by: 'Mara Olsen', at: new Date(db.now - 9e8).toISOString(), origin: 'imported' },
  { id: 'w3', layer: 'site', kind: 'replacement', text: 'GOLD 3', replaces: 'gold three', by: 'Dr. Luc Moreau', at: new Date(db.now - 2e8).toISOString(), origin: 'learned' },
]);

// ---- live dictation: just enough of WebSocket for frames of a browser

const SPOKEN = 'The patient is a 67-year-old woman who presented with three days of increasing dyspnea and productive cough. Arterial blood gas on admission showed a pH of 7.31 with a PaCO2 of 58 mmHg. Chest radiograph showed hyperinflation without focal consolidation.'.split(' ');

/** Answers /api/v1/live on a server: acknowledges, and "hears" two words for each second of sound. */
export function live(server, { db } = {}) {
  const service = new LiveServer();
  const sockets = new Set();
  server.on('upgrade', (req, socket) => {
    if (db?.down || !req.url.startsWith('/api/v1/live')) { socket.destroy(); return; }
    const accept = createHash('sha1').update(`${req.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    const line = {};
    const told = new Map();
    const send = (m) => {
      const body = Buffer.from(JSON.stringify(m));
      const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
      if (socket.writable) socket.write(Buffer.concat([head, body]));
    };
    let rest = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        if (rest.length < 2) return;
        let length = rest[1] & 127, at = 2;
        if (length === 126) { if (rest.length < 4) return; length = rest.readUInt16BE(2); at = 4; } else if (length === 127) { if (rest.length < 10) return; length = Number(rest.readBigUInt64BE(2)); at = 10; }
        if (rest.length < at + 4 + length) return;
        const mask = rest.subarray(at, at + 4);
        const data = Buffer.from(rest.subarray(at + 4, at + 4 + length));
        for (let i = 0; i < length; i += 1) data[i] ^= mask[i & 3];
        const kind = rest[0] & 15;
        rest = rest.subarray(at + 4 + length);
        if (kind === 8) { socket.end(); return; }
        const out = kind === 1 ? service.receive(line, data.toString()) : kind === 2 ? service.receive(line, data.buffer.slice(data.byteOffset, data.byteOffset + length)) : [];
        for (const m of out) {
          send(m);
          if (m.type !== 'ack') continue;
          const heard = Math.floor(m.samples / 5000), before = told.get(m.take) ?? 0;
          const word = (i) => ({ text: SPOKEN[i % SPOKEN.length], start_s: i * 0.3125, end_s: i * 0.3125 + 0.28 });
          const sure = Math.max(0, heard - 4);
          if (sure > before || heard > before) { send({ type: 'text', take: m.take, committed: Array.from({ length: Math.max(0, sure - before) }, (_, i) => word(before + i)), partial: Array.from({ length: heard - Math.max(sure, before) }, (_, i) => word(Math.max(sure, before) + i)) }); told.set(m.take, Math.max(sure, before)); }
        }
      }
    });
  });
  return { service, cut: () => { for (const s of sockets) s.destroy(); } };
}
