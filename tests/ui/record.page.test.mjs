// The record's own data in Chromium over the stand-in service: who the patient is, two records that are one, letters.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, as } from './browser.mjs';
import { practice, serve } from './mock.mjs';
import { routes } from './mock-pages.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });
async function opened(who, path, prepare = () => {}) {
  const db = practice();
  prepare(db);
  const service = await serve(0, { db, more: routes });
  const page = await as(browser, service.url, new RegExp(who), { path });
  await page.locator('.who-part').waitFor();
  return { page, db, dialog: page.getByRole('dialog'), end: async () => { assert.deepEqual(page.problems, []); await page.context().close(); await service.close(); } };
}

test('contact is changed; another date of birth is asked about; somebody else was faster; the changes are shown', async () => {
  const { page, db, dialog, end } = await opened('Mara Olsen', '/patient/0031-5520');
  const who = page.locator('.who-part');
  await who.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('Telephone').fill('030 1234');
  await dialog.getByLabel('Address').fill('Seeweg 4\n10115 Berlin');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await who.getByText('030 1234').waitFor();
  assert.equal(db.patients.find((p) => p.mrn === '0031-5520').contact.address, 'Seeweg 4\n10115 Berlin');
  await who.getByRole('button', { name: 'Change', exact: true }).click();
  await dialog.getByLabel('Date of birth').fill('1971-03-12');
  await dialog.getByRole('button', { name: 'Save' }).click();
  const sure = page.getByRole('dialog', { name: 'Another date of birth?' });
  await sure.getByText(/2 Mar 1971 becomes 12 Mar 1971/).waitFor();
  db.patients.find((p) => p.mrn === '0031-5520').version += 1;
  await sure.getByRole('button', { name: 'Change it' }).click();
  await dialog.getByText('Mara Olsen changed this patient meanwhile', { exact: false }).waitFor();
  assert.equal(db.patients.find((p) => p.mrn === '0031-5520').birth_date, '1971-03-02');
  await page.keyboard.press('Escape');
  await who.getByRole('button', { name: 'Changes' }).click();
  await page.getByRole('dialog').getByRole('row', { name: /telephone – 030 1234 Mara Olsen/ }).waitFor();
  await page.keyboard.press('Escape');
  await who.getByRole('button', { name: 'Add a number' }).click();
  await dialog.getByLabel('Whose number').fill('Health insurance');
  await dialog.getByLabel('Number', { exact: true }).fill('K-77');
  await page.keyboard.press('Enter');
  await who.getByText('Health insurance: K-77').waitFor();
  await who.getByRole('button', { name: 'Take out: Health insurance K-77' }).click();
  await who.getByText('Health insurance: K-77').waitFor({ state: 'detached' });
  await end();
});

test('two records are joined only after they were compared, and not while somebody works in one', async () => {
  const { page, db, dialog, end } = await opened('Mara Olsen', '/patient/0031-5520');
  await page.getByRole('button', { name: 'Join with another record' }).click();
  await dialog.getByLabel('The other record').fill('Tan');
  await dialog.getByRole('button', { name: /Tan, Wei Ling/ }).click();
  await dialog.getByText('Mara Olsen is editing a report of one of them', { exact: false }).waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Join the records' }).count(), 0);
  await dialog.getByRole('button', { name: 'Another record' }).click();
  await dialog.getByLabel('The other record').fill('Novak');
  await dialog.getByRole('button', { name: /Novak, Petr/ }).click();
  await dialog.getByText(/The two differ: family name, given name, date of birth/).waitFor();
  await dialog.getByLabel('Reason').fill('Entered twice');
  await dialog.getByRole('button', { name: 'Join the records' }).click();
  await dialog.getByText('Compare the two first', { exact: false }).waitFor();
  assert.equal(db.patients.length, 8);
  await dialog.getByLabel('I have compared them', { exact: false }).check();
  await dialog.getByRole('button', { name: 'Join the records' }).click();
  await page.getByText('The records are one now: Obi, Samuel.').waitFor();
  await page.getByText(/Also 0023-6677, Novak, Petr/).waitFor();
  await end();
});

test('a letter is made of a signed report with the copies that were dictated, and withdrawn with a reason', async () => {
  const { page, db, dialog, end } = await opened('Lindqvist', '/patient/0019-0044', (db) => {
    const r = db.reports.get('r-d9');
    Object.assign(r, { status: 'filed', filed_at: new Date().toISOString(), signature: { name: 'Dr. Astrid Lindqvist', signed_at: new Date().toISOString(), meaning: 'authorship', version: 1 } });
    Object.assign(db.dictations.get('d9'), { phase: 'filed', state: 'done' });
  });
  await page.locator('.entry', { hasText: 'filed' }).locator('summary').first().click();
  await page.getByRole('button', { name: 'Letters' }).click();
  await dialog.getByText('Dictated, and in no letter yet: a copy to Dr. Moreau.').waitFor();
  await dialog.getByRole('button', { name: 'Write a letter' }).click();
  const write = page.getByRole('dialog', { name: 'Write a letter' });
  assert.equal(await write.getByLabel('Name').inputValue(), 'Dr. Moreau');
  await write.getByLabel('To', { exact: true }).fill('Dr. Hanna Voss');
  await write.getByLabel('Address').first().fill('Am Markt 2\n04109 Leipzig');
  await write.getByRole('button', { name: 'Make the letter' }).click();
  await dialog.getByText('Dr. Hanna Voss, Am Markt 2, 04109 Leipzig').waitFor();
  assert.match(await dialog.getByRole('link', { name: 'PDF for Dr. Moreau' }).getAttribute('href'), /letters\/l1\.pdf\?copy=1$/);
  assert.deepEqual(db.letters[0].copies, [{ name: 'Dr. Moreau', address: '' }]);
  await dialog.getByRole('button', { name: /^Withdraw/ }).click();
  await page.getByRole('dialog', { name: 'Withdraw' }).getByLabel('Reason').fill('Wrong address');
  await page.keyboard.press('Enter');
  await dialog.getByText(/Wrong address/).waitFor();
  await end();
});
