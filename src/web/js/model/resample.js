// Streaming change of sample rate by a windowed sinc: no image or alias above -80 dB, flat to 7.2 kHz.
// Blocks go in as they come; what comes out does not depend on how they were cut.

const gcd = (a, b) => (b ? gcd(b, a % b) : a);

// Modified Bessel function of order 0, for the Kaiser window.
const bessel = (x) => {
  let sum = 1, term = 1;
  for (let k = 1; term > sum * 1e-12; k += 1) sum += term *= (x / (2 * k)) ** 2;
  return sum;
};

const BETA = 9; // Kaiser: 90 dB of stop band.
const CROSSINGS = 64; // zero crossings of the sinc on each side, at the lower of the two rates

/** From `from` Hz to `to` Hz, both whole numbers. */
export class Resampler {
  #up; #down; #taps; #phases; #half; #buffer; #filled = 0; #base = 0; #next = 0;

  constructor(from, to = 16000) {
    if (!(from >= 4000 && from <= 768000) || from !== Math.round(from)) throw new RangeError(`sample rate ${from}`);
    const g = gcd(from, to);
    this.#up = to / g;
    this.#down = from / g;
    if (from === to) { this.#taps = 0; return; }
    // The transition band ends at half the lower rate, so that what folds back lies under the stop band.
    const low = Math.min(from, to);
    const cutoff = (low / 2) * 0.95 / from; // in cycles per input sample
    this.#half = Math.ceil(CROSSINGS * from / low);
    this.#taps = 2 * this.#half;
    this.#phases = [];
    const norm = bessel(BETA);
    for (let p = 0; p < this.#up; p += 1) {
      const taps = new Float32Array(this.#taps);
      let sum = 0;
      for (let i = 0; i < this.#taps; i += 1) {
        const x = i - this.#half + 1 - p / this.#up;
        const w = Math.abs(x) > this.#half ? 0 : bessel(BETA * Math.sqrt(1 - (x / this.#half) ** 2)) / norm;
        const sinc = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
        taps[i] = sinc * w;
        sum += taps[i];
      }
      for (let i = 0; i < this.#taps; i += 1) taps[i] /= sum; // each phase alone passes a constant unchanged
      this.#phases.push(taps);
    }
    this.#buffer = new Float32Array(this.#taps + 4096);
    this.#filled = this.#half - 1; // silence before the first sample
    this.#base = -(this.#half - 1);
  }

  /** Samples (floats, -1 to 1) at the new rate that are complete with this block. */
  push(block) {
    if (!this.#taps) return Float32Array.from(block);
    if (this.#filled + block.length > this.#buffer.length) {
      const grown = new Float32Array(Math.max(this.#buffer.length * 2, this.#filled + block.length));
      grown.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = grown;
    }
    this.#buffer.set(block, this.#filled);
    this.#filled += block.length;
    const out = [];
    for (;;) {
      const step = this.#next * this.#down;
      const start = Math.floor(step / this.#up) - this.#half + 1 - this.#base;
      if (start + this.#taps > this.#filled) break;
      const taps = this.#phases[step % this.#up];
      let sum = 0;
      for (let i = 0; i < this.#taps; i += 1) sum += taps[i] * this.#buffer[start + i];
      out.push(sum);
      this.#next += 1;
    }
    const keep = Math.floor(this.#next * this.#down / this.#up) - this.#half + 1 - this.#base;
    if (keep > 0) {
      const from = Math.min(keep, this.#filled);
      this.#buffer.copyWithin(0, from, this.#filled);
      this.#filled -= from;
      this.#base += from;
    }
    // Both counters step back together now and then, so that they stay exact however long one dictates.
    if (this.#next >= this.#up * 16000) {
      this.#next -= this.#up * 16000;
      this.#base -= this.#down * 16000;
    }
    return Float32Array.from(out);
  }
}

/** One float as a 16-bit sample; what is beyond the rails stays at them. */
export const toInt16 = (x) => Math.max(-32768, Math.min(32767, Math.round(x * 32768)));
