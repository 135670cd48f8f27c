// Screenshots of the physician's and the administration's pages; see shots.mjs. A microphone is not needed for them.
const L = 'Dr. Astrid Lindqvist', A = 'Ines Duarte';
export const PAGES = {
  home: [L, '/home', '.home-part'],
  patients: [L, '/patients', '.pick'],
  'dictate-choose': [L, '/dictate', '.dictate-choose a'],
  dictate: [L, '/dictate?mrn=0047-2291&encounter=v1', '.rec'],
  uploads: [L, '/uploads?mrn=0047-2291', '.drop'],
  sign: [L, '/sign/d9', '.sign-notes .note'],
  'sign-changes': [L, '/sign/d9', '.sign-notes .note', async (page) => { await page.locator('[aria-pressed]').click(); await page.locator('.sign-diff').waitFor(); }],
  patient: [L, '/patient/0019-0044', '.entry', async (page) => { await page.locator('.entry summary').last().click(); await page.locator('.entry .doc').waitFor(); }],
  search: [L, '/search?q=tiotropium', '.found'],
  system: [L, '/system', '.chart'],
  dictionary: ['Mara Olsen', '/dictionary', '.dictionary tbody tr'],
  templates: ['Mara Olsen', '/templates', '.templates tbody tr'],
  'templates-change': [L, '/templates', '.templates tbody tr', async (page) => { await page.getByRole('button', { name: 'Change “follow-up”' }).click(); await page.getByRole('dialog').waitFor(); }],
  learned: ['Mara Olsen', '/learned', '.learned article'],
  queue: ['Mara Olsen', '/queue', '.rowline'],
  users: [A, '/users', '.admin tbody tr'],
  'users-add': [A, '/users', '.admin tbody tr', async (page) => { await page.getByRole('button', { name: 'Add a person' }).click(); }],
  account: [A, '/account', '.admin'],
  audit: ['Tom Reyes', '/audit', 'tbody tr', async (page) => { await page.getByRole('button', { name: 'Check the chain' }).click(); await page.locator('.chip.good').waitFor(); }],
};
