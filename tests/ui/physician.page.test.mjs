// The physician's way in Chromium, with a fake microphone, against the stand-in service: dictating over a line that breaks,
// a reload, the last look before signing by keyboard alone, recordings that are dropped.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch, as } from './browser.mjs';
import { practice, serve } from './mock.mjs';
import { live, routes } from './mock-pages.mjs';
import { PAGES } from './shots-pages.mjs';

const folder = mkdtempSync(join(tmpdir(), 'osler-ui-'));
const sound = join(folder, 'voice.wav');
// Something like a voice: a tone whose loudness comes and goes four times a second, 20 s.
const voice = () => {
  const rate = 48000, n = rate * 20, b = Buffer.alloc(44 + n * 2);
  b.write('RIFF', 0); b.writeUInt32LE(36 + n * 2, 4); b.write('WAVEfmt ', 8); b.writeUInt32LE(16, 16); b.writeUInt16LE(1, 20); b.writeUInt16LE(1, 22); b.writeUInt32LE(rate, 24); b.writeUInt32LE(rate * 2, 28); b.writeUInt16LE(2, 32); b.writeUInt16LE(16, 34); b.write('data', 36); b.writeUInt32LE(n * 2, 40);
  for (let i = 0; i < n; i += 1) b.writeInt16LE(Math.round(9000 * Math.sin(2 * Math.PI * 220 * i / rate) * (0.6 + 0.4 * Math.sin(2 * Math.PI * 4 * i / rate))), 44 + i * 2);
  return b;
};

