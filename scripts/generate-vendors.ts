/** Writes the generated tables of `docs/vendors.md` and `docs/emulator.md`: `npm run vendors`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withLimits } from './emulator-limits.js';
import { vendorsPage } from './vendors.js';

for (const [name, generated] of [
  ['vendors', vendorsPage],
  ['emulator', withLimits],
] as const) {
  const page = fileURLToPath(new URL(`../docs/${name}.md`, import.meta.url));
  writeFileSync(page, generated(readFileSync(page, 'utf8')));
}
