// The one way to the service. Every answer is JSON or a Problem; an expired session asks for the password and goes on.

const BASE = 'api/v1';

/** An answer that is not what was asked for. `reason` is the stable word, `message` the sentence for the reader. */
export class Problem extends Error {
  constructor({ status = 0, reason = 'network', title = '', detail = '', ...more }) {
    super(detail || title);
    Object.assign(this, { name: 'Problem', status, reason, more });
  }
}

let ask = null;          // asks the person to log in again; resolves when done
let asking = null;
/** Tells how to get a session back: an async function that resolves to true when there is one again. */
export const onExpired = (f) => { ask = f; };

const parse = async (response) => {
  const type = response.headers.get('content-type') ?? '';
  if (response.status === 204 || response.status === 304) return null;
  if (type.includes('json')) return response.json().catch(() => null);
  return response.text();
};

/**
 * One request. `options`: body (made JSON, unless it is bytes or a Blob), headers, ifMatch, signal, key (idempotency),
 * background (asked by the page, not by a person), raw (gives {body, etag, status}), quiet (a 401 is thrown and nobody is asked).
 */
export async function request(method, path, options = {}) {
  const headers = { Accept: 'application/json', ...options.headers };
  if (method !== 'GET' && method !== 'HEAD') headers['X-Osler'] = '1';
  if (options.ifMatch !== undefined) headers['If-Match'] = `"${options.ifMatch}"`;
  if (options.key) headers['Idempotency-Key'] = options.key;
  // What a page asks on its own does not keep a session alive that nobody uses.
  if (options.background) headers['X-Osler-Background'] = '1';
  let body = options.body;
  if (body !== undefined && !(body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body))) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path.startsWith('/') ? BASE + path : path, { method, headers, body, signal: options.signal, credentials: 'same-origin' });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ reason: 'network', detail: error.message });
  }
  const answer = await parse(response);
  if (response.ok) {
    const etag = response.headers.get('etag')?.replace(/^W\/|"/g, '') ?? null;
    return options.raw ? { body: answer, etag, status: response.status } : answer;
  }
  const problem = new Problem({ status: response.status, reason: `http_${response.status}`, ...(answer && typeof answer === 'object' ? answer : { detail: String(answer ?? '') }), retryAfter: Number(response.headers.get('retry-after')) || undefined });
  if (response.status === 401 && ask && !options.quiet) {
    asking ??= ask(problem).finally(() => { asking = null; });
    if (await asking) return request(method, path, { ...options, quiet: true });
  }
  throw problem;
}

export const api = {
  get: (path, options) => request('GET', path, options),
  post: (path, body, options) => request('POST', path, { body: body ?? {}, ...options }),
  put: (path, body, options) => request('PUT', path, { body, ...options }),
  patch: (path, body, options) => request('PATCH', path, { body, ...options }),
  delete: (path, options) => request('DELETE', path, options),
  /** An address within the service, for `<audio src>`, links and WebSockets. */
  url: (path) => BASE + path,
  socket: (path) => new URL(BASE + path, location.href).href.replace(/^http/, 'ws'),
  /** `{a: 1, b: ''}` -> `?a=1` */
  query: (fields) => {
    const q = new URLSearchParams(Object.entries(fields).filter(([, v]) => v !== undefined && v !== null && v !== ''));
    return q.size ? `?${q}` : '';
  },
  key: () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join(''),
};

/** Server-sent events, for as long as a page wants them: `events(name, data)`. Gives a function that ends it. */
export function events(on) {
  let source = null;
  let timer = 0;
  let ended = false;
  const open = () => {
    source = new EventSource(`${BASE}/events`);
    for (const name of ['work', 'progress', 'counts']) {
      source.addEventListener(name, (e) => { try { on(name, JSON.parse(e.data)); } catch { /* not ours */ } });
    }
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED && !ended) timer = setTimeout(open, 5000);
    };
  };
  open();
  return () => { ended = true; clearTimeout(timer); source?.close(); };
}