let browser, db, service, line;
before(async () => {
  writeFileSync(sound, voice());
  db = practice();
  db.demonstration = true;
  service = await serve(0, { db, more: routes });
  line = live(service.server, { db });
  browser = await launch(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${sound}`]);
});
after(async () => {
  await browser?.close();
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});

const begin = async (path) => {
  db.down = false;
  const page = await as(browser, service.url, /Lindqvist/, { path, permissions: ['microphone'] });
  return page;
};
const seconds = async (page) => { const [m, s] = (await page.locator('.clock').textContent()).split(':').map(Number); return m * 60 + s; };
const recorded = (page, s) => page.waitForFunction((least) => { const [m, x] = document.querySelector('.clock').textContent.split(':').map(Number); return m * 60 + x >= least; }, s);
// What lies in the browser, as it lies there.
const stored = (page) => page.evaluate(() => new Promise((resolve, reject) => {
  const opening = indexedDB.open('osler-sound');
  opening.onerror = () => reject(opening.error);
  opening.onsuccess = () => {
    const tx = opening.result.transaction(['frames', 'dictations']);
    const frames = tx.objectStore('frames').getAll(), metas = tx.objectStore('dictations').getAll();
    tx.oncomplete = () => { resolve({ frames: frames.result.length, metas: metas.result.length, plain: metas.result.concat(frames.result).some((r) => JSON.stringify(Object.keys(r)).includes('order') || new TextDecoder().decode(r.box).includes('0047')) }); opening.result.close(); };
  };
}));

test('a dictation over a line that breaks arrives in full, and the page says where it stands', async () => {
  const page = await begin('/home');
  await page.getByRole('button', { name: /^Dictate: Marchetti/ }).click();
  await page.locator('.rec[data-state=recording]').waitFor();
  await page.locator('.saved.good').waitFor();
  await page.locator('.live .w').first().waitFor();
  assert.match(await page.title(), /^● Marchetti/);
  await recorded(page, 2);
  db.down = true;
  line.cut();
  await page.locator('.saved.warn').waitFor();
  const lost = await seconds(page);
  await recorded(page, lost + 2);
  const kept = await stored(page);
  assert.ok(kept.frames > 10, `${kept.frames}`);
  assert.equal(kept.plain, false);
  db.down = false;
  await page.locator('.saved.good').waitFor();
  await page.keyboard.press('F4');
  await page.locator('.rec[data-state=paused]').waitFor();
  await page.locator('.saved.good').waitFor();
  const [d] = [...line.service.dictations.values()];
  assert.ok(Math.abs(d.takes[0].samples.length / 16000 - await seconds(page)) < 1.1);
  assert.deepEqual(line.service.bad, []);
  // No hole: the voice is never silent for a tenth of a second.
  for (let i = 8000; i + 1600 < d.takes[0].samples.length; i += 1600) assert.ok(d.takes[0].samples.slice(i, i + 1600).some((x) => Math.abs(x) > 500), `silence at ${i / 16000} s`);

  // Insert: three words back, speak, hand in to the secretary.
  await page.locator('.live').focus();
  for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('F4');
  await page.locator('.rec[data-state=recording]').waitFor();
  const before = await seconds(page);
  await recorded(page, before + 2);
  await page.keyboard.press('F9');
  await page.getByLabel('Urgent').check();
  await page.getByLabel('For the secretary').fill('Copy to the ward');
  await page.getByRole('dialog').getByRole('button', { name: 'Send to secretary' }).click();
  await page.getByText(/With the service/).waitFor();
  assert.equal(d.takes[1].mode, 'insert');
  assert.ok(d.takes[1].samples.length > 16000);
  assert.deepEqual([d.decision.route, d.decision.priority, d.decision.instruction], ['secretary', 'urgent', 'Copy to the ward']);
  // What was ordered is looked after, then nothing of it stays here.
  await page.waitForFunction(() => new Promise((resolve) => { const o = indexedDB.open('osler-sound'); o.onsuccess = () => { const c = o.result.transaction('dictations').objectStore('dictations').count(); c.onsuccess = () => { o.result.close(); resolve(c.result === 0); }; }; }));
  assert.deepEqual(await stored(page), { frames: 0, metas: 0, plain: false });
  assert.deepEqual(page.problems.filter((p) => !p.startsWith('WebSocket')), []);
  await page.context().close();
});

test('a ready text is put in by key, its field is spoken into, an open one stays, and another is taken out again', async () => {
  const page = await begin('/dictate?mrn=0052-1108');
  await page.locator('.rec').click();
  await page.locator('.rec[data-state=recording]').waitFor();
  await page.locator('.live .w').nth(1).waitFor();
  // While recording: speech goes on into the first field.
  await page.keyboard.press('Alt+t');
  await page.getByRole('dialog').getByRole('combobox').fill('follow');
  await page.keyboard.press('Enter');
  await page.locator('.rec[data-state=recording]').waitFor();
  const begun = await seconds(page);
  await recorded(page, begun + 2);
  await page.keyboard.press('F4');
  await page.locator('.rec[data-state=paused]').waitFor();
  // The first field is what was said; the second is chosen and left open.
  assert.deepEqual(await page.locator('.live .blank').allInnerTexts(), ['whom']);
  assert.equal(await page.locator('.live .blank').getAttribute('aria-pressed'), 'true');
  assert.match(await page.locator('.live').innerText(), /Follow-up in[\s\S]*weeks with\s+whom/);
  await page.locator('.live').press('End');
  await page.keyboard.press('Alt+t');
  await page.getByRole('dialog').getByRole('combobox').fill('abdomen');
  await page.keyboard.press('Enter');
  await page.locator('.ready', { hasText: 'Abdomen' }).waitFor();
  await page.getByRole('button', { name: 'Take out: normal abdomen' }).click();
  await page.locator('.ready', { hasText: 'Abdomen' }).waitFor({ state: 'detached' });
  await page.locator('.saved.good').waitFor();
  const d = [...line.service.dictations.values()].at(-1);
  await page.keyboard.press('F10');
  await page.getByText(/being heard once more/).waitFor();
  const spoken = (n) => d.takes[n].samples.length / 16000;
  assert.equal(d.takes[1].mode, 'insert');
  assert.deepEqual(d.decision.texts.map((x) => x.text), ['Follow-up in ', ' weeks with [whom].']);
  assert.ok(Math.abs(d.decision.texts[0].at_s - spoken(0)) < 0.01, JSON.stringify(d.decision));
  assert.ok(Math.abs(d.decision.texts[1].at_s - spoken(0) - spoken(1)) < 0.01, JSON.stringify(d.decision));
  assert.deepEqual(line.service.bad, []);
  assert.deepEqual(page.problems.filter((p) => !p.startsWith('WebSocket')), []);
  await page.context().close();
});

test('the first steps are there until they are put away, and come back from the menu', async () => {
  const page = await as(browser, service.url, /Lindqvist/, { guide: true });
  const steps = page.getByRole('region', { name: 'First steps' });
  await steps.waitFor();
  assert.equal(await steps.getByRole('listitem').count(), 4);
  await steps.getByRole('button', { name: 'Put away' }).click();
  await page.reload();
  await page.locator('.home-part').first().waitFor();
  assert.equal(await steps.count(), 0);
  await page.getByRole('button', { name: /account, language, log out/ }).click();
  await page.getByRole('menuitem', { name: 'First steps' }).click();
  await steps.waitFor();
  await page.context().close();
});

test('after a reload in the middle it goes on where it was', async () => {
  const page = await begin('/dictate?mrn=0031-5520');
  await page.locator('.rec').click();
  await page.locator('.rec[data-state=recording]').waitFor();
  await recorded(page, 2);
  page.on('dialog', (d) => d.accept());
  db.down = true;
  line.cut();
  await page.locator('.saved.warn').waitFor();
  await recorded(page, 4);
  db.down = false;
  await page.reload();
  await page.evaluate(() => { location.hash = '/home'; });
  await page.getByText('Recorded, not handed in').waitFor();
  await page.getByRole('link', { name: 'Go on dictating' }).click();
  await page.locator('.saved.good').waitFor();
  assert.ok(await seconds(page) >= 3);
  await page.keyboard.press('F4');
  await page.locator('.rec[data-state=recording]').waitFor();
  await recorded(page, 6);
  await page.keyboard.press('F10');
  await page.getByText(/being heard once more/).waitFor();
  assert.deepEqual(line.service.bad, []);
  const d = [...line.service.dictations.values()].at(-1);
  assert.ok(d.takes.reduce((n, t) => n + t.samples.length, 0) > 5 * 16000);
  assert.equal(d.decision.route, 'author');
  assert.deepEqual(page.problems.filter((p) => !p.startsWith('WebSocket')), []);
  await page.context().close();
});

test('the last look: flags are settled, the date of birth is asked, the report is filed, all by keyboard', async () => {
  const page = await begin('/sign/d9');
  const d = db.dictations.get('d9');
  d.identity_verified = false;
  await page.locator('.doc').waitFor();
  await page.keyboard.press('Control+Enter');
  await page.getByText(/flags are still open/).first().waitFor();
  assert.equal(d.report.status, 'draft');
  for (let left = await page.locator('.note').count(); left > 0; left -= 1) {
    await page.keyboard.press('F8');
    await page.locator('.note[aria-current] .settle').focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction((n) => document.querySelectorAll('.note').length === n, left - 1);
  }
  assert.ok(await page.locator('.checks li').count() > 2);
  await page.locator('.checks .hear').first().focus();
  await page.keyboard.press('Enter');
  await page.locator('.hear[data-playing]').waitFor();
  await page.keyboard.press('Control+Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Date of birth').fill('1944-05-31');
  await page.keyboard.press('Enter');
  await dialog.getByText(/do not belong together/).waitFor();
  await dialog.getByLabel('Date of birth').fill('1944-05-30');
  await page.keyboard.press('Enter');
  await page.getByText(/Signed by Dr. Astrid Lindqvist/).waitFor();
  assert.equal(d.report.status, 'filed');
  await page.getByRole('button', { name: 'Add an addendum' }).click();
  await page.getByRole('dialog').getByRole('textbox').fill('The potassium was 4.2.');
  await page.getByRole('button', { name: 'Sign and file' }).click();
  await page.getByText('The potassium was 4.2.').waitFor();
  assert.deepEqual(page.problems.filter((p) => !p.startsWith('WebSocket')), []);
  await page.context().close();
});

test('dropped recordings are handed in for the patient that was chosen', async () => {
  const page = await begin('/uploads');
  await page.locator('#upload-files').setInputFiles(sound);
  await page.getByText('Choose the patient first').waitFor();
  await page.getByRole('button', { name: 'Choose a patient' }).click();
  await page.getByRole('dialog').getByLabel('Patient', { exact: true }).fill('Marche');
  await page.getByRole('dialog').getByRole('button', { name: /Marchetti/ }).click();
  await page.locator('#upload-files').setInputFiles([{ name: 'one.wav', mimeType: 'audio/wav', buffer: voice() }, { name: 'two.wav', mimeType: 'audio/wav', buffer: voice() }]);
  await page.waitForFunction(() => [...document.querySelectorAll('.uploads small[role=status]')].filter((e) => e.textContent === 'with the service').length === 2);
  assert.deepEqual([...db.uploads.values()].map((u) => [u.mrn, u.offset === u.bytes]), [['0047-2291', true], ['0047-2291', true]]);
  assert.deepEqual(page.problems.filter((p) => !p.startsWith('WebSocket')), []);
  await page.context().close();
});

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
test('nothing serious for axe on any page, in light and dark, and nothing is wider than a phone', async () => {
  const found = [];
  for (const [colorScheme, viewport] of [['light', { width: 1440, height: 900 }], ['dark', { width: 390, height: 844 }]]) {
    for (const [name, [who, path, ready, act, more]] of Object.entries(PAGES)) {
      const own = await serve(0, { db: practice(), more: routes });
      const page = await as(browser, own.url, new RegExp(who), { path, colorScheme, viewport, bypassCSP: true, ...more });
      await page.locator(ready).first().waitFor();
      await act?.(page);
      await page.evaluate(AXE);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      for (const v of violations) if (['serious', 'critical'].includes(v.impact)) found.push(`${name} ${colorScheme}: ${v.id} ${v.nodes.slice(0, 2).map((n) => n.html.slice(0, 120)).join(' | ')}`);
      if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1 || document.getElementById('main').scrollWidth > document.getElementById('main').clientWidth + 1)) found.push(`${name} ${viewport.width}: wider than the window`);
      for (const p of page.problems) found.push(`${name}: ${p}`);
      await page.context().close();
      await own.close();
    }
  }
  assert.deepEqual(found, []);
});
