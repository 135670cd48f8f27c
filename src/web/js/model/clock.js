// Which word is spoken when. Several takes follow one another on one line of time; a word's own times count from its take.

export class WordClock {
  /** words: {start_s, end_s, take}; takes: {duration_s} in order. */
  constructor(words, takes) {
    this.offsets = [];
    let at = 0;
    for (const take of takes) { this.offsets.push(at); at += take.duration_s ?? 0; }
    this.duration = at;
    this.durations = takes.map((t) => t.duration_s ?? 0);
    const order = words.map((w, i) => i).sort((a, b) => this.#start(words[a]) - this.#start(words[b]) || a - b);
    this.order = Int32Array.from(order);
    this.starts = Float64Array.from(order, (i) => this.#start(words[i]));
    this.words = words;
    this.at = 0;
  }

  #start(w) { return (this.offsets[w.take ?? 0] ?? 0) + w.start_s; }

  /** Seconds on the line of all takes. */
  time(take, s) { return (this.offsets[take ?? 0] ?? 0) + s; }
  /** When a word is spoken: {from, to}. */
  span(w) { const x = this.words[w]; return x ? { from: this.time(x.take, x.start_s), to: this.time(x.take, x.end_s) } : null; }
  /** Which take a second lies in: {take, s}. */
  take(t) {
    let i = this.offsets.length - 1;
    while (i > 0 && this.offsets[i] > t) i -= 1;
    return { take: Math.max(0, i), s: Math.max(0, Math.min(t - (this.offsets[i] ?? 0), this.durations[i] ?? Infinity)) };
  }

  /** The word being spoken at a second, or the last one before it; -1 before the first. Fast where time goes on. */
  word(t) {
    const { starts } = this;
    let i = this.at;
    if (i < starts.length && starts[i] <= t && (i + 1 >= starts.length || t < starts[i + 1])) return this.order[i];
    if (i + 2 < starts.length && starts[i + 1] <= t && t < starts[i + 2]) { this.at = i + 1; return this.order[i + 1]; }
    let lo = 0;
    let hi = starts.length;
    while (lo < hi) { const mid = (lo + hi) >> 1; if (starts[mid] <= t) lo = mid + 1; else hi = mid; }
    i = lo - 1;
    this.at = Math.max(0, i);
    return i < 0 ? -1 : this.order[i];
  }
}

/** Speeds that the keys go through; pitch is kept. */
export const SPEEDS = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2];
export const speed = (now, step) => {
  const i = SPEEDS.findIndex((s) => s >= now - 0.001);
  return SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, (i < 0 ? SPEEDS.length - 1 : i) + step))];
};
/** Where to go on after a pause: a step back, but not where somebody has gone to another place meanwhile. */
export const resume = (paused, now, back) => (paused !== null && Math.abs(paused - now) < 0.05 ? Math.max(0, now - back) : now);
