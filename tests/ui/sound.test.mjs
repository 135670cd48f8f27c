// Resampling, levels, takes and buttons, without a browser.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Resampler, toInt16 } from '../../src/web/js/model/resample.js';
import { Watch, bars, refusalOf } from '../../src/web/js/model/recorder.js';
import { arrange, assemble, endOf, length } from '../../src/web/js/model/takes.js';
import { Buttons, DEVICES, known, pressed } from '../../src/web/js/model/hid.js';

const dB = (x) => 20 * Math.log10(x);
const sine = (hz, rate, seconds, level = 0.5) => Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => level * Math.sin(2 * Math.PI * hz * i / rate));
const through = (from, input, block = 128) => {
  const r = new Resampler(from);
  const out = [];
  for (let i = 0; i < input.length; i += block) out.push(...r.push(input.subarray(i, i + block)));
  return out;
};
const rms = (x) => Math.sqrt(x.reduce((a, b) => a + b * b, 0) / x.length);

for (const rate of [8000, 22050, 32000, 44100, 48000, 96000]) {
  test(`${rate} Hz: tones in the band pass unchanged and in time, tones above it vanish`, () => {
    for (const hz of [50, 300, 1000, 3400, 7000].filter((f) => f < rate / 2 * 0.9)) {
      const out = through(rate, sine(hz, rate, 0.5)).slice(400, -400);
      const want = sine(hz, 16000, 1).slice(400, 400 + out.length);
      assert.ok(dB(rms(out.map((x, i) => x - want[i])) / rms(out)) < -60, `${hz} Hz`);
    }
    for (const hz of [8100, 9000, 12000, 15500, 20000].filter((f) => f < rate / 2)) {
      const out = through(rate, sine(hz, rate, 0.5)).slice(400, -400);
      assert.ok(dB(rms(out) / 0.354) < -78, `${hz} Hz: ${dB(rms(out) / 0.354)}`);
    }
  });
}

test('a sweep keeps its level over the whole band of speech', () => {
  const rate = 44100, seconds = 4;
  const sweep = Float32Array.from({ length: rate * seconds }, (_, i) => { const t = i / rate; return 0.5 * Math.sin(2 * Math.PI * (100 * t + (7000 - 100) / (2 * seconds) * t * t)); });
  const out = through(rate, sweep);
  for (let i = 800; i + 800 < out.length; i += 800) assert.ok(Math.abs(dB(rms(out.slice(i, i + 800)) / 0.3536)) < 0.3);
});

test('what comes out does not depend on the blocks, and its length is that of the sound', () => {
  const input = sine(440, 44100, 1);
  const whole = through(44100, input, input.length);
  for (const block of [1, 127, 128, 1000]) assert.deepEqual(through(44100, input, block), whole);
  assert.ok(Math.abs(whole.length - 16000) < 80);
  assert.deepEqual([...new Resampler(16000).push(Float32Array.of(0.5, -0.25))], [0.5, -0.25]);
});

test('an hour does not drift', () => {
  const r = new Resampler(44100);
  const block = new Float32Array(44100);
  let n = 0;
  for (let i = 0; i < 200; i += 1) n += r.push(block).length;
  assert.ok(Math.abs(n - 200 * 16000) < 80, `${n}`);
  assert.ok(Math.abs(r.push(Float32Array.from({ length: 4410 }, () => 0.25)).at(-1) - 0.25) < 1e-3);
});

test('samples stay at the rails', () => {
  assert.deepEqual([1.2, 1, 0.5, 0, -1, -1.5].map(toInt16), [32767, 32767, 16384, 0, -32768, -32768]);
  assert.throws(() => new Resampler(44100.5), RangeError);
});

const run = (w, seconds, levels) => { let last = []; for (let i = 0; i < seconds * 10; i += 1) last = w.frame({ seconds: 0.1, rails: 0, peak: levels.rms * 3, ...levels }); return last; };
const room = { rms: 10 ** (-62 / 20) }, voice = { rms: 10 ** (-25 / 20) }, dead = { rms: 0, peak: 0 };

