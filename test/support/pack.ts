/** The package as it would be published, packed from a copy, so that the checkout stays as it is; once for all tests of the same sources. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { alsoPacked, made } from './built.js';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../../', import.meta.url));
export const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const fromAll = ['src', 'schemas', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const tarballName = `${manifest.name}-${manifest.version}.tgz`;

/** Runs npm, from its cache where it has what is asked for. */
export const npm = (cwd: string, ...args: string[]) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { cwd });

/** A tarball, and an empty folder. Whoever asks removes `scratch`. */
export interface Packed {
  readonly scratch: string;
  readonly tarball: string;
  readonly project: string;
  /** Where it was built: a folder that is gone. */
  readonly builtIn: string;
}

/** Packs into `target`. */
async function packInto(target: string): Promise<void> {
  const copy = await mkdtemp(join(tmpdir(), 'tryon-copy-'));
  await mkdir(target);
  try {
    for (const name of [...fromAll, ...alsoPacked]) await cp(join(root, name), join(copy, name), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    await npm(copy, 'pack', '--pack-destination', target);
    await writeFile(join(target, 'built-in'), copy);
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

/** The tarball, and where it was built. */
export async function packed(): Promise<Pick<Packed, 'tarball' | 'builtIn'>> {
  const folder = await made('packed', packInto);
  return { tarball: join(folder, tarballName), builtIn: await readFile(join(folder, 'built-in'), 'utf8') };
}

/** Packs, and makes a place for a project. */
export async function pack(): Promise<Packed> {
  const scratch = await mkdtemp(join(tmpdir(), 'tryon-pack-'));
  const project = join(scratch, 'project');
  await mkdir(project);
  return { scratch, project, ...(await packed()) };
}
