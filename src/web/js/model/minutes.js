// Minutes as somebody types them. Pure.

/** Whole minutes of 1 to 525600 (a year); null for an empty field where that is allowed, undefined for what is none. */
export function reads(text, needed) {
  const typed = text.trim();
  if (!typed) return needed ? undefined : null;
  const n = Number(typed);
  return /^\d+$/.test(typed) && n >= 1 && n <= 525600 ? n : undefined;
}
