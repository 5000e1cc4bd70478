/** The package as it ships: workers are measured as built, with their workflows bundled, not as sources under a loader. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { rootPath } from './report.js';

const newestOf = (folder: string): number =>
  Math.max(
    ...readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => statSync(`${entry.parentPath}/${entry.name}`).mtimeMs),
  );

/** Builds `dist` where a source is newer than it. */
export async function ensureBuilt(log: (line: string) => void): Promise<void> {
  const bundle = `${rootPath}dist/workflow-bundle.js`;
  if (existsSync(bundle) && statSync(bundle).mtimeMs > newestOf(`${rootPath}src`)) return;
  log('building the package (npm run build)');
  const child = spawn('npm', ['run', '--silent', 'build'], { cwd: rootPath, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4_000);
    });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the package cannot be built; mend that first: ${said.trim()}`);
}
