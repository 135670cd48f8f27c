// One dictation on its way to the service. Sound is stored here before it is sent, is sent in order, and is let go when the
// service says that it is on its disk; a line that breaks anywhere is taken up again at the last acknowledged sample.
// No browser is needed: line, store and timers are handed in.
//
// state: recording | paused | finishing | finished | discarding | discarded
// link:  off | waiting | connecting | greeting | ready | refused

import { texts } from './placed.js';
import { RATE, arrange, assemble, endOf, length } from './takes.js';

const BACK_OFF_MS = [300, 1000, 2000, 4000, 8000];
const SILENT_LINE_MS = 10000; // nothing acknowledged for so long after something was sent: the line is dead
const SAVE_MS = 1500; // how often what is known about the dictation is stored while it changes
const IN_MEMORY = 600; // frames (one minute) kept beside the store
const HEADER = 16;
// What the service cannot take at this moment; it is offered again.
const LATER = new Set(['gap', 'closed', 'frame', 'over', 'busy', 'disk', 'disk_full', 'no_room', 'failed', 'stopping']);

/** A frame as it goes over the line: take, 0, first sample (u64), samples; all little-endian. */
export const pack = (take, first, samples) => {
  const buffer = new ArrayBuffer(HEADER + samples.length * 2);
  const view = new DataView(buffer);
  view.setUint32(0, take, true);
  view.setUint32(4, 0, true);
  view.setBigUint64(8, BigInt(first), true);
  for (let i = 0; i < samples.length; i += 1) view.setInt16(HEADER + i * 2, samples[i], true);
  return buffer;
};

