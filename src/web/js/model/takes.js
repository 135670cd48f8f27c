// How the takes of a dictation lie one after the other: appended, inserted at a place, or over a stretch.
// Places are samples (16 kHz) of the sound as it stood when the take began.

export const RATE = 16000;

/** `[{take, mode, at, to, samples}]` in the order in which they were begun -> pieces `[{take, from, to}]` in the order of the sound. */
export const assemble = (takes) => {
  let pieces = [];
  for (const t of takes) {
    if (t.samples === 0) continue; // nobody said anything: nothing is moved and nothing is lost
    const piece = { take: t.take, from: 0, to: t.samples };
    if (t.mode === 'append' || t.at === undefined) {
      pieces.push(piece);
      continue;
    }
    const [before, rest] = split(pieces, t.at);
    const after = t.mode === 'overwrite' ? split(rest, Math.max(0, (t.to ?? t.at) - t.at))[1] : rest;
    pieces = [...before, piece, ...after];
  }
  return pieces;
};

const split = (pieces, at) => {
  const before = [], after = [];
  let left = at;
  for (const p of pieces) {
    const length = p.to - p.from;
    if (left >= length) before.push(p);
    else if (left <= 0) after.push(p);
    else {
      before.push({ ...p, to: p.from + left, cut: true });
      after.push({ ...p, from: p.from + left });
    }
    left -= length;
  }
  return [before, after];
};

/** Where the last piece of a take ends in the whole. */
export const endOf = (pieces, take) => {
  let at = 0, end = 0;
  for (const p of pieces) {
    at += p.to - p.from;
    if (p.take === take) end = at;
  }
  return end;
};

/** Samples in all pieces. */
export const length = (pieces) => pieces.reduce((sum, p) => sum + p.to - p.from, 0);

/**
 * The words in the order of the sound, each with where it lies in it (seconds): `heard` is take -> `[{text, start_s, end_s}]`.
 * A word that was overwritten, by more than its half, is not there.
 */
export const arrange = (pieces, heard) => {
  const words = [];
  let at = 0;
  for (const p of pieces) {
    const shift = (at - p.from) / RATE;
    for (const word of heard.get(p.take) ?? []) {
      const middle = (word.start_s + word.end_s) / 2 * RATE;
      // Where nothing was cut off behind the piece, a word may end a little after the last sample that was counted.
      if (middle < p.from || (middle >= p.to && p.cut)) continue;
      words.push({ ...word, take: p.take, at_s: word.start_s + shift, to_s: word.end_s + shift });
    }
    at += p.to - p.from;
  }
  return words;
};
