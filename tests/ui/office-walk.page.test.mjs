// The office over the real service: a recording that fits no patient is heard and given to one; the health of the installation;
// due times, pools, holds; and that all of it is in the trail.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { as, launch } from './browser.mjs';
import { fixture, missing, start } from './service.mjs';

const LONG = { timeout: 120000 };
let service, browser;
before(async () => {
  if (missing) return;
  service = await start({ watch: true });
  browser = await launch();
});
after(async () => { await browser?.close(); await service?.close(); });
const walk = (name, who, path, run) => test(name, { skip: missing || false }, async () => {
  const page = await as(browser, service.url, who, { path });
  try { await run(page); } catch (error) { error.message += `\nservice: ${service.log().slice(-1500)}\npage: ${page.problems.join('\n')}`; throw error; }
  assert.deepEqual(page.problems, []);
  await page.context().close();
});

walk('a recording whose patient nobody knows is heard, and given to one by both identifiers', /Lind/, '/inbox', async (page) => {
  copyFileSync(fixture('emergency.ogg'), join(service.watched, 'D-9999_dr.marsh.ogg'));
  for (let i = 0; i < 40 && !(await page.locator('.arrival').count()); i += 1) { await page.keyboard.press('r'); await page.waitForTimeout(500); }
  await page.locator('.arrival', { hasText: 'D-9999_dr.marsh.ogg' }).waitFor();
  await page.getByText(/D-9999/).first().waitFor();
  await page.getByRole('button', { name: /^Hear\s+D-9999_dr\.marsh\.ogg/ }).click();
  await page.getByRole('button', { name: /^Stop\s+D-9999_dr\.marsh\.ogg/ }).waitFor(LONG);
  await page.getByRole('button', { name: /^Assign\s+D-9999_dr\.marsh\.ogg/ }).click();
  const dialog = page.getByRole('dialog');
  assert.equal(await dialog.getByLabel('Dictated by').inputValue(), 'dr.marsh');
  await dialog.getByLabel('Patient', { exact: true }).fill('Whitf');
  await dialog.getByRole('button', { name: /Whitfield/ }).click();
  await dialog.getByLabel(/Date of birth/).fill('1972-02-12');
  await page.keyboard.press('Enter');
  await dialog.getByText(/do not belong together/).waitFor();
  await dialog.getByLabel(/Date of birth/).fill('1972-02-11');
  await page.keyboard.press('Enter');
  await page.getByText(/It is in the queue now: Whitfield/).waitFor();
  await page.getByText('Nothing waits for a decision').waitFor();
});

walk('an administrator sees how the installation is and what was dictated', /Stone/, '/system', async (page) => {
  await page.locator('.figure', { hasText: 'Encryption' }).getByText('on', { exact: true }).waitFor(LONG);
  await page.getByText(/checks without a finding/).click();
  await page.locator('details .check-line', { hasText: 'Integrity' }).waitFor();
  await page.getByRole('row', { name: /^tiny\.en/ }).getByText('as it should be').waitFor();
  assert.match(await page.getByRole('table', { name: 'Day by day' }).locator('tbody tr').first().innerText(), /1\s+0$/);
});

walk('due times, pools and holds are set', /Stone/, '/settings', async (page) => {
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Change: Discharge summary' }).click();
  await dialog.getByLabel('STAT').fill('30');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /^Discharge summary 30 min/ }).waitFor();
  await page.getByRole('button', { name: 'Make a pool' }).first().click();
  await dialog.getByLabel('Name of the pool').fill('surgery');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Take Sofia Lind out of surgery' }).waitFor();
  await page.getByRole('button', { name: 'Place a hold' }).click();
  await dialog.getByLabel('Record number (MRN)').fill('D-1001');
  await dialog.getByLabel('Reason').fill('Insurer asks');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Lift the hold on D-1001' }).click();
  await dialog.getByLabel('Reason').fill('Settled');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /D-1001/ }).getByText(/lifted/).waitFor();
});

walk('a patient is reached, known by another number, and found twice: the two records become one', /Lind/, '/patient/D-1001', async (page) => {
  const who = page.locator('.who-part'), dialog = page.getByRole('dialog');
  await who.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('Telephone').fill('030 1234');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await who.getByText('030 1234').waitFor();
  await who.getByRole('button', { name: 'Add a number' }).click();
  await dialog.getByLabel('Whose number').fill('Health insurance');
  await dialog.getByLabel('Number', { exact: true }).fill('K-77');
  await page.keyboard.press('Enter');
  await who.getByText('Health insurance: K-77').waitFor();
  await who.getByRole('button', { name: 'Changes' }).click();
  await dialog.getByRole('row', { name: /telephone/ }).waitFor();
  await page.keyboard.press('Escape');
  await page.evaluate(() => fetch('/api/v1/patients', { method: 'POST', headers: { 'X-Osler': '1', 'Content-Type': 'application/json' }, body: JSON.stringify({ mrn: 'D-7001', family: 'Whitfeld', given: 'Twice', birth_date: '1972-02-11', sex: 'female' }) }));
  await page.getByRole('button', { name: 'Join with another record' }).click();
  await dialog.getByLabel('The other record').fill('Whitfeld');
  await dialog.getByRole('button', { name: /Whitfeld/ }).click();
  await dialog.getByText(/The two differ: family name/).waitFor();
  await dialog.getByLabel('Reason').fill('Entered twice');
  await dialog.getByLabel('I have compared them', { exact: false }).check();
  await dialog.getByRole('button', { name: 'Join the records' }).click();
  await page.getByText(/The records are one now/).waitFor();
  await page.getByText(/Also D-7001/).waitFor();
});

walk('who heard it is in the trail', /Weber/, '/audit?user=s.lind', async (page) => {
  await page.getByRole('row', { name: /record\.read/ }).first().waitFor();
  await page.getByRole('row', { name: /inbox\.assigned/ }).first().waitFor();
});
