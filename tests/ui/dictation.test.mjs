// A dictation reaches the service complete and once, wherever the line breaks and whenever the page is loaded anew.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Dictation, pack, uuid7 } from '../../src/web/js/model/dictation.js';
import { LiveServer, Lines, Timers, settle } from './live-server.mjs';

// The store's contract in memory; what it gives back are copies, as from a database.
class Kept {
  constructor() { this.metas = new Map(); this.rows = new Map(); this.full = false; }
  async put(id, take, first, samples) {
    await null;
    if (this.full) throw Object.assign(new Error('full'), { name: 'QuotaExceededError' });
    this.rows.set(`${id}/${take}/${first}`, { id, take, first, samples: samples.slice() });
  }
  #of(id, take) { return [...this.rows.values()].filter((r) => r.id === id && r.take === take).sort((a, b) => a.first - b.first); }
  async frames(id, take, from, limit) { return this.#of(id, take).filter((r) => r.first + r.samples.length > from).slice(0, limit).map(({ first, samples }) => ({ first, samples: samples.slice() })); }
  async acknowledge(id, take, upto) { for (const [k, r] of this.rows) if (r.id === id && r.take === take && r.first + r.samples.length <= upto) this.rows.delete(k); }
  async extent(id) {
    const ends = new Map();
    for (const r of this.rows.values()) if (r.id === id) ends.set(r.take, Math.max(ends.get(r.take) ?? 0, r.first + r.samples.length));
    return [...ends].map(([take, end]) => ({ take, end }));
  }
  async save(meta) { this.metas.set(meta.id, JSON.stringify(meta)); }
  async dictations() { return [...this.metas.values()].map((m) => JSON.parse(m)); }
  async remove(id) { this.metas.delete(id); for (const [k, r] of this.rows) if (r.id === id) this.rows.delete(k); }
}

const order = { mrn: '0047-2291', priority: 'routine', route: 'secretary' };
let spoken = 0;
const frame = (n = 160) => Int16Array.from({ length: n }, () => (spoken++ % 30000));

const world = (cuts = []) => {
  spoken = 0;
  const server = new LiveServer(), lines = new Lines(server, cuts), timers = new Timers(), store = new Kept();
  const ports = { connect: lines.connect, store, timers };
  return { server, lines, timers, store, ports, dictation: new Dictation({ id: uuid7(), order, ...ports }) };
};

const said = (server, id) => server.dictations.get(id)?.takes.map((t) => [...t.samples]);
const upTo = (...ends) => ends.map((end, i) => Array.from({ length: end - (ends[i - 1] ?? 0) }, (_, k) => ((ends[i - 1] ?? 0) + k) % 30000));

test('a dictation on a good line arrives as it was spoken, and nothing of it stays in the browser', async () => {
  const { server, timers, store, dictation: d } = world();
  d.open();
  d.record();
  for (let i = 0; i < 20; i += 1) await d.push(frame());
  await timers.run(100);
  assert.equal(d.waiting, 0);
  d.finish();
  await timers.run(100);
  assert.equal(d.state, 'finished');
  assert.equal(d.dictationId, d.id);
  assert.deepEqual(said(server, d.id), upTo(3200));
  assert.equal(store.rows.size, 0);
  assert.equal(store.metas.size, 0);
  assert.equal(server.dictations.get(d.id).order.mrn, order.mrn);
});

// The same short dictation with an inserted take, over a line that breaks at each message in turn.
const walk = async (w, reload) => {
  let d = w.dictation;
  const speak = async (n) => { for (let i = 0; i < n; i += 1) { await d.push(frame()); await settle(); } };
  d.open(); d.record();
  await speak(3);
  d.pause();
  d.place('insert', 100);
  d.record();
  await speak(2);
  d.finish({ route: 'secretary', instruction: 'copy to the ward' });
  if (reload) d = await reload(w, d);
  d.open();
  for (let i = 0; i < 40 && d.state !== 'finished'; i += 1) await w.timers.run(10000);
  return d;
};

test('wherever the line breaks, once or twice, nothing is lost and nothing comes twice', async () => {
  const clean = world();
  await walk(clean);
  const messages = clean.lines.messages;
  assert.ok(messages > 10);
  const cuts = [];
  for (let i = 0; i < messages; i += 1) cuts.push([i], [i, i + 1], [i, i + 3], [i, i + 5, i + 6]);
  for (const cut of cuts) {
    const w = world(cut);
    const d = await walk(w);
    assert.equal(d.state, 'finished', `cut at ${cut}`);
    assert.deepEqual(said(w.server, d.id), upTo(480, 800), `cut at ${cut}`);
    assert.deepEqual(w.server.bad, [], `cut at ${cut}`);
    assert.deepEqual([w.server.dictations.get(d.id).takes[1].mode, w.server.dictations.get(d.id).takes[1].at_s], ['insert', 100 / 16000]);
    assert.equal(w.store.rows.size + w.store.metas.size, 0, `cut at ${cut}`);
  }
});

// The page goes away without a word: what was not stored by then is gone, all else goes on.
const reload = async (w, d) => {
  await d.keep();
  w.lines.open.forEach((line) => { line.alive = false; });
  w.lines.open.clear();
  w.timers.queue = [];
  const [meta] = await w.store.dictations();
  return Dictation.restore(meta, w.ports);
};

test('after a reload at any point the rest is sent', async () => {
  const clean = world();
  await walk(clean);
  for (let cut = 0; cut < clean.lines.messages; cut += 1) {
    const w = world([cut, cut + 1]);
    const d = await walk(w, reload);
    assert.equal(w.server.dictations.get(d.id).decision.instruction, 'copy to the ward');
    assert.equal(d.state, 'finished', `cut at ${cut}`);
    assert.deepEqual(said(w.server, d.id), upTo(480, 800), `cut at ${cut}`);
    assert.deepEqual(w.server.bad, []);
  }
});

test('who speaks on after a reload, before the service has answered, speaks into a take of its own', async () => {
  const w = world();
  let d = w.dictation;
  d.open(); d.record();
  for (let i = 0; i < 5; i += 1) { await d.push(frame()); await settle(); }
  w.lines.unplug();
  await w.timers.run(0);
  for (let i = 0; i < 5; i += 1) await d.push(frame());
  d = await reload(w, d);
  assert.equal(d.state, 'paused');
  assert.equal(d.samples, 1600);
  d.open(); d.record();
  for (let i = 0; i < 2; i += 1) await d.push(frame());
  w.lines.plug();
  await w.timers.run(60000);
  assert.deepEqual(said(w.server, d.id), upTo(1600, 1920));
  assert.equal(d.waiting, 0);
});

test('an hour without network: memory keeps a minute, the store the rest, and all of it arrives', async () => {
  const w = world();
  const d = w.dictation;
  w.lines.unplug();
  d.open(); d.record();
  for (let i = 0; i < 2000; i += 1) await d.push(frame(16));
  assert.ok(d.take.frames.length <= 600);
  await settle();
  assert.equal(d.link, 'waiting');
  w.lines.plug();
  d.wake();
  d.finish();
  await w.timers.run(2000);
  for (let i = 0; i < 2500 && d.state !== 'finished'; i += 1) await settle();
  assert.equal(d.state, 'finished');
  assert.deepEqual(said(w.server, d.id), upTo(32000));
});

test('a full store warns, keeps the sound in memory and still sends it', async () => {
  const w = world();
  const d = w.dictation;
  w.store.full = true;
  w.lines.unplug();
  d.open(); d.record();
  for (let i = 0; i < 700; i += 1) await d.push(frame(16));
  assert.equal(d.warnings.get('storage'), 'full');
  assert.equal(d.stored, false);
  w.lines.plug();
  d.finish();
  await w.timers.run(20000);
  for (let i = 0; i < 1000 && d.state !== 'finished'; i += 1) await settle();
  assert.deepEqual(said(w.server, d.id), upTo(11200));
});

test('a service that stops answering is left and called again', async () => {
  const w = world();
  const d = w.dictation;
  d.open(); d.record();
  await d.push(frame());
  await settle();
  const [line] = w.lines.open;
  w.server.receive = ((real) => (l, data) => (l === line ? [] : real.call(w.server, l, data)))(w.server.receive);
  await d.push(frame());
  await w.timers.run(9000);
  assert.equal(d.waiting, 160);
  await w.timers.run(3000);
  assert.equal(d.waiting, 0);
  assert.deepEqual(said(w.server, d.id), upTo(320));
});

test('a service that lost what it had acknowledged gets the rest, silence for the hole, and the speaker is told', async () => {
  const w = world();
  const d = w.dictation;
  d.open(); d.record();
  for (let i = 0; i < 4; i += 1) { await d.push(frame()); await settle(); }
  await w.timers.run(0);
  w.server.dictations.get(d.id).takes[0].samples.length = 160;
  w.lines.unplug(); w.lines.plug();
  await w.timers.run(500);
  await d.push(frame());
  await w.timers.run(500);
  const [take] = said(w.server, d.id);
  assert.deepEqual(take.slice(160, 640), Array(480).fill(0));
  assert.deepEqual(take.slice(640), upTo(640, 800)[1]);
  assert.equal(d.warnings.get('lost'), `${480 / 16000}`);
});

test('a refusal stops the calls, says why and keeps the sound', async () => {
  const w = world();
  w.server.receive = () => [{ type: 'error', reason: 'relation', detail: 'not in your care' }];
  const d = w.dictation;
  d.open(); d.record();
  await d.push(frame());
  await w.timers.run(60000);
  assert.equal(d.link, 'refused');
  assert.equal(d.refusal.reason, 'relation');
  assert.equal(w.store.rows.size, 1);
});

test('an expired log-in is told after two vain calls, and goes on once somebody is logged in', async () => {
  const w = world();
  const d = new Dictation({ id: uuid7(), order, ...w.ports, check: async () => 'login' });
  w.lines.unplug();
  d.open(); d.record();
  await d.push(frame());
  await w.timers.run(2000);
  assert.deepEqual([d.link, d.refusal.reason], ['refused', 'not_logged_in']);
  w.lines.plug();
  d.open();
  await w.timers.run(100);
  assert.equal(d.waiting, 0);
});

test('what is discarded before the service knew of it leaves nothing; later the service is told why', async () => {
  const early = world();
  early.lines.unplug();
  early.dictation.open(); early.dictation.record();
  await early.dictation.push(frame());
  await settle();
  await early.dictation.discard('wrong patient');
  assert.equal(early.dictation.state, 'discarded');
  assert.equal(early.store.rows.size, 0);
  assert.equal(early.server.dictations.size, 0);

  const late = world();
  late.dictation.open(); late.dictation.record();
  await late.dictation.push(frame());
  await late.timers.run(0);
  late.lines.unplug();
  await late.timers.run(0);
  await late.dictation.discard('wrong patient');
  late.lines.plug();
  await late.timers.run(20000);
  assert.equal(late.dictation.state, 'discarded');
  assert.equal(late.server.dictations.get(late.dictation.id).reason, 'wrong patient');
});

test('nothing is finished without sound, and silence in a pause is not recorded', async () => {
  const { dictation: d, server, timers } = world();
  d.open();
  await timers.run(0);
  d.finish();
  assert.equal(d.state, 'paused');
  await d.push(frame());
  assert.equal(d.samples, 0);
  assert.deepEqual(said(server, d.id), [[]]);
});

test('text: new words are added, a whole take replaces what was there, partial words go', async () => {
  const { dictation: d, timers, lines } = world();
  d.open(); d.record();
  await d.push(frame(16000));
  await timers.run(0);
  const [line] = lines.open;
  const word = (text, start_s) => ({ text, start_s, end_s: start_s + 0.2 });
  line.ontext(JSON.stringify({ type: 'text', take: 0, committed: [word('The', 0)], partial: [word('pay', 0.3)] }));
  line.ontext(JSON.stringify({ type: 'text', take: 0, committed: [word('patient', 0.3)], partial: [] }));
  assert.equal(d.words.map((w) => w.text).join(' '), 'The patient');
  assert.deepEqual(d.partial.words, []);
  line.ontext(JSON.stringify({ type: 'text', take: 0, all: true, committed: [word('A', 0)], partial: [] }));
  assert.equal(d.words.map((w) => w.text).join(' '), 'A');
});

test('a frame is what the contract says, and identifiers are version 7', () => {
  const view = new DataView(pack(3, 1600, Int16Array.of(1, -2)));
  assert.deepEqual([view.getUint32(0, true), view.getUint32(4, true), view.getBigUint64(8, true), view.getInt16(16, true), view.getInt16(18, true)], [3, 0, 1600n, 1, -2]);
  assert.equal(view.byteLength, 20);
  assert.match(uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(uuid7(1000) < uuid7(2000));
});

test('what was begun in another browser goes on here once the service has told what there is', async () => {
  const first = world();
  first.dictation.open(); first.dictation.record();
  for (let i = 0; i < 3; i += 1) await first.dictation.push(frame());
  await first.timers.run(0);
  first.dictation.pause(); first.dictation.place('insert', 100); first.dictation.record();
  await first.dictation.push(frame());
  await first.timers.run(0);
  await first.dictation.close();
  const w = { ...first, store: new Kept() };
  const d = Dictation.adopt({ id: first.dictation.id, order, at: 0 }, { connect: first.lines.connect, store: w.store, timers: first.timers });
  d.record();
  assert.equal(d.state, 'paused'); // not before the service has answered
  d.open();
  await w.timers.run(0);
  assert.deepEqual(d.takes.map((t) => [t.mode, t.at, t.samples]), [['append', undefined, 480], ['insert', 100, 160]]);
  d.place('append'); d.record();
  await d.push(frame());
  d.finish();
  await w.timers.run(1000);
  assert.equal(d.state, 'finished');
  assert.deepEqual(said(w.server, d.id), upTo(480, 640, 800));
  assert.deepEqual(w.server.bad, []);
});

test('a service that is full is offered the sound again, and says so meanwhile', async () => {
  const w = world();
  const real = w.server.receive.bind(w.server);
  w.server.receive = () => [{ type: 'error', reason: 'disk_full', message: 'the disk is nearly full' }];
  const d = w.dictation;
  d.open(); d.record();
  await d.push(frame());
  await w.timers.run(200);
  assert.equal(d.warnings.get('service'), 'the disk is nearly full');
  w.server.receive = real;
  await w.timers.run(5000);
  assert.equal(d.waiting, 0);
  assert.equal(d.warnings.has('service'), false);
});
