// Runs in the sound thread: the device's blocks become mono frames of 100 ms at 16 kHz, 16 bit, with their levels.
import { Resampler, toInt16 } from '../model/resample.js';

const FRAME = 1600;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate);
    this.fresh();
    this.port.onmessage = ({ data }) => {
      if (data === 'flush') this.flush();
    };
  }

  fresh() {
    this.frame = new Int16Array(FRAME);
    this.filled = 0; this.peak = 0; this.squares = 0; this.rails = 0;
  }

  flush() {
    const samples = this.frame.slice(0, this.filled);
    const rms = this.filled ? Math.sqrt(this.squares / this.filled) / 32768 : 0;
    this.port.postMessage({ samples, peak: this.peak / 32768, rms, rails: this.rails }, [samples.buffer]);
    this.fresh();
  }

  process([input]) {
    if (!input.length) return true;
    let mono = input[0];
    if (input.length > 1) {
      mono = new Float32Array(input[0].length);
      for (const channel of input) for (let i = 0; i < mono.length; i += 1) mono[i] += channel[i] / input.length;
    }
    for (const x of this.resampler.push(mono)) {
      const s = toInt16(x);
      const size = Math.abs(s);
      this.frame[this.filled] = s;
      this.filled += 1;
      this.squares += s * s;
      if (size > this.peak) this.peak = size;
      if (size >= 32700) this.rails += 1;
      if (this.filled === FRAME) this.flush();
    }
    return true;
  }
}

registerProcessor('capture', Capture);
