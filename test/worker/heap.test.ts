import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const heap = new URL('../../src/worker/heap.ts', import.meta.url).href;

/** The flags that another process sets, and how large the young generation of a thread that makes much garbage becomes, in MB. */
async function young(options: readonly string[], env: Record<string, string> = {}) {
  const thread = `
    const v8 = require('node:v8');
    const { parentPort } = require('node:worker_threads');
    const kept = [];
    let max = 0;
    for (let index = 0; index < 1_000_000; index++) {
      kept[index % 20_000] = { index, text: [String(index)] };
      if (index % 5_000 > 0) continue;
      const space = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
      max = Math.max(max, space.physical_space_size / 2 ** 20);
    }
    parentPort.postMessage(max);`;
  const program = `
    const { Worker } = await import('node:worker_threads');
    const { keepHeapsSmall } = await import(${JSON.stringify(heap)});
    const flags = keepHeapsSmall();
    new Worker(${JSON.stringify(thread)}, { eval: true, execArgv: [] }).on('message', (max) => console.log(JSON.stringify({ flags, max })));`;
  const { stdout, stderr } = await run(
    process.execPath,
    [...options, '--import', 'tsx', '--input-type=module', '-e', program],
    { env: { PATH: process.env.PATH ?? '', ...env } },
  );
  return { ...(JSON.parse(stdout) as { flags: string[]; max: number }), stderr };
}

test('this V8 knows the options, and a thread made later has a small young generation', async () => {
  const { flags, max, stderr } = await young([]);
  expect(flags).toEqual(['--heap-growing-percent=40', '--max-semi-space-size=4']);
  // V8 reports an option that it does not know.
  expect(stderr).toBe('');
  expect(max).toBeGreaterThan(0);
  expect(max).toBeLessThanOrEqual(12);
});

test('options that Node.js was started with stay, in either spelling', async () => {
  const { flags } = await young(['--heap_growing_percent=80'], { NODE_OPTIONS: '--max-semi-space-size=16' });
  expect(flags).toEqual([]);
});
