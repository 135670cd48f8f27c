// Saving by itself: a state machine around "put this text on that version". It never loses the text: what could not be
// saved is tried again, what somebody else changed is asked about.
//
//   saved -> dirty -> saving -> saved      network, busy: saving -> waiting -> saving
//   412: saving -> conflict -> (keep mine: saving | take theirs: saved)      lock lost, not allowed: stopped

const AFTER_MS = 1200;
const AT_LATEST_MS = 8000;
const RETRY_MS = [1500, 4000, 10000, 30000];

export class Autosave {
  /**
   * put(text, version) -> promise of {version}, or throws {status, more: {version, by}}. text() is what to save.
   * onstate(state, detail). timers {set, clear} can be given by a test.
   */
  constructor({ version, put, text, onstate = () => {}, timers = { set: (f, ms) => setTimeout(f, ms), clear: (t) => clearTimeout(t) }, now = () => Date.now() }) {
    Object.assign(this, { version, put, text, onstate, timers, now, state: 'saved', savedText: text(), timer: null, since: 0, tries: 0, running: null, conflict: null });
  }

  #go(state, detail) { this.state = state; this.onstate(state, detail); }
  #plan(ms) { this.timers.clear(this.timer); this.timer = this.timers.set(() => { this.timer = null; this.flush(); }, ms); }

  get unsaved() { return this.state !== 'saved'; }

  /** The text changed. */
  changed() {
    if (this.state === 'conflict' || this.state === 'stopped') return;
    if (this.state === 'saved') { this.since = this.now(); this.#go('dirty'); }
    if (this.state === 'dirty') this.#plan(Math.max(0, Math.min(AFTER_MS, this.since + AT_LATEST_MS - this.now())));
  }

  /** Saves now; resolves to whether all is saved. */
  async flush() {
    this.timers.clear(this.timer);
    this.timer = null;
    if (this.running) { await this.running; }
    if (this.state === 'saved') return true;
    if (this.state === 'conflict' || this.state === 'stopped') return false;
    this.running = this.#save();
    await this.running;
    this.running = null;
    if (this.state === 'dirty') return this.flush();
    return this.state === 'saved';
  }

  async #save() {
    const text = this.text();
    if (text === this.savedText) { this.tries = 0; this.#go('saved'); return; }
    this.#go('saving');
    try {
      const { version } = await this.put(text, this.version);
      this.version = version;
      this.savedText = text;
      this.tries = 0;
      if (this.text() === text) this.#go('saved'); else { this.since = this.now(); this.#go('dirty'); }
    } catch (error) {
      if (error.status === 412) { this.conflict = { version: error.more?.version, by: error.more?.by }; this.#go('conflict', this.conflict); } else if (error.status >= 400 && error.status < 500 && ![401, 408, 429].includes(error.status)) this.#go('stopped', error);
      else {
        const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
        this.tries += 1;
        this.#go('waiting', error);
        this.#plan(wait);
      }
    }
  }

  /** After a conflict: this text stands, on top of theirs. */
  async keepMine(version = this.conflict?.version) {
    this.version = version;
    this.conflict = null;
    this.#go('dirty');
    return this.flush();
  }

  /** After a conflict, or a lock that came back: the text is what the service has. */
  tookTheirs(version, text) {
    Object.assign(this, { version, savedText: text, conflict: null, tries: 0 });
    this.#go('saved');
  }

  /** Goes on after it was stopped (the lock is held again). */
  goOn() { if (this.state === 'stopped') { this.#go('dirty'); this.#plan(0); } }

  dispose() { this.timers.clear(this.timer); }
}
