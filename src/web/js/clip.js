// A short piece of a recording, played once: for a click on a flag, a dose, a question.

/** One sound at a time; a second click on the same piece stops it. */
export class Clip {
  #audio = new Audio(); #end = 0; #playing = ''; #timer = 0;

  constructor(onchange = () => {}) {
    this.onchange = onchange;
    this.#audio.preload = 'auto';
    this.#audio.addEventListener('timeupdate', () => this.#look());
    this.#audio.addEventListener('ended', () => this.stop());
  }

  /** Which piece is playing: the name given to play; empty for none. */
  get playing() { return this.#playing; }

  /** Plays seconds `from` to `to` of the sound at `url`. */
  async play(url, from, to, name = `${url}@${from}`) {
    if (this.#playing === name) { this.stop(); return; }
    this.stop();
    this.#playing = name;
    this.#end = to;
    this.onchange(name);
    const src = new URL(url, location.href).href;
    if (this.#audio.src !== src) {
      this.#audio.src = src;
      await new Promise((resolve) => { this.#audio.addEventListener('loadedmetadata', resolve, { once: true }); this.#audio.addEventListener('error', resolve, { once: true }); });
      if (this.#playing !== name) return;
    }
    this.#audio.currentTime = Math.max(0, from);
    try {
      await this.#audio.play();
      this.#timer = setInterval(() => this.#look(), 30); // timeupdate comes four times a second only
    } catch {
      this.stop();
    }
  }

  #look() {
    if (this.#playing && this.#audio.currentTime >= this.#end) this.stop();
  }

  stop() {
    clearInterval(this.#timer);
    this.#audio.pause();
    if (!this.#playing) return;
    this.#playing = '';
    this.onchange('');
  }
}
