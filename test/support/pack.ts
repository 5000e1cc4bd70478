/** The package as it would be published, packed from a copy, so that the checkout stays as it is. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);
export const root = fileURLToPath(new URL('../../', import.meta.url));
export const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

const fromAll = ['src', 'schemas', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json'];
const alsoPacked = ['README.md', 'LICENSE', 'CHANGELOG.md'];

/** Runs npm, from its cache where it has what is asked for. */
export const npm = (cwd: string, ...args: string[]) =>
  run('npm', [...args, '--no-audit', '--no-fund', '--prefer-offline'], { cwd });

/** A tarball, and an empty folder beside it. Whoever asks removes `scratch`. */
export interface Packed {
  readonly scratch: string;
  readonly tarball: string;
  readonly project: string;
}

/** Packs. */
export async function pack(): Promise<Packed> {
  const scratch = await mkdtemp(join(tmpdir(), 'tryon-pack-'));
  const copy = join(scratch, 'copy');
  const project = join(scratch, 'project');
  await mkdir(copy);
  await mkdir(project);
  for (const name of [...fromAll, ...alsoPacked]) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await npm(copy, 'pack', '--pack-destination', scratch);
  return { scratch, project, tarball: join(scratch, `${manifest.name}-${manifest.version}.tgz`) };
}
