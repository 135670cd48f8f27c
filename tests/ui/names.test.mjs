import test from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const JS = fileURLToPath(new URL('../../src/web/js', import.meta.url));

/** Names that a module imports and declares again: inside, the import is out of reach, and a call of it fails on a click. */
function hidden(source) {
  const names = [...source.matchAll(/import\s*\{([^}]*)\}\s*from/g)].flatMap(([, list]) => list.split(',')).map((n) => n.trim().split(/\s+as\s+/).at(-1)).filter(Boolean);
  return names.filter((n) => new RegExp(`\\b(?:let|const|var|function)\\s+${n.replaceAll('$', '\\$')}(?![\\w$])`).test(source));
}

test('a name that is declared again is found', () => {
  assert.deepEqual(hidden("import { a, field as f, g } from './x.js';\nlet f = null;\nconst gg = 1;\nuse.g();"), ['f']);
});

for (const file of readdirSync(JS, { recursive: true }).filter((f) => f.endsWith('.js'))) {
  test(`${file} declares no name that it imports`, () => assert.deepEqual(hidden(readFileSync(join(JS, file), 'utf8')), []));
}
