/** An empty project that installs the package and runs the README's own-worker example as it is printed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { type Emulator, startEmulator } from '../../src/testing.js';
import { npm, type Packed, pack, root } from '../support/pack.js';

const readme = await readFile(join(root, 'README.md'), 'utf8');
const section = readme.split(/^## /m).find((text) => text.startsWith('From your own worker')) ?? '';
const blocks = (language: string) =>
  [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, code = '']) => code);

let packed: Packed;
let emulator: Emulator;
let connection: Connection;
let worker: ChildProcess | undefined;

beforeAll(async () => {
  packed = await pack();
  emulator = await startEmulator({ seed: randomInt(2 ** 31) });
  connection = await Connection.connect({ address: inject('temporal').address });
}, 300_000);

afterAll(async () => {
  if (worker?.exitCode === null) {
    const ended = once(worker, 'exit');
    worker.kill('SIGTERM');
    await ended;
  }
  await connection?.close();
  await emulator?.close();
  if (packed !== undefined) await rm(packed.scratch, { recursive: true, force: true });
});

test("the README's worker, as printed, in a project of nothing else, brings a task to its end", {
  timeout: 300_000,
}, async () => {
  const { project, tarball } = packed;
  const [install = ''] = blocks('sh');
  const commands = install.replaceAll('\\\n', ' ').trim().split(/\n|&&/);
  await copyFile(tarball, join(project, basename(tarball)));
  for (const command of commands) {
    const [program, ...args] = command.trim().split(/\s+/);
    expect(program).toBe('npm');
    await npm(project, ...args);
  }

  const files = blocks('ts').map((code) => [/^\/\/ (\S+)/.exec(code)?.[1] ?? '', code] as const);
  expect(files.map(([name]) => name)).toEqual(['workflows.ts', 'worker.ts']);
  for (const [name, code] of files) await writeFile(join(project, name), code);

  worker = spawn(process.execPath, ['--import', 'tsx', 'worker.ts'], {
    cwd: project,
    stdio: ['ignore', 'inherit', 'pipe'],
    env: {
      PATH: process.env.PATH,
      TEMPORAL_ADDRESS: inject('temporal').address,
      AIDGE_ENDPOINT: emulator.url,
      AIDGE_APP_KEY: emulator.appKey,
      AIDGE_APP_SECRET: emulator.appSecret,
    },
  });
  let said = '';
  worker.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(worker, 'exit').then(() => Promise.reject(new Error(`the worker ended: ${said}`)));
  ended.catch(() => undefined);

  const taskId = emulator.addTask({ script: [{ task: { state: 'finished' } }], subTasks: 2, imagesPerSubTask: 2 });
  const outcome = new Client({ connection }).workflow.execute(workflowTypes.results, {
    taskQueue: 'listings',
    workflowId: resultsWorkflowId(taskId),
    args: [{ taskId, submittedAt: new Date(Date.now() - 60_000).toISOString() }],
  });
  expect(await Promise.race([outcome, ended])).toMatchObject({ status: 'finished', images: { length: 4 } });
});