test('a dead microphone is told within a second, a muted one within three, a thinking speaker never', () => {
  assert.deepEqual(run(new Watch(), 0.9, dead), []);
  assert.deepEqual(run(new Watch(), 1.1, dead), ['silent']);
  assert.deepEqual(run(new Watch(), 3, { rms: 10 ** (-80 / 20) }), ['silent']);
  const w = new Watch();
  assert.deepEqual(run(w, 5, voice), []);
  assert.deepEqual(run(w, 5, dead), []); // a gate between words
  assert.deepEqual(run(w, 2, dead), ['silent']);
  assert.deepEqual(run(w, 1, voice), []);
  assert.deepEqual(run(w, 60, room), ['quiet']);
  assert.deepEqual(run(w, 0.2, voice), []);
});

test('an overloaded microphone is told', () => {
  const w = new Watch();
  assert.deepEqual(run(w, 1, { ...voice, rails: 10 }), ['clipped']);
  assert.deepEqual(run(w, 3.5, voice), []);
});

test('the meter and refusals', () => {
  assert.deepEqual([bars(0, 12), bars(10 ** (-30 / 20), 12), bars(1, 12)], [0, 6, 12]);
  assert.deepEqual(['NotAllowedError', 'NotFoundError', 'NotReadableError', 'TypeError'].map((name) => refusalOf({ name })), ['denied', 'none', 'in_use', 'failed']);
});

const T = (take, mode, samples, at, to) => ({ take, mode, samples, at, to });

test('takes are put where they belong', () => {
  const cut = (pieces) => pieces.map(({ take, from, to }) => [take, from, to]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100)])), [[0, 0, 100]]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'append', 50)])), [[0, 0, 100], [1, 0, 50]]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'insert', 50, 30)])), [[0, 0, 30], [1, 0, 50], [0, 30, 100]]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'overwrite', 50, 30, 60)])), [[0, 0, 30], [1, 0, 50], [0, 60, 100]]);
  // The second place is in the sound with the first insertion in it.
  const three = assemble([T(0, 'append', 100), T(1, 'insert', 50, 30), T(2, 'overwrite', 10, 70, 90)]);
  assert.deepEqual(cut(three), [[0, 0, 30], [1, 0, 40], [2, 0, 10], [0, 40, 100]]);
  assert.equal(length(three), 140);
  assert.equal(endOf(three, 2), 80);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'insert', 5, 500)])), [[0, 0, 100], [1, 0, 5]]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'overwrite', 5, 0, 100)])), [[1, 0, 5]]);
  assert.deepEqual(cut(assemble([T(0, 'append', 100), T(1, 'overwrite', 0, 0, 100)])), [[0, 0, 100]]);
});

test('words follow their takes, and what was overwritten is gone', () => {
  const s = 16000;
  const w = (text, start_s) => ({ text, start_s, end_s: start_s + 0.4 });
  const heard = new Map([[0, [w('one', 0), w('two', 1), w('three', 2), w('late', 2.9)]], [1, [w('new', 0)]]]);
  const text = (takes) => arrange(assemble(takes), heard).map((x) => x.text).join(' ');
  assert.equal(text([T(0, 'append', 3 * s), T(1, 'insert', s, s)]), 'one new two three late');
  assert.equal(text([T(0, 'append', 3 * s), T(1, 'overwrite', s, s, 2 * s)]), 'one new three late');
  assert.equal(text([T(0, 'append', 3 * s), T(1, 'overwrite', s, s, 3 * s)]), 'one new');
  const placed = arrange(assemble([T(0, 'append', 3 * s), T(1, 'insert', 2 * s, s)]), heard);
  assert.deepEqual(placed.map((x) => x.at_s), [0, 1, 3, 4, 4.9]);
});

