// The microphone: sound from the device to frames of 16 kHz, and whether it is any good. What the browser would do to a
// voice (echo cancellation, noise suppression, automatic gain) is off: the engine hears better without.

const dB = (x) => (x > 0 ? 20 * Math.log10(x) : -Infinity);

/**
 * Looks at the levels of the frames and says what is wrong with the sound. Pure; time is the length of the sound itself.
 * `silent`: nothing but zeros, or never anything like a room; `clipped`: cut flat at the rails; `quiet`: somebody may be
 * speaking, far too softly.
 */
export class Watch {
  #seconds = 0; #zeros = 0; #still = 0; #heard = false; #rails = []; #loudest = [];

  /** Levels of one frame -> what is wrong now: a list of 'silent', 'clipped', 'quiet'. */
  frame({ seconds, peak, rms, rails }) {
    this.#seconds += seconds;
    this.#zeros = peak === 0 ? this.#zeros + seconds : 0;
    this.#still = dB(rms) < -72 ? this.#still + seconds : 0;
    if (dB(rms) > -50) this.#heard = true;
    this.#rails = [...this.#rails, rails].slice(-30);
    this.#loudest = [...this.#loudest, rms].slice(-80);
    const wrong = [];
    // A device with a gate gives zeros between words: only before the first word, or for long, is that a dead microphone.
    if (this.#zeros >= (this.#heard ? 6 : 1) || this.#still >= (this.#heard ? 15 : 2.5)) wrong.push('silent');
    else if (this.#seconds > 8 && dB(Math.max(...this.#loudest)) < -50) wrong.push('quiet');
    if (this.#rails.reduce((a, b) => a + b, 0) > 40) wrong.push('clipped');
    return wrong;
  }

  /** Seconds of sound so far, without those lost. */
  get seconds() { return this.#seconds; }
}

/** How high a meter of `n` bars stands: from -60 dB (0) to 0 dB (n). */
export const bars = (rms, n) => Math.max(0, Math.min(n, Math.round((dB(rms) + 60) / 60 * n)));

/** What `getUserMedia` refused, as a word that the page has a sentence for. */
export const refusalOf = (error) => ({
  NotAllowedError: 'denied', SecurityError: 'denied', NotFoundError: 'none', OverconstrainedError: 'none', NotReadableError: 'in_use', AbortError: 'in_use',
})[error?.name] ?? 'failed';

/** Inputs that the browser names; without permission they have no names yet. */
export const inputs = async (devices = navigator.mediaDevices) => (await devices.enumerateDevices())
  .filter((d) => d.kind === 'audioinput' && d.deviceId !== 'communications')
  .map((d) => ({ id: d.deviceId, label: d.label }));

/**
 * A running microphone. `onframe({samples, peak, rms})` for each tenth of a second; `onwrong(list)` when what is wrong
 * changes: 'silent', 'quiet', 'clipped', 'unplugged', 'stalled'.
 */
export class Recorder {
  #context = null; #stream = null; #node = null; #watch = new Watch(); #wrong = ''; #beat = null; #last = 0; #flushed = null;

  constructor({ onframe, onwrong }) { this.onframe = onframe; this.onwrong = onwrong; }

  /** Whether this page may have a microphone at all: https or localhost. */
  static available() { return Boolean(globalThis.isSecureContext && navigator.mediaDevices?.getUserMedia && globalThis.AudioWorkletNode); }

  get running() { return this.#node !== null; }
  get label() { return this.#stream?.getAudioTracks()[0]?.label ?? ''; }

  /** Opens the device and begins; throws what the browser says ({@link refusalOf} puts a word to it). */
  async start(deviceId) {
    if (this.#node) return;
    const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: { ideal: 1 } };
    if (deviceId) audio.deviceId = { exact: deviceId };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      if (!deviceId || error.name !== 'OverconstrainedError') throw error;
      delete audio.deviceId; // The device chosen last time is gone: any other is better than none.
      stream = await navigator.mediaDevices.getUserMedia({ audio });
    }
    this.#stream = stream;
    const context = this.#context = new AudioContext({ latencyHint: 'interactive' });
    await context.audioWorklet.addModule(new URL('../worklet/capture.js', import.meta.url));
    await context.resume();
    const node = new AudioWorkletNode(context, 'capture', { numberOfOutputs: 0 });
    node.port.onmessage = ({ data }) => this.#frame(data);
    context.createMediaStreamSource(stream).connect(node);
    this.#node = node;
    this.#watch = new Watch();
    this.#tell([]);
    const [track] = stream.getAudioTracks();
    track.onended = () => { this.#tell(['unplugged']); this.#release(); };
    track.onmute = () => this.#tell(['silent']);
    this.#last = performance.now();
    this.#beat = setInterval(() => {
      // No frame for a second and a half: the machine slept, or the device stopped without a word.
      if (performance.now() - this.#last > 1500) this.#tell(['stalled']);
      if (context.state === 'suspended' || context.state === 'interrupted') context.resume().catch(() => {});
    }, 500);
  }

  #frame(data) {
    this.#last = performance.now();
    if (data.samples.length) {
      this.onframe(data);
      this.#tell(this.#watch.frame({ seconds: data.samples.length / 16000, ...data }));
    }
    this.#flushed?.();
  }

  #tell(wrong) {
    const key = wrong.join();
    if (key === this.#wrong) return;
    this.#wrong = key;
    this.onwrong(wrong);
  }

  /** Ends the recording with the last part of a frame, and lets the device go. */
  async stop() {
    if (!this.#node) return;
    await Promise.race([
      new Promise((resolve) => { this.#flushed = resolve; this.#node.port.postMessage('flush'); }),
      new Promise((resolve) => { setTimeout(resolve, 300); }),
    ]);
    this.#release();
    this.#tell([]);
  }

  #release() {
    clearInterval(this.#beat);
    this.#flushed = null;
    if (this.#node) this.#node.port.onmessage = null;
    this.#node = null;
    this.#stream?.getTracks().forEach((t) => { t.onended = t.onmute = null; t.stop(); });
    this.#context?.close().catch(() => {});
  }
}
