// The service's side of /live as far as the browser can tell: what it holds, what it answers, and a line that breaks.

/** Holds what was sent, as the service does on its disk. */
export class LiveServer {
  constructor() { this.dictations = new Map(); this.bad = []; }

  /** Handles one message for one line; returns what it answers. */
  receive(line, data) {
    if (typeof data === 'string') return this.#text(line, JSON.parse(data));
    const view = new DataView(data);
    const take = view.getUint32(0, true), first = Number(view.getBigUint64(8, true));
    const samples = new Int16Array(data.slice(16));
    const d = this.dictations.get(line.id);
    const t = d?.takes.find((x) => x.take === take);
    if (!t) { this.bad.push(`sound for take ${take}, which was not begun`); return [{ type: 'error', reason: 'invalid', detail: '' }]; }
    if (t !== d.takes.at(-1)) this.bad.push(`sound for take ${take} after a later one was begun`);
    if (first > t.samples.length) { this.bad.push(`a gap before ${first}`); return [{ type: 'error', reason: 'gap', detail: '' }]; }
    t.samples.push(...samples.subarray(t.samples.length - first));
    return [{ type: 'ack', take, samples: t.samples.length }];
  }

  #text(line, m) {
    const ready = (d) => ({ type: 'ready', id: d.id, takes: d.takes.map((t) => ({ take: t.take, samples: t.samples.length, mode: t.mode, at_s: t.at_s, to_s: t.to_s })) });
    if (m.type === 'start' || m.type === 'resume') {
      line.id = m.id;
      let d = this.dictations.get(m.id);
      if (!d && m.type === 'resume') return [{ type: 'error', reason: 'not_found', detail: '' }];
      if (!d) this.dictations.set(m.id, d = { id: m.id, order: m, takes: [{ take: 0, mode: 'append', samples: [] }], done: null });
      if (d.done) return [{ type: d.done, dictation_id: d.id }];
      return [ready(d)];
    }
    const d = this.dictations.get(line.id);
    if (m.type === 'take') {
      if (!d.takes.some((t) => t.take === m.take)) d.takes.push({ ...m, samples: [] });
      return [];
    }
    if (m.type === 'finish') { d.done = 'finished'; d.decision = m; return [{ type: 'finished', dictation_id: d.id }]; }
    if (m.type === 'discard') { d.done = 'discarded'; d.reason = m.reason; return [{ type: 'discarded' }]; }
    this.bad.push(`unknown ${m.type}`);
    return [];
  }
}

/**
 * Lines to a server. `cuts` are numbers of messages, counted over all lines and both directions, at which the line breaks:
 * the message is lost and the line is closed.
 */
export class Lines {
  constructor(server, cuts = []) { this.server = server; this.cuts = new Set(cuts); this.messages = 0; this.offline = false; this.open = new Set(); }

  connect = () => {
    const line = { buffered: 0, alive: true };
    const lose = () => {
      if (!line.alive) return;
      line.alive = false;
      this.open.delete(line);
      setImmediate(() => line.onclose?.());
    };
    const passes = () => {
      if (!line.alive) return false;
      if (this.cuts.has(this.messages++)) { lose(); return false; }
      return true;
    };
    line.send = (data) => {
      if (!passes()) return;
      const answers = this.server.receive(line, data);
      setImmediate(() => { for (const a of answers) if (passes()) line.ontext?.(JSON.stringify(a)); });
    };
    line.close = () => { line.alive = false; this.open.delete(line); };
    line.lose = lose;
    if (this.offline) setImmediate(lose);
    else { this.open.add(line); setImmediate(() => { if (line.alive) line.onopen?.(); }); }
    return line;
  };

  unplug() { this.offline = true; for (const line of [...this.open]) line.lose(); }
  plug() { this.offline = false; }
}

/** Timers that run when told to, in order of their time. */
export class Timers {
  constructor() { this.queue = []; this.now = 0; this.next = 1; }
  set(ms, f) { const handle = this.next++; this.queue.push({ handle, at: this.now + ms, f }); return handle; }
  clear(handle) { this.queue = this.queue.filter((t) => t.handle !== handle); }

  /** Lets everything that was started come to rest, then runs the timers that are due within `ms`. */
  async run(ms = 0) {
    const end = this.now + ms;
    for (;;) {
      await settle();
      const due = this.queue.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.handle - b.handle)[0];
      if (!due) break;
      this.clear(due.handle);
      this.now = due.at;
      due.f();
    }
    this.now = end;
    await settle();
  }
}

export const settle = async () => { for (let i = 0; i < 12; i += 1) await new Promise(setImmediate); };
