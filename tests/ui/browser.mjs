// A browser for the page tests: Debian's Chromium without a network of its own.
import { chromium } from 'playwright-core';

export const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];
export const launch = (args = []) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...args] });

/** Opens the sample practice as somebody; gives the page. What goes wrong on the page is collected in page.problems. */
export async function as(browser, url, who, { path = '', guide = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-GB', reducedMotion: 'reduce', ...options });
  // Whoever works here has put the first steps away, except where they are what is looked at.
  if (!guide) await context.addInitScript((names) => { try { for (const n of names) localStorage.setItem(`osler.guide.${n}`, 'away'); } catch { /* no page yet */ } }, ['jonas.weber', 'mara.olsen', 'dr.lindqvist', 'dr.moreau', 'admin', 'audit', 'dr.marsh', 'dr.okafor', 's.lind', 'r.stone', 'j.weber']);
  const page = await context.newPage();
  page.setDefaultTimeout(90000); // a shared machine is slow; what is there is found at once all the same
  page.problems = [];
  page.on('pageerror', (e) => page.problems.push(String(e.stack ?? e)));
  page.on('console', (m) => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) page.problems.push(m.text()); });
  await page.goto(url);
  await page.getByRole('button', { name: who }).click();
  await page.locator('.rail').waitFor();
  if (path) { await page.evaluate((p) => { location.hash = p; }, path); }
  return page;
}