/** UUID version 7: begins with the time, so that identifiers sort by it. */
export const uuid7 = (now = Date.now(), random = crypto.getRandomValues(new Uint8Array(10))) => {
  const hex = [...random].map((b) => b.toString(16).padStart(2, '0')).join('');
  const time = now.toString(16).padStart(12, '0');
  const variant = ((random[2] & 0x3f) | 0x80).toString(16).padStart(2, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(1, 4)}-${variant}${hex.slice(6, 8)}-${hex.slice(8, 20)}`;
};

const newTake = (take, mode, at, to) => ({ take, mode, at, to, samples: 0, acked: 0, sent: 0, told: take === 0, frames: [] });

/**
 * `connect()` gives a line: `{send(text or buffer), close(), buffered}` with `onopen, ontext, onclose` set by us.
 * `store` is a Store (model/store.js); `timers` are `{set(ms, f) -> handle, clear(handle)}`; `check()` says after a refused
 * line whether the service is there: 'ok', 'login' or 'offline'.
 */
export class Dictation extends EventTarget {
  #connect; #store; #timers; #check;
  #line = null; #failures = 0; #retry = null; #dead = null; #saving = null; #dirty = false; #pumping = false; #again = false; #writes = Promise.resolve();

  constructor({ id, order, about = null, connect, store, timers, check = async () => 'offline', now = () => Date.now() }) {
    super();
    this.#connect = connect; this.#store = store; this.#timers = timers; this.#check = check;
    this.id = id; this.order = order;
    this.about = about; // who it is about, for the page; it stays here
    this.at = now();
    this.state = 'paused';
    this.link = 'off';
    this.known = false; // the service has answered for this dictation
    this.agreed = false; // since this page was loaded, the service has told what it holds
    this.adopted = false; // begun in another browser: what there is of it, only the service knows
    this.takes = [newTake(0, 'append')];
    this.heard = new Map();
    this.partial = { take: 0, words: [] };
    this.findings = [];
    this.warnings = new Map(); // reason -> message
    this.refusal = null; // {reason, detail}
    this.decision = {}; // how it is to be worked on
    this.placed = []; // ready texts between the words, see placed.js
    this.reason = null; // why it is discarded
    this.dictationId = null;
    this.stored = true; // what was recorded lies in the browser's store
  }

  /** What lies in the store from before a reload, with its state; goes on when `open` is called. */
  static async restore(meta, ports) {
    const d = new Dictation({ ...ports, id: meta.id, order: meta.order, about: meta.about, now: () => meta.at });
    d.state = meta.state === 'recording' ? 'paused' : meta.state;
    d.known = meta.known;
    d.reason = meta.reason ?? null;
    d.decision = meta.decision ?? {};
    d.dictationId = meta.dictationId ?? null;
    d.takes = meta.takes.map((t) => ({ ...newTake(t.take, t.mode, t.at ?? undefined, t.to ?? undefined), samples: t.samples, acked: t.acked, sent: t.acked }));
    for (const { take, end } of await ports.store.extent(meta.id)) {
      const t = d.takes.find((x) => x.take === take);
      if (t) t.samples = Math.max(t.samples, end);
    }
    d.heard = new Map(meta.heard);
    d.placed = meta.placed ?? [];
    return d;
  }

  /** One that this user began in another browser; nothing of it lies here. Recording goes on once the service has answered. */
  static adopt({ id, order, about, at }, ports) {
    const d = new Dictation({ ...ports, id, order, about, now: () => at });
    d.known = d.adopted = true;
    return d;
  }

  /** Whether somebody can speak into it now. */
  get speakable() { return ['recording', 'paused'].includes(this.state) && (!this.adopted || this.agreed); }

  get take() { return this.takes.at(-1); }
  get samples() { return this.takes.reduce((sum, t) => sum + t.samples, 0); }
  get waiting() { return this.takes.reduce((sum, t) => sum + t.samples - t.acked, 0); }
  get pieces() { return assemble(this.takes); }
  /** Seconds of the sound as it stands. */
  get seconds() { return length(this.pieces) / RATE; }
  /** Committed words in the order of the sound. */
  get words() { return arrange(this.pieces, this.heard); }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }

  // ---- what the speaker does

  /** Goes online; from now on the line is kept up until the dictation is finished, discarded or closed. */
  open() {
    if (this.link === 'off' || this.link === 'refused') this.#dial();
  }

  /** Leaves the line alone; what was recorded stays in the store. */
  async close() {
    this.#hangUp('off');
    await this.#save();
  }

  record() {
    if (this.state !== 'paused' || !this.speakable) return;
    // After a reload it is unknown how much of the last take the service has, until it says so; a take of its own is safe.
    const last = this.take;
    if (!this.agreed && this.known && last.samples > 0) {
      this.takes.push(last.mode === 'append' ? newTake(last.take + 1, 'append') : newTake(last.take + 1, 'insert', endOf(this.pieces, last.take)));
    }
    this.state = 'recording';
    this.#touch();
  }

  pause() {
    if (this.state !== 'recording') return;
    this.state = 'paused';
    this.#touch();
  }

  /** The next sound goes to a place: 'append', 'insert' at `at` or 'overwrite' from `at` to `to`, in samples of the sound as it stands. */
  place(mode, at, to) {
    if (this.state === 'recording') this.pause();
    if (this.state !== 'paused') return;
    if (this.take.samples === 0 && this.take.take > 0 && !this.take.told) this.takes.pop(); // begun and never spoken into
    if (this.samples === 0 || (mode === 'append' && this.take.mode === 'append')) return; // goes on where it is
    this.takes.push(newTake(this.take.take + 1, mode, mode === 'append' ? undefined : at, mode === 'overwrite' ? to : undefined));
    this.#touch();
  }

  /** Sound from the microphone. Resolves when it lies in the store (or could not). */
  push(samples) {
    if (this.state !== 'recording' || samples.length === 0) return Promise.resolve();
    const t = this.take;
    const frame = { first: t.samples, samples, kept: false };
    t.samples += samples.length;
    t.frames.push(frame);
    const first = frame.first;
    // One after the other: sent is only what was stored, unless storing failed, and then all stays in memory.
    this.#writes = this.#writes.then(async () => {
      try {
        await this.#store.put(this.id, t.take, first, samples);
        frame.kept = true;
        if (!this.stored) { this.stored = true; this.warnings.delete('storage'); }
      } catch (error) {
        this.stored = false;
        this.warnings.set('storage', error?.name === 'QuotaExceededError' ? 'full' : 'failed');
      }
      frame.ready = true;
      this.#forget(t);
      this.#touch();
      await this.#pump();
    });
    return this.#writes;
  }

  /** Ready texts were put in, taken out or spoken into. */
  placeTexts(placed) {
    this.placed = placed;
    this.#touch(true);
  }

  /** All that was said is to be sent, and the dictation to be handed in: `{priority, route, instruction}` as decided at the end. */
  finish(decision = {}) {
    if (!['recording', 'paused'].includes(this.state) || this.samples === 0) return;
    const put = texts(this.placed, this.pieces);
    this.decision = put.length ? { ...decision, texts: put } : decision;
    this.state = 'finishing';
    this.#touch(true);
    this.open();
    this.#pump();
  }

  /** Thrown away, with a reason that the service keeps. */
  async discard(reason) {
    if (!['recording', 'paused', 'finishing'].includes(this.state)) return;
    this.reason = reason;
    this.state = 'discarding';
    if (!this.known && ['off', 'waiting', 'refused'].includes(this.link)) return this.#end('discarded');
    await this.#save();
    this.open();
    this.#pump();
    this.#changed();
  }

  /** The network is there again, or the page is: no reason to wait longer. */
  wake() {
    if (this.link === 'waiting') { this.#timers.clear(this.#retry); this.#dial(); }
  }

  // ---- the line

  #dial() {
    if (['finished', 'discarded'].includes(this.state)) return;
    this.link = 'connecting';
    this.refusal = null;
    const line = this.#connect();
    this.#line = line;
    line.onopen = () => {
      if (this.#line !== line) return;
      this.link = 'greeting';
      line.send(JSON.stringify(this.known ? { type: 'resume', id: this.id } : { type: 'start', id: this.id, ...this.order }));
      this.#watch();
      this.#changed();
    };
    line.ontext = (text) => {
      if (this.#line === line) this.#hear(JSON.parse(text));
    };
    line.onclose = () => {
      if (this.#line === line) this.#lost();
    };
    this.#watch();
    this.#changed();
  }

  #hangUp(link) {
    const line = this.#line;
    this.#line = null;
    this.link = link;
    this.#timers.clear(this.#retry);
    this.#timers.clear(this.#dead);
    this.#retry = this.#dead = null;
    line?.close();
  }

  #lost() {
    const answered = this.link === 'ready';
    this.#hangUp('waiting');
    if (answered) this.#failures = 0;
    const wait = BACK_OFF_MS[Math.min(this.#failures, BACK_OFF_MS.length - 1)];
    this.#failures += 1;
    this.#retry = this.#timers.set(wait, () => this.#dial());
    if (this.#failures === 2 || this.#failures % 5 === 0) {
      this.#check().then((there) => {
        if (there === 'login' && this.link === 'waiting') this.#refuse('not_logged_in', '');
      }, () => {});
    }
    this.#changed();
  }

  #refuse(reason, detail) {
    this.#hangUp('refused');
    this.refusal = { reason, detail };
    this.#changed();
  }

  // Something was sent: an answer must come.
  #watch() {
    if (this.#dead !== null) return;
    this.#dead = this.#timers.set(SILENT_LINE_MS, () => {
      this.#dead = null;
      this.#lost();
    });
  }

  #answered() {
    this.#timers.clear(this.#dead);
    this.#dead = null;
    if (this.takes.some((t) => t.sent > t.acked) || ['finishing', 'discarding'].includes(this.state)) this.#watch();
  }

  #hear(message) {
    switch (message.type) {
      case 'ready': return this.#ready(message.takes);
      case 'ack': return this.#acked(message.take, message.samples);
      case 'text': return this.#text(message);
      case 'finding': this.findings.push(message.finding ?? message); return this.#changed();
      case 'warning': this.warnings.set(message.reason, message.message); return this.#changed();
      case 'finished':
        this.dictationId = message.dictation_id;
        return this.#end('finished');
      case 'discarded': return this.#end('discarded');
      case 'error': return this.#error(message);
      default: return undefined; // a newer service may say more
    }
  }

  #error({ reason, detail, message }) {
    if (reason === 'discarded') return this.#end('discarded');
    if (reason === 'not_found' && this.known) {
      // The service does not have it (any more): all that is still here begins anew.
      if (this.state === 'discarding') return this.#end('discarded');
      this.known = false;
      this.takes.forEach((t) => { t.acked = t.sent = 0; t.told = t.take === 0; });
      return this.#lost();
    }
    if (LATER.has(reason)) {
      if (!['gap', 'over'].includes(reason)) this.warnings.set('service', detail ?? message);
      return this.#lost();
    }
    return this.#refuse(reason, detail ?? message);
  }

  #ready(takes) {
    this.known = this.agreed = true;
    this.#failures = 0;
    this.link = 'ready';
    this.warnings.delete('service');
    for (const there of takes) {
      if (there.committed) this.heard.set(there.take, there.committed);
      if (this.takes.some((t) => t.take === there.take)) continue;
      const at = (seconds) => (typeof seconds === 'number' ? Math.round(seconds * RATE) : undefined);
      this.takes.push(newTake(there.take, there.mode ?? 'append', at(there.at_s), at(there.to_s)));
    }
    this.takes.sort((a, b) => a.take - b.take);
    for (const t of this.takes) {
      const there = takes.find((x) => x.take === t.take);
      t.told = t.take === 0 || Boolean(there);
      t.samples = Math.max(t.samples, there?.samples ?? 0);
      t.acked = t.sent = there?.samples ?? 0;
      this.#forget(t);
      if (t.acked) this.#store.acknowledge(this.id, t.take, t.acked).catch(() => {});
    }
    this.#answered();
    this.#touch(true);
    this.#pump();
  }

  #acked(take, samples) {
    const t = this.takes.find((x) => x.take === take);
    if (t && samples > t.acked) {
      t.acked = samples;
      t.sent = Math.max(t.sent, samples);
      this.#forget(t);
      this.#store.acknowledge(this.id, take, samples).catch(() => {});
    }
    this.#answered();
    this.#touch();
    this.#pump();
  }

  #text({ take, all, committed, partial }) {
    const words = all ? [] : this.heard.get(take) ?? [];
    words.push(...committed);
    this.heard.set(take, words);
    this.partial = { take, words: partial ?? [] };
    this.#touch();
  }

  // Frames that the service has need not stay in memory, nor those that the store can give back.
  #forget(t) {
    while (t.frames.length && t.frames[0].ready && t.frames[0].first + t.frames[0].samples.length <= t.acked) t.frames.shift();
    while (t.frames.length > IN_MEMORY && t.frames[0].kept) t.frames.shift();
  }

  // Sends what there is to send, in order, as long as the line takes it.
  async #pump() {
    if (this.#pumping) { this.#again = true; return; }
    this.#pumping = true;
    try {
      do {
        this.#again = false;
        while (await this.#sendOne());
      } while (this.#again);
    } finally {
      this.#pumping = false;
    }
  }

  async #sendOne() {
    const line = this.#line;
    if (this.link !== 'ready' || !line) return false;
    if (this.state === 'discarding') return this.#say('discard', line, { type: 'discard', reason: this.reason });
    if (line.buffered > 262144) {
      this.#timers.set(50, () => this.#pump());
      return false;
    }
    const t = this.takes.find((x) => x.sent < x.samples || (x.told === false && x.samples > 0));
    if (!t) {
      if (this.state === 'finishing' && this.takes.every((x) => x.acked >= x.samples)) return this.#say('finish', line, { type: 'finish', ...this.decision });
      return false;
    }
    if (!t.told) {
      const seconds = (n) => (n === undefined ? undefined : n / RATE);
      line.send(JSON.stringify({ type: 'take', take: t.take, mode: t.mode, at_s: seconds(t.at), to_s: seconds(t.to) }));
      t.told = true;
      return true;
    }
    const piece = await this.#piece(t);
    if (this.#line !== line || this.link !== 'ready') return false;
    if (!piece) return false; // being stored; the write calls again
    line.send(pack(t.take, piece.first, piece.samples));
    t.sent = piece.first + piece.samples.length;
    this.#watch();
    return true;
  }

  // Says it once on each line.
  #say(what, line, message) {
    if (line.said === what) return false;
    line.said = what;
    line.send(JSON.stringify(message));
    this.#watch();
    return false;
  }

  // The sound of a take from what was sent last: from memory, from the store, or, where neither has it, silence of its length.
  async #piece(t) {
    const from = t.sent;
    const cut = (f) => ({ first: from, samples: f.samples.subarray(from - f.first) });
    const holds = (f) => f.first <= from && f.first + f.samples.length > from;
    const here = t.frames.find(holds);
    if (here) return here.ready ? cut(here) : null;
    const kept = await this.#store.frames(this.id, t.take, from, 50);
    const found = kept.find(holds);
    if (t.sent !== from) return null;
    if (found) {
      // The rest of the batch spares the next reads.
      const known = new Set(t.frames.map((f) => f.first));
      t.frames.push(...kept.filter((f) => !known.has(f.first)).map((f) => ({ ...f, kept: true, ready: true })));
      t.frames.sort((a, b) => a.first - b.first);
      return cut(found);
    }
    const next = Math.min(t.samples, ...[...kept, ...t.frames].map((f) => f.first).filter((f) => f > from));
    this.warnings.set('lost', `${(next - from) / RATE}`);
    return { first: from, samples: new Int16Array(Math.min(next - from, RATE)) };
  }

  // ---- what is kept here

  #touch(now = false) {
    this.#changed();
    this.#dirty = true;
    if (now) { this.#save(); return; }
    if (this.#saving === null) {
      this.#saving = this.#timers.set(SAVE_MS, () => {
        this.#saving = null;
        this.#save();
      });
    }
  }

  async #save() {
    if (['finished', 'discarded'].includes(this.state)) return;
    this.#dirty = false;
    const meta = {
      id: this.id, order: this.order, about: this.about, at: this.at, state: this.state, known: this.known, reason: this.reason, decision: this.decision, dictationId: this.dictationId,
      takes: this.takes.map(({ take, mode, at, to, samples, acked }) => ({ take, mode, at, to, samples, acked })),
      heard: [...this.heard], placed: this.placed,
    };
    try {
      await this.#store.save(meta);
    } catch {
      this.warnings.set('storage', 'failed');
      this.#changed();
    }
  }

  /** Stores what is known now; for a page that is about to go. */
  async keep() {
    if (this.#dirty) await this.#save();
    await this.#writes;
  }

  async #end(state) {
    this.#hangUp('off');
    this.state = state;
    this.#timers.clear(this.#saving);
    await this.#writes;
    await this.#store.remove(this.id);
    this.#changed();
  }
}
