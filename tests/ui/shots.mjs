// Screenshots of every page at three sizes, light and dark: node tests/ui/shots.mjs FOLDER [PAGE...]
import { mkdirSync } from 'node:fs';
import { as, launch } from './browser.mjs';
import { practice, serve } from './mock.mjs';

const SIZES = { desk: [1440, 900], tablet: [820, 1180], phone: [390, 844] };
/** name -> [who, address, what to wait for, what to do before the picture] */
export const PAGES = {
  login: [null, '', '.people'],
  worklist: ['Jonas Weber', '/work', 'tr[data-id]'],
  review: ['Jonas Weber', '/review/d1', 'div.text p', async (page) => { await page.keyboard.press('F8'); await page.keyboard.press('F4'); await page.waitForTimeout(900); await page.keyboard.press('F4'); }],
  'review-history': ['Jonas Weber', '/review/d2', 'div.text p', async (page) => { await page.keyboard.press('Alt+h'); await page.locator('.timeline').waitFor(); }],
  'review-ask': ['Jonas Weber', '/review/d2', 'div.text p', async (page) => { await page.keyboard.press('F6'); }],
  'review-read': ['Jonas Weber', '/review/d3', 'div.text p'],
  'review-long': ['Jonas Weber', '/review/d8', 'div.text p'],
  waiting: ['Jonas Weber', '/review/d7', '.empty'],
  keys: ['Jonas Weber', '/work', 'tr[data-id]', async (page) => { await page.keyboard.press('F1'); }],
  ...(await import('./shots-pages.mjs').then((m) => m.PAGES).catch(() => ({}))),
};

const [folder = 'target/ui', ...only] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const { routes: more = [] } = await import('./mock-pages.mjs').catch(() => ({}));
const browser = await launch();
for (const [name, [who, path, ready, act, more_ = {}]] of Object.entries(PAGES)) {
  if (only.length && !only.includes(name)) continue;
  for (const [size, [width, height]] of Object.entries(SIZES)) {
    for (const colorScheme of ['light', 'dark']) {
      const service = await serve(0, { db: practice(), more });
      const options = { viewport: { width, height }, colorScheme, ...more_ };
      let page;
      if (who) page = await as(browser, service.url, who, { path, ...options });
      else { page = await (await browser.newContext(options)).newPage(); await page.goto(service.url); }
      try {
        await page.locator(ready).first().waitFor({ timeout: 15000 });
        await act?.(page);
        await page.evaluate(() => document.fonts.ready);
        await page.waitForTimeout(250);
        await page.screenshot({ path: `${folder}/${name}-${size}-${colorScheme}.png` });
      } catch (error) { console.error(`${name} ${size} ${colorScheme}: ${error.message.split('\n')[0]}`); process.exitCode = 1; }
      for (const problem of page.problems ?? []) console.error(`${name}: ${problem}`);
      await page.context().close();
      await service.close();
    }
  }
}
await browser.close();
