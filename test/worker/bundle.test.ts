import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

test('the workflows are bundled in another process; this one does not load the bundler', async () => {
  const module = new URL('../../src/worker/bundle.ts', import.meta.url).href;
  const folder = await mkdtemp(join(tmpdir(), 'tryon-bundle-'));
  try {
    const program = join(folder, 'ask.mts');
    await writeFile(
      program,
      `import { createRequire } from 'node:module';
      const { bundleInOwnProcess } = await import(${JSON.stringify(module)});
      const code = await bundleInOwnProcess();
      const names = ['tryOnResults', 'tryOnListing', 'preloadModules'].map((name) => code.includes(name));
      const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /webpack|swc/.test(path));
      const map = JSON.parse(Buffer.from(code.slice(code.lastIndexOf('base64,') + 7), 'base64').toString());
      const inMap = [map.sources.some((path) => path.endsWith('src/workflows/try-on-results.ts')), 'sourcesContent' in map];
      console.log(JSON.stringify({ names, loaded, inMap }));`,
    );
    // Started with a loader, the other process has it too.
    const { stdout } = await run(process.execPath, ['--import', import.meta.resolve('tsx'), program]);
    expect(JSON.parse(stdout)).toEqual({ names: [true, true, true], loaded: [], inMap: [true, false] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
