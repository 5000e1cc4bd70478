/** Writes the generated parts of `docs/vendors.md`: `npm run vendors`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { vendorsPage } from './vendors.js';

const page = fileURLToPath(new URL('../docs/vendors.md', import.meta.url));
writeFileSync(page, vendorsPage(readFileSync(page, 'utf8')));
