// A recording on its way to the service in pieces; it goes on where the service has it after any interruption.
//
// state: waiting | sending | paused | retrying | done | failed

const PIECE = 4 * 1024 * 1024;
const BACK_OFF_MS = [1000, 2000, 4000, 8000, 15000];

/**
 * `file` has name, size, slice(from, to); `send` are the requests: create(body) -> {id}, where(id) -> {offset, dictation_id?},
 * piece(id, offset, bytes) -> {offset, dictation_id?}, drop(id). Errors have `status`, `reason` and, for 409, `more.offset`.
 */
export class Upload extends EventTarget {
  #send; #wait; #go = 0;

  constructor({ file, order, send, id = null, wait = (ms) => new Promise((r) => { setTimeout(r, ms); }) }) {
    super();
    Object.assign(this, { file, order, id, offset: 0, state: 'waiting', dictationId: null, error: null });
    this.#send = send;
    this.#wait = wait;
  }

  get part() { return this.file.size ? this.offset / this.file.size : 0; }

  #be(state, error = null) {
    this.state = state;
    this.error = error;
    this.dispatchEvent(new Event('change'));
  }

  /** Sends until it is there, paused or refused. Waits and tries again where the line or the service is away. */
  async run() {
    const mine = (this.#go += 1);
    let failures = 0;
    this.#be('sending');
    while (mine === this.#go) {
      try {
        if (!this.id) this.id = (await this.#send.create({ name: this.file.name, bytes: this.file.size, ...this.order })).id;
        else if (failures || this.offset === 0) this.#at(await this.#send.where(this.id));
        this.#be('sending');
        while (mine === this.#go && !this.dictationId) {
          const bytes = this.file.slice(this.offset, Math.min(this.offset + PIECE, this.file.size));
          this.#at(await this.#send.piece(this.id, this.offset, bytes));
          failures = 0;
          this.dispatchEvent(new Event('change'));
        }
        if (mine === this.#go && this.dictationId) this.#be('done');
        return;
      } catch (error) {
        if (mine !== this.#go) return;
        if (error.status === 409 && Number.isInteger(error.more?.offset)) { this.offset = error.more.offset; continue; }
        if (error.status === 404 && this.id) { this.id = null; this.offset = 0; if (failures < 2) { failures += 1; continue; } }
        const away = !error.status || error.status === 503 || error.status >= 502 || error.status === 429 || error.status === 408;
        if (!away) { this.#be('failed', error); return; }
        this.#be('retrying', error);
        await this.#wait((error.more?.retryAfter ?? 0) * 1000 || BACK_OFF_MS[Math.min(failures, BACK_OFF_MS.length - 1)]);
        failures += 1;
      }
    }
  }

  #at({ offset, dictation_id: done }) {
    this.offset = offset;
    if (done) this.dictationId = done;
  }

  pause() {
    if (!['sending', 'retrying', 'waiting'].includes(this.state)) return;
    this.#go += 1;
    this.#be('paused');
  }

  /** Takes it back; what the service has of it is dropped. */
  async cancel() {
    this.#go += 1;
    this.#be('paused');
    if (this.id && !this.dictationId) await this.#send.drop(this.id).catch(() => {});
  }
}
