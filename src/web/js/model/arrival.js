// What came with a recording that arrived by itself, as far as it helps to decide about it. Pure.

/** User names of those whom something that came with it names as the author. */
export const namedAuthors = (known) => ['author', 'recorder_author', 'usual_author'].map((k) => known[k]).filter(Boolean);

/**
 * What the form begins with. Of authors only one who works here, and only where nothing else that came along names another:
 * {mrn, birth_date, author, priority, route}.
 */
export function asksFor(known, authors, self = '') {
  const named = [...new Set(namedAuthors(known).filter((name) => authors.some((u) => u.username === name)))];
  return { mrn: known.mrn ?? '', birth_date: known.birth_date ?? '', author: self || (named.length === 1 ? named[0] : ''), priority: known.priority ?? 'routine', route: known.route ?? 'secretary' };
}
