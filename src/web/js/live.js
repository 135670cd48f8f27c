// Dictations of the running page: the browser's line, store and timers for the model, and what was not finished last time.

import { api } from './api.js';
import { t } from './i18n.js';
import { Dictation, uuid7 } from './model/dictation.js';
import { Store } from './model/store.js';

const running = new Map(); // id -> {dictation, release}
let opened = null; // {user, store}

const line = () => {
  const socket = new WebSocket(api.socket('/live'));
  socket.binaryType = 'arraybuffer';
  const l = {
    send: (data) => { if (socket.readyState === WebSocket.OPEN) socket.send(data); },
    close: () => socket.close(),
    get buffered() { return socket.bufferedAmount; },
  };
  socket.onopen = () => l.onopen?.();
  socket.onmessage = ({ data }) => { if (typeof data === 'string') l.ontext?.(data); };
  socket.onclose = () => l.onclose?.();
  return l;
};

const check = async () => {
  try {
    await api.get('/session', { quiet: true });
    return 'ok';
  } catch (error) {
    return error.status === 401 ? 'login' : 'offline';
  }
};

const timers = { set: (ms, f) => setTimeout(f, ms), clear: (handle) => clearTimeout(handle) };

async function store(app) {
  const { user, storage_key: key } = app.session;
  if (opened?.user === user.id) return opened.store;
  await leave();
  opened = { user: user.id, store: await Store.open({ user: user.id, key }) };
  navigator.storage?.persist?.().catch(() => {}); // so that the browser does not clear it when its disk is full
  return opened.store;
}

const ports = async (app) => ({ connect: line, timers, check, store: await store(app) });

// Only one tab speaks for a dictation; the lock goes with the tab.
const hold = (id) => new Promise((resolve) => {
  if (!navigator.locks) { resolve(() => {}); return; }
  navigator.locks.request(`osler-dictation-${id}`, { ifAvailable: true }, (lock) => {
    if (!lock) { resolve(null); return undefined; }
    return new Promise((release) => { resolve(release); });
  });
});

const keep = (app, dictation, release) => {
  running.set(dictation.id, { dictation, release });
  dictation.addEventListener('change', () => {
    if (!['finished', 'discarded'].includes(dictation.state) || !running.delete(dictation.id)) return;
    release();
    const { id, dictationId, decision, about, at } = dictation;
    if (dictation.state === 'finished') store(app).then((s) => s.save({ id, at, about, state: 'handed', dictationId, decision })).then(() => settle(app)).catch(() => {});
  });
  return dictation;
};

/**
 * Looks whether what was handed in is on the way that its author chose: priority, and who gets it. What is not is put right as
 * soon as the dictation stands where that can be done; until then it is remembered.
 */
let looking = null;
const settle = (app) => (looking ??= look(app).finally(() => { looking = null; }));
async function look(app) {
  const s = await store(app);
  let later = false;
  for (const m of (await s.dictations()).filter((x) => x.state === 'handed')) {
    try {
      const d = await api.get(`/dictations/${m.dictationId}`, { quiet: true });
      const { route, priority, instruction } = m.decision;
      if (priority && d.priority !== priority && d.phase !== 'filed') await api.post(`/dictations/${d.id}/priority`, { priority }, { quiet: true });
      if (route === 'secretary' && d.route !== route && d.phase === 'recorded') { later = true; continue; }
      if (route === 'secretary' && d.route !== route && d.steps.includes('send_to_secretary') && d.version === 1) {
        await api.post(`/dictations/${d.id}/steps`, { step: 'send_to_secretary', note: instruction || t('dictate.send.note') }, { quiet: true });
      }
      await s.remove(m.id);
    } catch (error) {
      if ([403, 404, 409].includes(error.status)) await s.remove(m.id); else later = true;
    }
  }
  if (later) setTimeout(() => { if (app.session) settle(app).catch(() => {}); }, 5000);
}

/** A new dictation: `order` is {mrn, encounter_id?, priority, route}; `about` (the patient) is kept with it for the page. */
export async function begin(app, order, about) {
  const id = uuid7();
  const release = await hold(id);
  return keep(app, new Dictation({ id, order, about, ...(await ports(app)) }), release ?? (() => {}));
}

/** Gives up a dictation into which nobody spoke. */
export async function forget(dictation) {
  const here = running.get(dictation.id);
  if (dictation.samples > 0 || !here) return;
  await dictation.close();
  here.release();
  running.delete(dictation.id);
  await opened?.store.remove(dictation.id);
}

/** The dictation of that identifier, running here or kept from before; null where there is none, 'elsewhere' where another tab has it. */
export async function find(app, id) {
  const here = running.get(id);
  if (here) return here.dictation;
  const p = await ports(app);
  const meta = (await p.store.dictations()).find((m) => m.id === id && m.state !== 'handed');
  if (!meta) return null;
  const release = await hold(id);
  if (!release) return 'elsewhere';
  return keep(app, await Dictation.restore(meta, p), release);
}

/** What this user began in other browsers and did not hand in: [{id, patient, begun_at, length_s, recording}]. */
export async function elsewhere(app) {
  const p = await ports(app);
  const here = new Set([...running.keys(), ...(await p.store.dictations()).map((m) => m.id)]);
  const { items } = await app.api.get('/live');
  return items.filter((i) => !here.has(i.id));
}

/** Goes on here with what was begun in another browser. */
export async function adopt(app, item) {
  const release = await hold(item.id);
  if (!release) return 'elsewhere';
  return keep(app, Dictation.adopt({ id: item.id, order: { mrn: item.patient.mrn, priority: item.priority, route: item.route }, about: item.patient, at: Date.parse(item.begun_at) }, await ports(app)), release);
}

/**
 * This user's dictations that are not at the service in full, oldest first. Those that were handed in or discarded are sent
 * on at once.
 */
export async function unfinished(app) {
  const p = await ports(app);
  for (const meta of await p.store.dictations()) {
    if (running.has(meta.id)) continue;
    if (meta.state === 'handed') { settle(app).catch(() => {}); continue; }
    const release = await hold(meta.id);
    if (!release) continue;
    const d = await Dictation.restore(meta, p);
    if (['finishing', 'discarding'].includes(d.state)) { keep(app, d, release); d.open(); } else if (d.samples === 0) { release(); await p.store.remove(d.id); } else keep(app, d, release);
  }
  return [...running.values()].map((r) => r.dictation).sort((a, b) => a.at - b.at);
}

/** Nobody is logged in any more: lines are closed, what was recorded stays. */
export async function leave() {
  for (const [id, { dictation, release }] of running) {
    await dictation.close();
    release();
    running.delete(id);
  }
  opened?.store.close();
  opened = null;
}

addEventListener('online', () => { for (const { dictation } of running.values()) dictation.wake(); });
addEventListener('pagehide', () => { for (const { dictation } of running.values()) dictation.keep(); });
document.addEventListener('visibilitychange', () => {
  for (const { dictation } of running.values()) if (document.visibilityState === 'hidden') dictation.keep(); else dictation.wake();
});
addEventListener('beforeunload', (event) => {
  // Nothing would be lost; but who closes the window believes that all is sent.
  if ([...running.values()].some(({ dictation: d }) => d.waiting > 0 && d.state !== 'discarding')) event.preventDefault();
});
