// What days brought, put together. Pure.

/** Days {date, received, signed}, the oldest first, as weeks of seven that end with the last day; an incomplete first one counts too. */
export function weeks(days) {
  const out = [];
  for (let end = days.length; end > 0; end -= 7) {
    const part = days.slice(Math.max(0, end - 7), end);
    out.unshift({ date: part[0].date, received: part.reduce((n, d) => n + d.received, 0), signed: part.reduce((n, d) => n + d.signed, 0) });
  }
  return out;
}
