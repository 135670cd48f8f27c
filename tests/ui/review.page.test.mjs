// Walks through worklist and review in a browser, over the stand-in service.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { as, launch } from './browser.mjs';
import { practice, serve } from './mock.mjs';

// Given to the page by the browser itself: its policy lets no script in.
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** A fresh practice and a page in it; what went wrong on the page fails the test. */
const walk = (name, run, who = 'Jonas Weber', options = {}) => test(name, async () => {
  const service = await serve(0, { db: practice() });
  const page = await as(browser, service.url, who, options);
  try {
    await run(page, service);
    assert.deepEqual(page.problems, []);
  } finally { await page.context().close(); await service.close(); }
});
const text = (page) => page.evaluate(() => [...document.querySelectorAll('div.text > p')].map((p) => p.textContent).join('\n'));
const open = async (page, id) => { await page.evaluate((i) => { location.hash = `/review/${i}`; }, id); await page.locator('div.text p').first().waitFor(); };
const saved = (service, id, has) => waitFor(() => has(service.act.latest(service.db.dictations.get(id).report).text), 'the text on the service');
async function waitFor(f, what) {
  for (let i = 0; i < 200; i += 1) { if (await f()) return; await new Promise((r) => setTimeout(r, 50)); }
  assert.fail(`waited in vain for ${what}`);
}
async function axe(page, where) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  const bad = violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${where}: ${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140)).join(' | ')}`);
  assert.deepEqual(bad, []);
}

walk('a report is corrected from the worklist to the next one with the keyboard alone', async (page, service) => {
  await page.locator('tr[data-id=d1]').waitFor();
  await page.keyboard.press('n');
  await page.locator('div.text p').first().waitFor();
  assert.equal(await page.locator('.patient b').innerText(), 'Marchetti, Elena');
  await page.keyboard.press('F8');
  await page.locator('.note[aria-current] .sugg', { hasText: 'ipratropium' }).waitFor();
  await page.keyboard.press('2');
  await waitFor(async () => (await text(page)).includes('1. Ipratropium 18 mcg'), 'the suggestion in the text');
  await waitFor(() => service.db.dictations.get('d1').marks.findings[2]?.state === 'cleared', 'the mark on the service');
  // The next flag is asked about by itself: the correction of the speaker.
  assert.match(await page.locator('.note[aria-current]').innerText(), /strike that/);
  await page.keyboard.press('0');
  assert.match(await page.locator('.note[aria-current]').innerText(), /allergy/i);
  await page.keyboard.press('F6');
  await page.locator('dialog input').fill('Penicillin allergy: another antibiotic?');
  await page.keyboard.press('Enter');
  assert.match(await text(page), /4\. Amoxicillin \[\? Penicillin allergy: another antibiotic\?\] 500 mg/);
  await page.keyboard.press('Control+Enter');
  await waitFor(() => service.db.dictations.get('d1').state === 'returned', 'the question at the author');
  assert.equal(service.db.dictations.get('d1').note, 'Penicillin allergy: another antibiotic?');
  await waitFor(async () => (await page.locator('.patient b').innerText()) === 'Obi, Samuel', 'the next report');
});

walk('what is typed is saved by itself, and undone across saves', async (page, service) => {
  await open(page, 'd2');
  const was = await text(page);
  await page.locator('div.text').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('Draft. ');
  await saved(service, 'd2', (s) => s.startsWith('Draft. EMERGENCY'));
  await page.keyboard.press('Enter');
  await page.keyboard.type('1. one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  assert.match(await text(page), /^Draft\. \n1\. one\ntwoEMERGENCY/);
  await page.keyboard.press('Control+Backspace');
  assert.match(await text(page), /\n1\. one\nEMERGENCY/);
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('Control+Z');
  assert.equal(await text(page), was);
  await saved(service, 'd2', (s) => s === was);
  await page.keyboard.press('Control+Shift+Z');
  assert.match(await text(page), /^Draft/);
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('1. one');
  await page.keyboard.press('Enter');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  assert.match(await text(page), /\n1\. one\n2\. two\n$/, 'a list goes on with its number and ends on an empty item');
});

walk('sound: play, step, speed; a click on a word goes there and the word is lit', async (page) => {
  await open(page, 'd2');
  await page.keyboard.press('F4');
  await waitFor(() => page.evaluate(() => document.querySelector('.play').getAttribute('aria-label') === 'Pause'), 'the sound');
  await waitFor(() => page.evaluate(() => [...(CSS.highlights.get('now') ?? [])].length === 1), 'a word that is lit');
  await page.keyboard.press('F4');
  await page.keyboard.press('F3');
  assert.equal(await page.locator('.time .bare').first().innerText(), '1.1×');
  await page.keyboard.press('F2');
  const at = () => page.evaluate(() => Number(document.querySelector('.wave').getAttribute('aria-valuenow')));
  const box = await page.evaluate(() => { const p = [...document.querySelectorAll('div.text p')].find((x) => x.textContent.includes('Singapore')); const n = [...p.childNodes].find((c) => c.nodeType === 3 && c.data.includes('Singapore')); const r = document.createRange(); const i = n.data.indexOf('Singapore'); r.setStart(n, i); r.setEnd(n, i + 9); const b = r.getBoundingClientRect(); return { x: b.x + b.width / 2, y: b.y + b.height / 2 }; });
  await page.mouse.click(box.x, box.y);
  const lit = await page.evaluate(() => [...CSS.highlights.get('now')].map((r) => r.startContainer.data.slice(r.startOffset, r.endOffset)).join());
  assert.equal(lit, 'Singapore');
  const there = await at();
  assert.ok(there > 5, `${there}`);
  await page.keyboard.press('Alt+Shift+ArrowLeft');
  assert.ok(Math.abs((await at()) - (there - 5)) <= 1);
});

walk('the machine’s change is shown and taken back where the caret is', async (page, service) => {
  await open(page, 'd2');
  await page.evaluate(() => { const p = [...document.querySelectorAll('div.text p')].find((x) => x.textContent.includes('factor V')); const n = p.firstChild; const i = n.data.indexOf('factor V'); getSelection().setBaseAndExtent(n, i + 3, n, i + 3); });
  await page.locator('.here', { hasText: 'factor five lied in' }).waitFor();
  await page.keyboard.press('F7');
  assert.match(await text(page), /history of factor five lied in and/);
  await waitFor(() => service.db.dictations.get('d2').marks.edits[1]?.state === 'undone', 'the mark');
});

walk('find and replace, templates and blanks by key', async (page) => {
  await open(page, 'd1');
  await page.keyboard.press('Control+H');
  await page.getByLabel('Find', { exact: true }).fill('daily');
  await page.getByLabel('Replace by').fill('each day');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  assert.match(await text(page), /18 mcg each day/);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Alt+ArrowDown');
  assert.equal(await page.evaluate(() => getSelection().toString()), '____');
  await page.keyboard.type('6');
  assert.match(await text(page), /clinic visit in 6 weeks/);
  await page.keyboard.press('Alt+t');
  await page.locator('dialog input').fill('chest');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => getSelection().toString()), '[site]');
});

walk('two people cannot overwrite each other', async (page, service) => {
  await open(page, 'd1');
  const d = service.db.dictations.get('d1');
  d.report.versions.push({ version: 2, text: d.draft.text.replace('Acute', 'Severe'), trace: d.draft.trace, by: 'Jonas Weber', at: new Date().toISOString() });
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Mine.');
  await page.getByRole('dialog', { name: 'Changed by somebody else' }).waitFor();
  assert.match(await page.locator('dialog .diff').innerText(), /Severe/);
  await page.getByRole('button', { name: 'Keep mine' }).click();
  await saved(service, 'd1', (s) => s.endsWith('Mine.') && s.includes('Acute'));
  assert.equal(d.report.versions.length, 3);
});

walk('a report that is taken over stops here, and comes back when it is taken over again', async (page, service) => {
  await open(page, 'd1');
  const mara = service.db.people.find((p) => p.username === 'mara.olsen');
  service.act.step(service.db.dictations.get('d1'), mara, 'take_over');
  await page.locator('.notice', { hasText: 'Mara Olsen has taken this report over' }).waitFor();
  assert.equal(await page.locator('div.text').getAttribute('contenteditable'), 'false');
  await page.getByRole('button', { name: 'Take over' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take over' }).click();
  await waitFor(async () => (await page.locator('div.text').getAttribute('contenteditable')) === 'true', 'the lock');
  assert.equal(service.db.dictations.get('d1').lock.by.username, 'jonas.weber');
});

walk('a report that somebody else is editing can be read, not written', async (page) => {
  await open(page, 'd3');
  await page.locator('.notice', { hasText: 'Mara Olsen is editing' }).waitFor();
  const was = await text(page);
  await page.locator('div.text').click();
  await page.keyboard.type('x');
  assert.equal(await text(page), was);
});

walk('an expired session asks for the password and loses nothing', async (page, service) => {
  await open(page, 'd1');
  service.db.demonstration = false;
  await page.reload();
  await page.locator('div.text p').first().waitFor();
  service.db.sessions.clear();
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Kept.');
  const ask = page.getByRole('dialog', { name: 'Still you?' });
  await ask.waitFor();
  await ask.getByLabel('Password').fill('wrong');
  await page.keyboard.press('Enter');
  await ask.locator('.wrong').first().waitFor();
  await ask.getByLabel('Password').fill('correct horse');
  await page.keyboard.press('Enter');
  await saved(service, 'd1', (s) => s.endsWith('Kept.'));
});

walk('where nobody is nothing is shown, and the work is still there behind the password', async (page, service) => {
  await open(page, 'd1');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Still here.');
  await saved(service, 'd1', (s) => s.endsWith('Still here.'));
  Object.assign(service.db, { demonstration: false, idle_s: 1 });
  await page.reload();
  await page.getByRole('dialog', { name: 'Still you?' }).waitFor();
  assert.equal(await page.locator('.patient').isVisible(), false);
  assert.equal(service.db.sessions.size, 0);
  service.db.idle_s = 900;
  await page.getByLabel('Password').fill('correct horse');
  await page.keyboard.press('Enter');
  await page.locator('.patient').waitFor({ state: 'visible' });
  assert.match(await text(page), /Still here\.$/);
});

walk('without the service the text waits, says so, and is saved when it answers again', async (page, service) => {
  await open(page, 'd1');
  service.db.down = true;
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Waits.');
  await page.locator('.notice', { hasText: 'Not saved yet' }).waitFor();
  service.db.down = false;
  await page.getByRole('button', { name: 'Save now' }).click();
  await saved(service, 'd1', (s) => s.endsWith('Waits.'));
  await page.locator('.notice', { hasText: 'Not saved yet' }).waitFor({ state: 'detached' });
});

walk('the worklist shows locks and filters, and what changes elsewhere', async (page, service) => {
  await page.locator('tr.locked', { hasText: 'Mara Olsen is editing' }).waitFor();
  const d2 = service.db.dictations.get('d2');
  service.act.step(d2, service.db.people[1], 'open');
  await page.locator('tr.locked', { hasText: 'Obi, Samuel' }).waitFor();
  await page.keyboard.press('j');
  assert.equal(await page.locator('tr[aria-selected=true]').getAttribute('data-id'), 'd2');
  await page.getByLabel('Priority').selectOption('routine');
  await waitFor(async () => (await page.locator('tr[data-id]').count()) === 4, 'the filtered rows');
  await page.getByRole('tab', { name: /Rejected/ }).click();
  await page.getByText('Nothing matches').waitFor();
});

walk('leaving with something unsaved is asked about', async (page, service) => {
  await open(page, 'd1');
  service.db.down = true;
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' Lost?');
  await page.evaluate(() => { location.hash = '/work'; });
  await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor();
  await page.keyboard.press('Escape');
  assert.match(await text(page), /Lost\?$/);
  service.db.down = false;
});

walk('10,000 words stay fluent', async (page) => {
  await open(page, 'd8');
  await waitFor(async () => (await page.locator('div.text p').count()) > 200, 'the long report');
  await page.evaluate(() => {
    globalThis.slow = [];
    new PerformanceObserver((list) => { for (const e of list.getEntries()) if (e.name === 'keydown') globalThis.slow.push(e.duration); }).observe({ type: 'event', durationThreshold: 16, buffered: false });
    const p = document.querySelectorAll('div.text p')[120];
    p.scrollIntoView({ block: 'center' });
    getSelection().setBaseAndExtent(p.lastChild, 1, p.lastChild, 1);
  });
  const keys = 60;
  for (let i = 0; i < keys; i += 1) await page.keyboard.press('abcdefghij '[i % 11] === ' ' ? 'Space' : 'abcdefghij '[i % 11]);
  await page.waitForTimeout(300);
  const slow = await page.evaluate(() => globalThis.slow);
  // Those under 16 ms are not told.
  const all = [...slow, ...Array(Math.max(0, keys - slow.length)).fill(16)].sort((a, b) => a - b);
  console.log(`key to paint at 10,000 words: median ${all[all.length >> 1]} ms, 95th percentile ${all[Math.floor(all.length * 0.95)]} ms`);
  assert.ok(all[all.length >> 1] < 100, `median ${all[all.length >> 1]} ms`);
});

walk('nothing serious for axe: log-in, worklist, review and its dialogs, in light and dark', async (page) => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(() => { location.hash = '/work'; });
    await page.locator('tr[data-id]').first().waitFor();
    await axe(page, `worklist ${colorScheme}`);
    await open(page, 'd1');
    await axe(page, `review ${colorScheme}`);
    await page.keyboard.press('F8');
    await axe(page, `flag ${colorScheme}`);
    await page.keyboard.press('Alt+h');
    await page.locator('.timeline').waitFor();
    await axe(page, `history ${colorScheme}`);
    await page.keyboard.press('Control+F');
    await axe(page, `find ${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('F1');
    await page.getByRole('dialog').waitFor();
    await axe(page, `keys ${colorScheme}`);
    await page.keyboard.press('Escape');
  }
  await page.locator('.rail button').last().click();
  await page.getByRole('menuitem', { name: 'Log out' }).click();
  await page.locator('.people').waitFor();
  await axe(page, 'log-in');
});

