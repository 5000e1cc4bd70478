/** Writes `docs/licences.md` from the lock file. */
import { readFile, writeFile } from 'node:fs/promises';
import { installedOf, type Lock, licencesPage } from './supply-chain.js';

const at = (path: string): URL => new URL(`../${path}`, import.meta.url);
const { packages } = JSON.parse(await readFile(at('package-lock.json'), 'utf8')) as { packages: Lock };
const installed = installedOf(packages);
await writeFile(at('docs/licences.md'), licencesPage(installed));
process.stdout.write(`docs/licences.md: ${installed.length} packages\n`);