// ---- buttons

class FakeDevice extends EventTarget {
  constructor(vendorId, productId, usagePage, usage) { super(); Object.assign(this, { vendorId, productId, collections: [{ usagePage, usage }], opened: false }); }
  async open() { this.opened = true; }
  async close() { this.opened = false; }
  report(...bytes) { const e = new Event('inputreport'); e.data = new DataView(Uint8Array.from(bytes).buffer); this.dispatchEvent(e); }
}
class FakeHid extends EventTarget {
  constructor(...devices) { super(); this.devices = devices; }
  async getDevices() { return this.devices; }
  async requestDevice({ filters }) { this.filters = filters; return this.devices; }
  plug(d, what) { const e = new Event(what); e.device = d; this.dispatchEvent(e); }
}
const mike = () => new FakeDevice(0x0911, 0x0c1c, 0xffa0, 1);
const buttons = (low, high) => [0x80, 0, 0, 0, 0, 0, 0, low, high];

test('a SpeechMike: record, play and a function key, each once for down and up', async () => {
  const d = mike(), seen = [];
  const b = new Buttons({ hid: new FakeHid(d), onbutton: (name, down) => seen.push(`${name} ${down ? 'down' : 'up'}`) });
  await b.start();
  assert.equal(d.opened, true);
  assert.deepEqual(b.names, ['Philips SpeechMike']);
  d.report(...buttons(0, 0x01)); d.report(...buttons(0, 0x01)); d.report(...buttons(0, 0));
  d.report(...buttons(0x02, 0x04)); d.report(...buttons(0x02, 0));
  d.report(0x9e, 0, 0, 0, 0, 0, 0, 0, 1); // picked up: not a button
  d.report(0x80); // too short
  assert.deepEqual(seen, ['record down', 'record up', 'play down', 'f1 down', 'play up']);
  await b.stop();
  assert.deepEqual(seen.at(-1), 'f1 up');
  assert.equal(d.opened, false);
});

test('foot controls, PowerMic and game pad mode are read by their own reports', () => {
  const name = (d, ...bytes) => pressed(known(d), new DataView(Uint8Array.from(bytes).buffer));
  assert.deepEqual(name(new FakeDevice(0x0911, 0x1844, 1, 4), 0x02), ['play']);
  assert.deepEqual(name(new FakeDevice(0x0911, 0x091a, 1, 4), 0x05), ['rewind', 'forward']);
  assert.deepEqual(name(new FakeDevice(0x0554, 0x1001, 1, 0), 0, 0x04, 0x00), ['record']);
  assert.deepEqual(name(new FakeDevice(0x0554, 0x1001, 1, 0), 0, 0x00, 0x01), ['enter']);
  assert.deepEqual(name(new FakeDevice(0x0911, 0x0fa0, 1, 4), 0x20, 0x00), ['record']);
  assert.deepEqual(name(new FakeDevice(0x0554, 0x0064, 0xffa0, 1), ...buttons(0, 0x40)), ['forward']);
});

test('devices come and go; strange and busy ones are left alone', async () => {
  const d = mike(), hid = new FakeHid(), seen = [], changes = [];
  const b = new Buttons({ hid, onbutton: (name, down) => seen.push(name + down), onchange: (names) => changes.push(names.length) });
  await b.start();
  hid.plug(d, 'connect');
  await new Promise(setImmediate);
  d.report(...buttons(0, 0x04));
  hid.plug(d, 'disconnect');
  assert.deepEqual(seen, ['playtrue', 'playfalse']);
  assert.deepEqual(changes, [1, 0]);
  assert.equal(known(new FakeDevice(0x046d, 0xc52b, 1, 6)), null);
  const busy = mike();
  busy.open = async () => { throw new DOMException('busy', 'NotAllowedError'); };
  hid.devices = [busy];
  assert.deepEqual(await b.ask(), []);
  assert.equal(hid.filters.length, DEVICES.length);
});
