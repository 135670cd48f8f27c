// The pages of the office in Chromium over the stand-in service, by keyboard: the inbox, the health of the installation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, as } from './browser.mjs';
import { practice, serve } from './mock.mjs';
import { routes } from './mock-pages.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** A practice of its own, opened by somebody. */
async function opened(who, path, options) {
  const service = await serve(0, { db: practice(), more: routes });
  const page = await as(browser, service.url, new RegExp(who), { path, ...options });
  return { page, db: service.db, end: async () => { assert.deepEqual(page.problems, []); await page.context().close(); await service.close(); } };
}

test('a recording without a patient is heard, given to one with the second identifier, and another is put aside, by keyboard', async () => {
  const { page, db, end } = await opened('Mara Olsen', '/inbox');
  const rows = page.locator('.arrival');
  await rows.first().waitFor();
  assert.equal(await rows.count(), 3);
  await page.keyboard.press('j');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /0031-5520_2026-03-02\.wav/);
  await page.keyboard.press('h');
  await page.getByRole('button', { name: /^Stop\s+0031-5520_2026-03-02\.wav/ }).waitFor();
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Obi, Samuel').waitFor();
  assert.equal(await dialog.locator('audio').count(), 1);
  assert.equal(await dialog.getByLabel('Dictated by').inputValue(), 'dr.moreau');
  assert.equal(await dialog.getByLabel('Priority').inputValue(), 'urgent');
  // The date that came along is wrong: the record says so, nothing happens, and the field has the focus.
  await dialog.getByLabel(/Date of birth/).press('Enter');
  await dialog.getByText(/do not belong together/).waitFor();
  assert.equal(db.inbox.find((x) => x.id === 'i2').state, 'waiting');
  await dialog.getByLabel(/Date of birth/).fill('1971-03-02');
  await page.keyboard.press('Enter');
  await page.getByText('It is in the queue now: Obi, Samuel.').waitFor();
  assert.deepEqual(db.inbox.find((x) => x.id === 'i2').decision, { mrn: '0031-5520', birth_date: '1971-03-02', author: 'dr.moreau', priority: 'urgent', route: 'secretary' });
  await page.waitForFunction(() => document.querySelectorAll('.arrival').length === 2);

  // Two are named as the author of the other: whoever decides has to say who it was.
  await page.locator('.arrival', { hasText: 'VN-20260301-0007.mp3' }).focus();
  await page.keyboard.press('a');
  await dialog.getByLabel('Patient', { exact: true }).fill('Marche');
  await dialog.getByRole('button', { name: /Marchetti/ }).click();
  await dialog.getByRole('button', { name: 'Assign' }).click();
  await dialog.locator('.wrong', { hasText: 'Say who dictated' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('x');
  await dialog.getByLabel('Reason').fill('Twice the same');
  await page.keyboard.press('Enter');
  await page.getByText('VN-20260301-0007.mp3 is put aside.').waitFor();
  assert.equal(db.inbox.find((x) => x.id === 'i3').note, 'Twice the same');
  await page.keyboard.press('v');
  await page.getByText('“Twice the same”').waitFor();
  assert.equal(await rows.count(), 4);
  await end();
});

test('a physician decides about what names them, and is told that more waits', async () => {
  const { page, end } = await opened('Moreau', '/inbox');
  await page.locator('.arrival').first().waitFor();
  assert.equal(await page.locator('.arrival').count(), 2);
  await page.getByText('1 more waits that does not name you', { exact: false }).waitFor();
  assert.equal(await page.getByRole('button', { name: /^Put aside/ }).count(), 0);
  await end();
});

test('an administrator sees what is wrong first, with what to do, and the charts have their figures beside them', async () => {
  const { page, end } = await opened('Ines Duarte', '/system');
  const lines = page.locator('.rows > .check-line');
  await lines.first().waitFor();
  assert.match(await lines.first().textContent(), /does not work.*Permission denied.*give the user/);
  assert.equal(await page.locator('details[open]').count(), 0);
  await page.getByRole('link', { name: '1 could not be heard' }).waitFor();
  await page.getByText('osler models fetch tiny.en', { exact: true }).waitFor();
  const volume = page.getByRole('table', { name: 'Day by day' });
  assert.equal(await volume.locator('tbody tr').count(), 7);
  await page.keyboard.press('4');
  await page.getByRole('heading', { name: 'Week by week' }).waitFor();
  assert.equal(await page.getByRole('table', { name: 'Day by day' }).locator('tbody tr').count(), 13);
  await end();
});

test('whoever does not look after the installation sees the work and nothing of the machine', async () => {
  const { page, end } = await opened('Mara Olsen', '/system');
  await page.getByRole('table', { name: 'How long it takes' }).waitFor();
  assert.equal(await page.locator('.check-line').count(), 0);
  await end();
});

test('due times, pools and holds are set, and what cannot be is said where it was typed', async () => {
  const { page, db, end } = await opened('Ines Duarte', '/settings');
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Change: Discharge summary' }).click();
  await dialog.getByLabel('STAT').fill('half an hour');
  await page.keyboard.press('Enter');
  await dialog.getByText('Whole minutes, 1 to 525600.').waitFor();
  await dialog.getByLabel('STAT').fill('30');
  await dialog.getByLabel('Urgent').fill('');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /Discharge summary 30 min 4 h as every document 2 days/ }).waitFor();
  assert.deepEqual(db.dueTimes.find((x) => x.kind === 'discharge_summary').own, { stat: 30, urgent: null, routine: 2880 });

  await page.getByRole('button', { name: 'Take Mara Olsen out of letters' }).click();
  await page.getByText('Dictations wait for this pool', { exact: false }).waitFor();
  await page.getByRole('button', { name: 'Make a pool' }).click();
  await dialog.getByLabel('Name of the pool').fill('cardiology');
  await dialog.getByLabel('Secretary').selectOption('jonas.weber');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Take Jonas Weber out of cardiology' }).waitFor();

  await page.getByRole('button', { name: 'Place a hold' }).click();
  await dialog.getByLabel('Record number (MRN)').fill('0099-9999');
  await dialog.getByLabel('Reason').fill('Insurer asks');
  await page.keyboard.press('Enter');
  await dialog.getByText('There is no patient with this record number', { exact: false }).waitFor();
  await dialog.getByLabel('Record number (MRN)').fill('0031-5520');
  await page.keyboard.press('Enter');
  await page.getByRole('row', { name: /0031-5520 Insurer asks/ }).waitFor();
  await page.getByText('2 stay because of a hold.').waitFor();
  await page.getByRole('button', { name: 'Lift the hold on 0031-5520' }).click();
  await dialog.getByLabel('Reason').fill('Settled');
  await page.keyboard.press('Enter');
  await page.getByText('1 stays because of a hold.').waitFor();
  await end();
});
