// The real service on a sample practice of its own, with a line to it that can be cut.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = process.env.OSLER ?? join(ROOT, 'target/debug/osler');
/** Why the service cannot be run here; empty where it can. */
export const missing = existsSync(BINARY) ? '' : `${BINARY} is not built (cargo build)`;
export const fixture = (name) => join(ROOT, 'tests/fixtures/demo', name);

const run = (args, env) => new Promise((resolve, reject) => {
  const p = spawn(BINARY, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  p.stdout.on('data', (d) => { out += d; });
  p.stderr.on('data', (d) => { out += d; });
  p.on('error', reject);
  p.on('exit', (code) => (code === 0 ? resolve(out) : reject(new Error(`osler ${args.join(' ')}: ${code}\n${out}`))));
});

/** Makes a sample practice with people and patients and no recording, and serves it. `watch`: it watches the folder `watched`. */
export async function start({ model = 'tiny.en', watch = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'osler-walk-'));
  const empty = join(folder, 'recordings');
  mkdirSync(empty);
  writeFileSync(join(empty, 'recordings.toml'), 'recording = []\n');
  const watched = join(folder, 'dictaphones');
  mkdirSync(watched);
  writeFileSync(join(folder, 'osler.toml'), `model = "${model}"\n${watch ? `\n[[watch]]\nfolder = ${JSON.stringify(watched)}\npattern = "{mrn}_{author}"\nsettle_s = 0\nevery_s = 1\n` : ''}`);
  const env = { ...process.env, OSLER_CONFIG: join(folder, 'osler.toml'), OSLER_DATA: join(folder, 'data') };
  await run(['demo', '--recordings', empty], env);
  let process_ = null;
  let port = 0;
  let log = '';
  const serve = async () => {
    process_ = spawn(BINARY, ['serve', '--port', String(port)], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    process_.stderr.on('data', (d) => { log += d; });
    port = await new Promise((resolve, reject) => {
      process_.stdout.on('data', (d) => { log += d; const m = /http:\/\/[\d.]+:(\d+)/.exec(String(d)); if (m) resolve(Number(m[1])); });
      process_.on('exit', (code) => reject(new Error(`the service ended with ${code}\n${log}`)));
    });
  };
  await serve();
  // A debug build reads its pages from the folder that it was built in.
  const first = await fetch(`http://127.0.0.1:${port}/`);
  if (!first.ok) throw new Error(`${BINARY} answers ${first.status} for its own page: it was built in a folder that is gone; cargo build`);
  // The line: browsers connect here; cut() breaks every connection and refuses new ones until mend().
  let whole = true;
  const open = new Set();
  const line = createServer((socket) => {
    if (!whole) { socket.destroy(); return; }
    const on = connect(port, '127.0.0.1');
    for (const s of [socket, on]) { open.add(s); s.on('error', () => {}).on('close', () => { open.delete(s); socket.destroy(); on.destroy(); }); }
    socket.pipe(on).pipe(socket);
  });
  await new Promise((done) => { line.listen(0, '127.0.0.1', done); });
  return {
    watched,
    url: `http://127.0.0.1:${line.address().port}/`,
    cut: () => { whole = false; for (const s of open) s.destroy(); },
    mend: () => { whole = true; },
    /** As when the power fails; then it is started again. */
    async kill() { const gone = new Promise((done) => { process_.on('exit', done); }); process_.removeAllListeners('exit'); process_.on('exit', () => {}); process_.kill('SIGKILL'); await Promise.race([gone, new Promise((r) => { setTimeout(r, 300); })]); await serve(); },
    log: () => log,
    async close() {
      whole = false;
      for (const s of open) s.destroy();
      await new Promise((done) => { line.close(done); });
      process_.removeAllListeners('exit');
      const gone = new Promise((done) => { process_.on('exit', done); });
      process_.kill('SIGTERM');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The first seconds of a recording as 48 kHz WAV, decoded by the browser: what a fake microphone can play. */
export async function wav(browser, bytes, seconds) {
  const page = await browser.newPage();
  const base64 = await page.evaluate(async ([encoded, length]) => {
    const raw = Uint8Array.from(atob(encoded), (c) => c.charCodeAt(0));
    const sound = (await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(raw.buffer)).getChannelData(0).subarray(0, length * 48000);
    const out = new DataView(new ArrayBuffer(44 + sound.length * 2));
    const text = (at, s) => [...s].forEach((c, i) => out.setUint8(at + i, c.charCodeAt(0)));
    text(0, 'RIFF'); out.setUint32(4, 36 + sound.length * 2, true); text(8, 'WAVEfmt '); out.setUint32(16, 16, true); out.setUint16(20, 1, true); out.setUint16(22, 1, true); out.setUint32(24, 48000, true); out.setUint32(28, 96000, true); out.setUint16(32, 2, true); out.setUint16(34, 16, true); text(36, 'data'); out.setUint32(40, sound.length * 2, true);
    sound.forEach((x, i) => out.setInt16(44 + i * 2, Math.max(-32768, Math.min(32767, Math.round(x * 32767))), true));
    const all = new Uint8Array(out.buffer);
    let binary = '';
    for (let i = 0; i < all.length; i += 8192) binary += String.fromCharCode(...all.subarray(i, i + 8192));
    return btoa(binary);
  }, [bytes.toString('base64'), seconds]);
  await page.close();
  return Buffer.from(base64, 'base64');
}