walk('nothing is cut off on a tablet, a phone and at 200 %', async (page) => {
  for (const [width, height] of [[820, 1180], [720, 450], [390, 844]]) {
    await page.setViewportSize({ width, height });
    for (const path of ['/work', '/review/d1']) {
      await page.evaluate((p) => { location.hash = p; }, path);
      await page.locator(path === '/work' ? 'tr[data-id]' : 'div.text p').first().waitFor();
      const wide = await page.evaluate(() => ({ page: document.documentElement.scrollWidth - innerWidth, play: document.querySelector('.play')?.getBoundingClientRect().bottom ?? 0, sheet: document.querySelector('.sheet')?.getBoundingClientRect().height ?? 999 }));
      assert.ok(wide.page <= 0, `${path} at ${width} is ${wide.page} px too wide`);
      assert.ok(wide.play <= height, `${path} at ${width}: the sound is out of sight`);
      assert.ok(wide.sheet > 90, `${path} at ${width}x${height}: ${wide.sheet} px of text`);
    }
  }
});

walk('the history scores the draft by what was changed; a person weighs it anew, and hears each take', async (page, service) => {
  const d = service.db.dictations.get('d2');
  d.takes = [{ index: 1, name: 'take-0.wav', duration_s: null, sha256: '1'.repeat(64) }, { index: 2, name: 'take-1.wav', duration_s: null, sha256: '2'.repeat(64) }];
  d.report.versions.push({ ...d.report.versions[0], version: 2, by: 'Jonas Weber', text: d.report.versions[0].text.replace(/\bright\b/, 'left').replace(/,/, ';') });
  await open(page, 'd2');
  await page.keyboard.press('Alt+h');
  await page.locator('.scored').getByText('96 of 100').waitFor();
  assert.match(await page.locator('.scored').innerText(), /1 critical, 1 other/);
  await page.getByRole('button', { name: 'What counts' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('does not pass').waitFor();
  await dialog.getByText('2 errors that count').click();
  await dialog.locator('li', { hasText: 'side' }).getByRole('combobox').selectOption('none');
  await dialog.getByText('99 of 100').waitFor();
  await dialog.getByText('passes', { exact: true }).waitFor();
  await axe(page, 'score');
  await page.keyboard.press('Escape');
  await page.getByRole('tab', { name: 'About' }).click();
  assert.equal(await page.locator('.made-of audio').count(), 2);
  assert.match(await page.locator('.made-of audio').last().getAttribute('src'), /\/dictations\/d2\/sound\/2\.wav$/);
});
