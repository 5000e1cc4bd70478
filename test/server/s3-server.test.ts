import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.js';

const module = fileURLToPath(new URL('../support/s3-server.ts', import.meta.url));
const program = `
  import { startS3 } from ${JSON.stringify(module)};
  const { pid, folder } = await startS3();
  console.log(JSON.stringify({ pid, folder }));
`;

async function startsOne(): Promise<{ readonly owner: ChildProcess; readonly pid: number; readonly folder: string }> {
  const owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void owner.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: owner.stdout as never }), 'line');
  return { owner, ...JSON.parse(line) };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.each(['SIGKILL', 'SIGTERM'] as const)('no S3 server is left behind by tests that end by %s', async (signal) => {
  const { owner, pid, folder } = await startsOne();
  expect(isAlive(pid)).toBe(true);
  owner.kill(signal);
  await until(async () => !isAlive(pid));
  await rm(folder, { recursive: true, force: true });
});
