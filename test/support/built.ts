/**
 * The program under test as plain JavaScript: the sources as they are now, built once for all tests. Kept by a digest of everything that
 * goes in, so that a changed source is built anew.
 */
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
// Below `node_modules`, so that what is built finds the packages.
const kept = join(root, 'node_modules/.cache/temporal-tryon-tests');
const KEEP_MS = 3_600_000;
/** In the package beside what is built. */
export const alsoPacked = ['README.md', 'LICENSE', 'CHANGELOG.md'];

async function sourcesIn(folder: string): Promise<string[]> {
  const names = await readdir(join(root, folder), { recursive: true });
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(folder, name));
}

async function digestOfSources(): Promise<string> {
  const schemas = (await readdir(join(root, 'schemas'))).map((name) => join('schemas', name));
  const files = [...(await sourcesIn('src')), ...(await sourcesIn('test/support')), ...schemas].sort();
  const hash = createHash('sha256');
  for (const file of [
    ...files,
    ...alsoPacked,
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
  ]) {
    hash.update(`${file}\0`).update(await readFile(join(root, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

const folder = join(kept, await digestOfSources());

/** Makes what is not there yet, apart, and moves it to its place at once: two processes may do the same without harm. */
export async function made(name: string, make: (target: string) => Promise<void>): Promise<string> {
  const place = join(folder, name);
  if (existsSync(place)) return place;
  const target = join(kept, `making-${randomUUID()}`);
  await mkdir(dirname(place), { recursive: true });
  try {
    await make(target);
    await rename(target, place);
  } catch (error) {
    // Another process was first.
    if (!existsSync(place)) throw error;
  } finally {
    await rm(target, { recursive: true, force: true });
  }
  return place;
}

async function forgetOld(): Promise<void> {
  for (const name of await readdir(kept)) {
    const one = join(kept, name);
    const since = await stat(one).catch(() => undefined);
    if (one !== folder && since !== undefined && Date.now() - since.mtimeMs > KEEP_MS) {
      await rm(one, { recursive: true, force: true });
    }
  }
}

const program = (): Promise<string> =>
  made('program', async (target) => {
    const { default: ts } = await import('typescript');
    const options = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
    for (const source of await sourcesIn('src')) {
      const text = await readFile(join(root, source), 'utf8');
      const { outputText } = ts.transpileModule(text, { fileName: source, compilerOptions: options });
      const file = join(target, source.replace(/^src/, 'dist').replace(/\.ts$/, '.js'));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, outputText);
    }
    await cp(join(root, 'package.json'), join(target, 'package.json'));
    await forgetOld();
  });

/** A file of the built program by its path below `src`, such as `cli/main.ts`. */
export async function builtFile(source: string): Promise<string> {
  return join(await program(), 'dist', source.replace(/\.ts$/, '.js'));
}
