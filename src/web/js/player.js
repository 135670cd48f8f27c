// The sound of a dictation: takes one after another on one line of time, with speed at kept pitch, a step back on resume and
// stretches that are heard once.

import { resume, speed } from './model/clock.js';

const STORED = 'osler.player';
const read = () => { try { return { back: 1.5, rate: 1, ...JSON.parse(localStorage.getItem(STORED) ?? '{}') }; } catch { return { back: 1.5, rate: 1 }; } };

export class Player {
  /** clock: a WordClock; url(take): address of its sound. onstate(): playing, speed or loading changed; onproblem(): no sound. */
  constructor({ clock, url, onstate = () => {}, onproblem = () => {} }) {
    Object.assign(this, { clock, url, onstate, onproblem, ...read() });
    this.audio = new Audio();
    this.audio.preload = 'auto';
    this.audio.preservesPitch = true;
    this.current = -1;
    this.paused = null;          // where it was paused, to step back from there
    this.until = null;           // the end of a stretch that is heard once
    for (const name of ['play', 'playing', 'pause', 'waiting', 'seeked']) this.audio.addEventListener(name, () => this.onstate());
    this.audio.addEventListener('ended', () => { if (this.current + 1 < clock.offsets.length) { this.#load(this.current + 1, 0); this.audio.play().catch(() => {}); } else this.onstate(); });
    this.audio.addEventListener('error', () => this.onproblem());
    if (clock.offsets.length) this.#load(0, 0);
  }

  #load(take, s) {
    if (this.current !== take) {
      this.current = take;
      this.audio.src = this.url(take);
      this.audio.playbackRate = this.rate;
      this.audio.defaultPlaybackRate = this.rate;
    }
    this.audio.currentTime = s;
  }

  /** Tries to get the sound again. */
  reload() { const { time } = this; this.current = -1; this.seek(time); }

  get time() { return this.clock.time(Math.max(0, this.current), this.audio.currentTime); }
  get playing() { return !this.audio.paused && !this.audio.ended; }

  seek(t) {
    const { take, s } = this.clock.take(Math.max(0, Math.min(t, this.clock.duration - 0.01)));
    this.until = null;
    this.paused = null;
    this.#load(take, s);
    this.onstate();
  }

  by(seconds) { const { paused } = this; this.seek(this.time + seconds); if (paused !== null) this.paused = null; }
  toggle() { if (this.playing) this.pause(); else this.play(); }

  play() {
    this.until = null;
    const at = resume(this.paused, this.time, this.back);
    if (at !== this.time) this.seek(at);
    this.paused = null;
    this.audio.play().catch(() => this.onproblem());
  }

  pause() { this.audio.pause(); this.paused = this.time; this.until = null; }

  /** Plays from..to once and comes to rest there. */
  hear(from, to) {
    this.seek(Math.max(0, from));
    this.until = to;
    this.audio.play().catch(() => this.onproblem());
  }

  /** To be called with each picture while it plays: ends a stretch that is heard once. */
  tick() { if (this.until !== null && this.time >= this.until) { this.audio.pause(); this.until = null; } }

  faster(step) { this.setRate(speed(this.rate, step)); }
  setRate(rate) { this.rate = rate; this.audio.playbackRate = rate; this.audio.defaultPlaybackRate = rate; this.#store(); this.onstate(); }
  setBack(back) { this.back = back; this.#store(); this.onstate(); }
  #store() { try { localStorage.setItem(STORED, JSON.stringify({ back: this.back, rate: this.rate })); } catch { /* private window */ } }

  dispose() { this.audio.pause(); this.audio.removeAttribute('src'); this.audio.load(); }
}
