// What differs between two texts, word by word: [{op: 'same' | 'del' | 'ins', text}].

const pieces = (s) => s.match(/\n|[^\S\n]+|[^\s]+/g) ?? [];
const MOST = 6_000_000;   // cells of the table; beyond that the middle counts as replaced

export function diff(a, b) {
  const x = pieces(a);
  const y = pieces(b);
  let head = 0;
  while (head < x.length && head < y.length && x[head] === y[head]) head += 1;
  let tail = 0;
  while (tail < x.length - head && tail < y.length - head && x[x.length - 1 - tail] === y[y.length - 1 - tail]) tail += 1;
  const p = x.slice(head, x.length - tail);
  const q = y.slice(head, y.length - tail);
  const out = [];
  const push = (op, text) => { if (!text) return; const last = out[out.length - 1]; if (last?.op === op) last.text += text; else out.push({ op, text }); };
  push('same', x.slice(0, head).join(''));
  if (p.length * q.length > MOST) { push('del', p.join('')); push('ins', q.join('')); } else {
    const w = q.length + 1;
    const t = new Uint16Array((p.length + 1) * w);
    for (let i = p.length - 1; i >= 0; i -= 1) for (let j = q.length - 1; j >= 0; j -= 1) t[i * w + j] = p[i] === q[j] ? t[(i + 1) * w + j + 1] + 1 : Math.max(t[(i + 1) * w + j], t[i * w + j + 1]);
    let i = 0;
    let j = 0;
    while (i < p.length || j < q.length) {
      if (i < p.length && j < q.length && p[i] === q[j]) { push('same', p[i]); i += 1; j += 1; } else if (j >= q.length || (i < p.length && t[(i + 1) * w + j] >= t[i * w + j + 1])) { push('del', p[i]); i += 1; } else { push('ins', q[j]); j += 1; }
    }
  }
  push('same', x.slice(x.length - tail).join(''));
  return out;
}
