import test from 'node:test';
import assert from 'node:assert/strict';
import { Upload } from '../../src/web/js/model/upload.js';

const MB = 1024 * 1024;
const file = (size) => ({ name: 'visit.dss', size, slice: (from, to) => ({ from, to }) });
const problem = (status, more = {}) => Object.assign(new Error('no'), { status, reason: 'x', more });

// The service: takes bytes in order; `fails` are thrown instead of the answers of those calls, after the bytes were taken or not.
const service = (size, fails = {}) => {
  const s = { has: 0, calls: 0, log: [], made: 0, id: null };
  const call = (name, f) => async (...args) => {
    const n = s.calls++;
    s.log.push(name);
    const fail = fails[n];
    if (fail && !fail.after) throw fail.error;
    const out = f(...args);
    if (fail) throw fail.error;
    return out;
  };
  const state = () => ({ offset: s.has, dictation_id: s.has === size ? 'd1' : undefined });
  s.send = {
    create: call('create', () => { s.made += 1; s.id = `u${s.made}`; return { id: s.id, offset: 0 }; }),
    where: call('where', (id) => { if (id !== s.id) throw problem(404); return state(); }),
    piece: call('piece', (id, offset, bytes) => { if (offset !== s.has) throw problem(409, { offset: s.has }); s.has = bytes.to; return state(); }),
    drop: call('drop', () => { s.has = 0; s.id = null; }),
  };
  return s;
};
const run = async (s, size, more = {}) => { const waits = []; const u = new Upload({ file: file(size), order: { mrn: '1' }, send: s.send, wait: async (ms) => { waits.push(ms); }, ...more }); await u.run(); return { u, waits }; };

test('a recording goes in pieces, and the last brings the dictation', async () => {
  const s = service(9 * MB);
  const { u } = await run(s, 9 * MB);
  assert.deepEqual([u.state, u.dictationId, u.part], ['done', 'd1', 1]);
  assert.deepEqual(s.log, ['create', 'piece', 'piece', 'piece']);
});

test('whichever answer is lost, before or after the bytes were taken, it arrives once', async () => {
  for (let n = 1; n < 6; n += 1) for (const after of [false, true]) {
    const s = service(9 * MB, { [n]: { error: problem(0), after } });
    const { u, waits } = await run(s, 9 * MB);
    assert.equal(u.state, 'done', `${n} ${after}`);
    assert.equal(s.has, 9 * MB);
    assert.equal(s.made, 1);
    if (n < 4) assert.equal(waits.length, 1);
  }
});

test('a full service is waited for as long as it says', async () => {
  const s = service(MB, { 1: { error: problem(503, { retryAfter: 7 }) } });
  const { u, waits } = await run(s, MB);
  assert.equal(u.state, 'done');
  assert.deepEqual(waits, [7000]);
});

test('what is refused is not tried again', async () => {
  const s = service(MB, { 0: { error: problem(403) } });
  const { u } = await run(s, MB);
  assert.equal(u.state, 'failed');
  assert.equal(s.log.length, 1);
});

test('after a reload it goes on where the service has it, and begins anew where the service has forgotten', async () => {
  const s = service(9 * MB);
  s.id = 'u0'; s.has = 4 * MB;
  const { u } = await run(s, 9 * MB, { id: 'u0' });
  assert.equal(u.state, 'done');
  assert.deepEqual(s.log, ['where', 'piece', 'piece']);
  const other = service(MB);
  const again = await run(other, MB, { id: 'gone' });
  assert.equal(again.u.state, 'done');
  assert.equal(other.made, 1);
});

test('paused is paused, and cancelled is dropped', async () => {
  const s = service(9 * MB);
  const u = new Upload({ file: file(9 * MB), order: {}, send: s.send });
  u.addEventListener('change', () => { if (u.offset === 4 * MB && u.state === 'sending') u.pause(); });
  await u.run();
  assert.deepEqual([u.state, s.has], ['paused', 4 * MB]);
  await u.run();
  assert.equal(u.state, 'paused'); // the listener pauses at the same place again
  await u.cancel();
  assert.equal(s.log.at(-1), 'drop');
});
