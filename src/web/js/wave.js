// The whole recording as an overview: loudness, holes, flags, what was played. A slider for keys and screen readers. The play
// head and the played part move without being drawn again.

import { h } from './ui.js';
import { t, format } from './i18n.js';

export class Wave {
  /** peaks: {per_s, peaks} of all takes on one line; marks(): [{at, to?, kind: 'flag' | 'danger' | 'gap' | 'now'}]. */
  constructor({ duration, onseek, marks }) {
    Object.assign(this, { duration, onseek, marks, peaks: null, time: 0 });
    this.under = h('canvas', { 'aria-hidden': 'true' });
    this.over = h('canvas', { class: 'played', 'aria-hidden': 'true' });
    this.head = h('i', { class: 'head' });
    this.element = h('div', { class: 'wave', role: 'slider', tabindex: '0', 'aria-label': t('review.position'), 'aria-valuemin': '0', 'aria-valuemax': String(Math.round(duration)), 'aria-valuenow': '0', 'aria-valuetext': format.clock(0) }, this.under, this.over, this.head);
    this.element.addEventListener('pointerdown', (e) => { this.element.setPointerCapture(e.pointerId); this.#at(e); });
    this.element.addEventListener('pointermove', (e) => { if (this.element.hasPointerCapture(e.pointerId)) this.#at(e); });
    this.element.addEventListener('keydown', (e) => {
      const to = { ArrowLeft: this.time - 2, ArrowDown: this.time - 2, ArrowRight: this.time + 2, ArrowUp: this.time + 2, PageDown: this.time - 10, PageUp: this.time + 10, Home: 0, End: this.duration }[e.key];
      if (to === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
      e.preventDefault();
      this.onseek(to);
    });
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(this.element);
    this.scheme = matchMedia('(prefers-color-scheme: dark)');
    this.redraw = () => this.draw();
    this.scheme.addEventListener('change', this.redraw);
    this.root = new MutationObserver(this.redraw);
    this.root.observe(document.documentElement, { attributes: true, attributeFilter: ['data-scheme'] });
  }

  #at(e) { const box = this.element.getBoundingClientRect(); this.onseek(((e.clientX - box.left) / box.width) * this.duration); }

  setPeaks(peaks) { this.peaks = peaks; this.draw(); }

  /** Moves the head; cheap. */
  at(time, spoken = false) {
    this.time = time;
    const part = this.duration ? Math.min(1, time / this.duration) : 0;
    this.head.style.transform = `translateX(${part * (this.width ?? 0)}px)`;
    this.over.style.clipPath = `inset(0 ${(1 - part) * 100}% 0 0)`;
    if (!spoken) { this.element.setAttribute('aria-valuenow', String(Math.round(time))); this.element.setAttribute('aria-valuetext', format.clock(time)); }
  }

  draw() {
    const { width, height } = this.element.getBoundingClientRect();
    if (!width) return;
    this.width = width;
    const ratio = devicePixelRatio || 1;
    const style = getComputedStyle(this.element);
    const colour = (name) => { this.element.style.color = `var(--${name})`; const c = style.color; this.element.style.color = ''; return c; };
    const colours = Object.fromEntries(['line-2', 'accent', 'danger', 'danger-soft', 'warn', 'ink-3'].map((n) => [n, colour(n)]));
    const x = (s) => (s / this.duration) * width;
    for (const [canvas, fill] of [[this.under, colours['line-2']], [this.over, colours.accent]]) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const c = canvas.getContext('2d');
      c.scale(ratio, ratio);
      const marks = this.marks();
      for (const m of marks) if (m.kind === 'gap') { c.fillStyle = colours['danger-soft']; c.fillRect(x(m.at), 0, Math.max(3, x(m.to) - x(m.at)), height); }
      c.fillStyle = fill;
      const top = 9;
      const room = height - top;
      const bars = Math.floor(width / 4);
      if (this.peaks) {
        const { per_s, peaks } = this.peaks;
        const each = Math.max(1, (this.duration * per_s) / bars);
        for (let i = 0; i < bars; i += 1) {
          let most = 0;
          for (let j = Math.floor(i * each); j < (i + 1) * each && j < peaks.length; j += 1) if (peaks[j] > most) most = peaks[j];
          const tall = Math.max(2, (most / 255) * room);
          c.beginPath();
          c.roundRect(i * 4, top + (room - tall) / 2, 2.4, tall, 1.2);
          c.fill();
        }
      } else c.fillRect(0, top + room / 2 - 0.5, width, 1);
      for (const m of marks) {
        if (m.kind === 'gap') continue;
        c.fillStyle = m.kind === 'danger' ? colours.danger : m.kind === 'now' ? colours.accent : colours.warn;
        const at = x(m.at);
        c.beginPath();
        if (m.kind === 'danger') c.rect(at - 3.5, 0, 7, 6); else { c.moveTo(at - 4, 0); c.lineTo(at + 4, 0); c.lineTo(at, 7); }
        c.fill();
      }
    }
    this.at(this.time);
  }

  dispose() { this.observer.disconnect(); this.root.disconnect(); this.scheme.removeEventListener('change', this.redraw); }
}
