// One report from the microphone to the record, over the real service and the real model: dictated live with the line cut in
// the middle, corrected, asked back, answered, signed, found, added to; and what the auditor sees of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { as, launch } from './browser.mjs';
import { fixture, missing, start, wav } from './service.mjs';

const SPEECH_S = 22;
const LONG = { timeout: 180000 };
const folder = mkdtempSync(join(tmpdir(), 'osler-voice-'));
let service, browser, author, secretary;
const pages = [];
const enter = async (who, path) => {
  const page = await as(browser, service.url, who, { path, permissions: ['microphone'] });
  pages.push(page);
  return page;
};
const go = (page, path) => page.evaluate((p) => { location.hash = p; }, path);
const seconds = async (page) => { const [m, s] = (await page.locator('.clock').textContent()).split(':').map(Number); return m * 60 + s; };
const recorded = (page, s) => page.waitForFunction((least) => { const [m, x] = document.querySelector('.clock').textContent.split(':').map(Number); return m * 60 + x >= least; }, s, LONG);

before(async () => {
  if (missing) return;
  const decoder = await launch();
  const sound = join(folder, 'voice.wav');
  writeFileSync(sound, await wav(decoder, readFileSync(fixture('internal-medicine.opus')), SPEECH_S));
  await decoder.close();
  service = await start();
  browser = await launch(['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${sound}%noloop`]);
});
after(async () => {
  await browser?.close();
  await service?.close();
  rmSync(folder, { recursive: true, force: true });
});
const step = (name, run) => test(name, { skip: missing || false }, async () => {
  try { await run(); } catch (error) {
    for (const [i, p] of pages.entries()) if (!p.isClosed()) await p.screenshot({ path: join(tmpdir(), `osler-walk-${i}.png`) }).catch(() => {});
    error.message += `\nservice: ${service?.log().slice(-1500)}\npages: ${pages.flatMap((p) => p.problems).join('\n')}`;
    throw error;
  }
});

step('dictated live, with the line cut in the middle, and sent to the secretary', async () => {
  author = await enter(/Marsh/, '/home');
  await author.getByRole('button', { name: /^Dictate: Whitfield/ }).click();
  await author.locator('.rec[data-state=recording]').waitFor();
  await author.locator('.live .w').first().waitFor(LONG);
  await recorded(author, 6);
  service.cut();
  await author.locator('.saved.warn').waitFor();
  await recorded(author, await seconds(author) + 3);
  service.mend();
  await author.locator('.saved.good').waitFor(LONG);
  await recorded(author, SPEECH_S + 1);
  await author.keyboard.press('F4');
  await author.locator('.rec[data-state=paused]').waitFor();
  await author.locator('.saved.good').waitFor(LONG);
  assert.ok(await author.locator('.live .w').count() > 10);
  await author.keyboard.press('F9');
  await author.getByLabel('Urgent').check();
  await author.getByLabel('For the secretary').fill('One copy to the ward, please.');
  await author.getByRole('dialog').getByRole('button', { name: 'Send to secretary' }).click();
  await author.getByText(/With the service/).waitFor(LONG);
});

step('the secretary takes the next one, corrects by keyboard and asks the author', async () => {
  secretary = await enter(/Lind/, '/work');
  const row = secretary.locator('tr[data-id]', { hasText: 'Whitfield' });
  await row.filter({ hasText: /Urgent/ }).waitFor(LONG);
  await secretary.waitForFunction(() => !/heard|recorded/i.test(document.querySelector('tr[data-id]')?.innerText ?? 'recorded'), null, LONG);
  await secretary.keyboard.press('n');
  await secretary.locator('div.text p').first().waitFor(LONG);
  assert.match(await secretary.locator('.patient').innerText(), /Whitfield[\s\S]*D-1001/);
  await secretary.locator('div.text').click({ position: { x: 5, y: 5 } });
  await secretary.keyboard.press('Control+Home');
  await secretary.keyboard.type('Zebra sign. ');
  await secretary.keyboard.press('Control+s');
  await secretary.keyboard.press('F6');
  await secretary.locator('dialog input').fill('Which side is meant?');
  await secretary.keyboard.press('Enter');
  await secretary.keyboard.press('Control+Enter');
  await author.evaluate(() => { location.hash = '/home'; });
  await author.getByText('Which side is meant?').first().waitFor(LONG);
});

step('the author hears the place and answers; the secretary finishes', async () => {
  await author.getByRole('button', { name: /^Answer: Whitfield/ }).click();
  await author.getByRole('dialog').getByRole('textbox').fill('The left one.');
  await author.getByRole('dialog').getByRole('button', { name: 'Answer' }).click();
  await author.getByText('Which side is meant?').first().waitFor({ state: 'detached' });
  await go(secretary, '/work');
  await secretary.locator('tr[data-id]', { hasText: 'Whitfield' }).waitFor(LONG);
  await secretary.keyboard.press('n');
  await secretary.locator('div.text p').first().waitFor(LONG);
  await secretary.getByText('The left one.').first().waitFor();
  // The question in the text gives way to the answer.
  const text = await secretary.locator('div.text').innerText();
  assert.match(text, /Zebra sign\./);
  await secretary.keyboard.press('Control+h');
  const find = secretary.getByLabel('Find', { exact: true });
  await find.waitFor();
  await find.focus();
  await find.fill('[? Which side is meant?]');
  await secretary.keyboard.press('Tab');
  await secretary.keyboard.type('left');
  await secretary.keyboard.press('Enter');
  await secretary.keyboard.press('Escape');
  await secretary.waitForFunction(() => !document.querySelector('div.text').innerText.includes('[?'));
  await secretary.keyboard.press('Control+Enter');
  await go(author, '/patients');
  await go(author, '/home');
  await author.getByRole('link', { name: /sign: Whitfield/ }).waitFor(LONG);
});

step('signed by keyboard: every flag is settled, the date of birth is given', async () => {
  await author.getByRole('link', { name: /sign: Whitfield/ }).click();
  await author.locator('.doc').waitFor();
  assert.match(await author.locator('.doc').innerText(), /Zebra sign\./);
  for (let left = await author.locator('.note').count(); left > 0; left -= 1) {
    await author.keyboard.press('F8');
    await author.locator('.note[aria-current] .settle').focus();
    await author.keyboard.press('Enter');
    await author.waitForFunction((n) => document.querySelectorAll('.note').length === n, left - 1);
  }
  await author.keyboard.press('Control+Enter');
  await author.getByRole('dialog').getByLabel('Date of birth').fill('1972-02-11');
  await author.keyboard.press('Enter');
  await author.getByText(/Signed by Eleanor Marsh/).waitFor();
  await author.getByText(/Filed/).first().waitFor();
});

step('found in the record, and added to', async () => {
  await go(author, '/search?q=zebra');
  await author.locator('.found', { hasText: 'Whitfield' }).first().click();
  await author.locator('.entry[open] .doc').waitFor();
  assert.match(await author.locator('.entry[open] .doc').innerText(), /Zebra sign\.[\s\S]*Signed by Eleanor Marsh/);
  await author.getByRole('button', { name: 'Add an addendum' }).click();
  await author.getByRole('dialog').getByRole('textbox').fill('Potassium was 4.2.');
  await author.getByRole('button', { name: 'Sign and file' }).click();
  await author.locator('.addendum', { hasText: 'Potassium was 4.2.' }).waitFor();
  assert.match(await author.locator('.addendum').innerText(), /Signed by Eleanor Marsh/);
});

step('the auditor finds who did what, and the chain whole', async () => {
  const auditor = await enter(/Weber/, '/audit');
  await auditor.locator('tbody tr').first().waitFor();
  await auditor.getByRole('button', { name: 'Check the chain' }).click();
  await auditor.locator('.chip.good').waitFor();
  await auditor.getByLabel('Who').fill('dr.marsh');
  await auditor.keyboard.press('Enter');
  await auditor.getByText(/signed/).first().waitFor();
  for (const p of pages) assert.deepEqual(p.problems.filter((x) => !x.startsWith('WebSocket')), []);
});
