/** Writes `schemas/*.json` from the contract: `npm run schemas`. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { schemaFiles } from './contract-schemas.js';

const dir = fileURLToPath(new URL('../schemas', import.meta.url));
await mkdir(dir, { recursive: true });
const files = schemaFiles();
for (const name of await readdir(dir)) {
  if (name.endsWith('.json') && !(name in files)) await rm(join(dir, name));
}
for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
process.stdout.write(`schemas: ${Object.keys(files).length} files\n`);
