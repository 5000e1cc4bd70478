import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, onTestFinished, test } from 'vitest';
import { apiVendors, type TryOnListingResult } from '../../src/contract.js';
import { freePort } from '../../src/dev-server/temporal-server.js';
import { type Running, runCli, startCli, startSource } from '../cli/run-cli.js';

/** Process ids below one, as the kernel tells. Linux alone; elsewhere none. */
function childrenOf(pid: number): number[] {
  try {
    const own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    return own === '' ? [] : own.split(' ').map(Number);
  } catch {
    return [];
  }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A child whose parent has not asked for its end yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

/** An empty folder for all that a demo leaves in the place of temporary files. */
async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tryon-demo-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names of the archives that demos have made in a folder. */
const archivesIn = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name.startsWith('tryon-demo-'));

async function startDemo(args: readonly string[], start = startCli, env: NodeJS.ProcessEnv = {}) {
  const ports = { temporal: await freePort(), ui: await freePort(), emulator: await freePort() };
  const own = [
    '--port',
    String(ports.temporal),
    '--ui-port',
    String(ports.ui),
    '--emulator-port',
    String(ports.emulator),
  ];
  const folder = await temporary();
  const running = start(['demo', ...own, ...args], { ...env, TMPDIR: folder });
  await running.until('worker process');
  const children = childrenOf(running.child.pid as number);
  return { running, children, ports, folder };
}

async function expectNothingLeft(running: Running, children: readonly number[]): Promise<void> {
  // The server, its watch, and the worker.
  expect(children.length).toBeGreaterThanOrEqual(2);
  expect(running.child.exitCode ?? running.child.signalCode).not.toBeNull();
  await expect.poll(() => children.filter(isAlive), { timeout: 30_000 }).toEqual([]);
}

test('the demo submits, waits and archives three tasks, links to the history, and leaves no process', async () => {
  const { running, children, ports, folder } = await startDemo(['--seconds', '2'], startSource);
  await running.until(/history: \S+\n/);
  const link = /history: (\S+)/.exec(running.err())?.[1] ?? '';
  expect(link).toMatch(new RegExp(`^http://127.0.0.1:${ports.ui}/namespaces/default/workflows/tryon-listing-demo-`));
  const { code, out, err } = await running.ended;
  expect({ code, err }).toMatchObject({ code: 0 });
  const urls = out
    .trim()
    .split('\n')
    .map((line) => line.split('  ').at(-1));
  expect(urls).toHaveLength(24);
  expect(new Set(urls).size).toBe(24);
  for (const url of urls) expect(url).toMatch(new RegExp(`^http://127.0.0.1:${ports.emulator}/images/`));
  expect(err.match(/^task .*: finished after/gm)).toHaveLength(3);
  expect(err).toMatch(/^listing demo-.*: complete, 24 images/m);
  // What it shows, in this order.
  const steps = ['history: ', 'submitted', 'task ', 'listing ', 'archived ', 'contact sheet: '];
  const places = steps.map((step) => err.search(new RegExp(`^${step}`, 'm')));
  expect(places).toEqual([...places].sort((one, other) => one - other));
  expect(places).not.toContain(-1);
  const [archive = ''] = await archivesIn(folder);
  expect(err).toContain(`archived 24 of 24 images in ${join(folder, archive)}\n`);
  const taskIds = [...err.matchAll(/^submitted .* as task (\S+)$/gm)].map(([, taskId = '']) => taskId);
  const files = await Promise.all(taskIds.map((taskId) => readdir(join(folder, archive, taskId))));
  expect(files.map(({ length }) => length)).toEqual([8, 8, 8]);
  const sheet = /^contact sheet: (\S+)$/m.exec(err)?.[1] ?? '';
  expect(sheet.startsWith(`${join(folder, archive)}/`)).toBe(true);
  const page = await readFile(sheet, 'utf8');
  for (const [k, names] of files.entries()) {
    for (const name of names) {
      expect(page).toContain(`<img src="${pathToFileURL(join(folder, archive, taskIds[k] as string, name)).href}"`);
    }
  }
  await expectNothingLeft(running, children);
});

test('--api makes one listing of tasks of three vendors, each account within its own budget', async () => {
  const env = { TEMPORAL_ADDRESS: inject('temporal').address };
  const archive = await temporary();
  const args = [
    '--api',
    'aidge-2026,dashscope,fashn',
    '--tasks',
    '4',
    '--seconds',
    '1',
    '--archive',
    archive,
    '--json',
  ];
  const { code, out, err } = await startCli(['demo', ...args], env).ended;
  expect({ code, err }).toMatchObject({ code: 0 });
  const { status, images, outcomes } = JSON.parse(out) as TryOnListingResult;
  expect(status).toBe('complete');
  expect(outcomes.map(({ status, api, account }) => [status, api, account])).toEqual([
    ['finished', 'aidge-2026', 'default'],
    ['finished', 'dashscope', 'dashscope'],
    ['finished', 'fashn', 'fashn'],
    ['finished', 'aidge-2026', 'default'],
  ]);
  // One image of a task, four of FASHN's.
  expect(images).toHaveLength(7);
  for (const { archived } of images) expect(archived?.location).toContain(pathToFileURL(archive).href);
  const lines = [
    ...err.matchAll(/^account (\S+) of (\S+): (\d+) submits?, (\d+) polls?, at most (\d+) .*, of (\d+)$/gm),
  ];
  expect(lines.map(([, account, vendor, submits]) => [account, vendor, submits])).toEqual([
    ['default', 'aidge', '2'],
    ['dashscope', 'dashscope', '1'],
    ['fashn', 'fashn', '1'],
  ]);
  for (const [, account, , , polls, most, budget] of lines) {
    const counted = outcomes.filter((one) => one.account === account).reduce((sum, one) => sum + one.polls, 0);
    expect(Number(polls)).toBeGreaterThanOrEqual(counted);
    expect(Number(most)).toBeGreaterThan(0);
    expect(Number(most)).toBeLessThanOrEqual(Number(budget));
  }
});

test('a name that is no API is refused before anything starts', async () => {
  const TMPDIR = await temporary();
  const { code, err } = await startCli(['demo', '--api', 'fashn,nobody'], { TMPDIR }).ended;
  expect({ code, err }).toEqual({
    code: 2,
    err: `error: --api is "fashn,nobody"; give names of ${Object.keys(apiVendors).join(', ')}\n`,
  });
  expect(await archivesIn(TMPDIR)).toEqual([]);
});

test('--keep leaves everything up until Ctrl-C, then nothing; --json prints the result alone', async () => {
  const { running, children, ports } = await startDemo(['--keep', '--json', '--seconds', '1', '--tasks', '1']);
  await running.until('submit --request');
  // What it prints is all that another terminal needs.
  const env = Object.fromEntries(
    [...running.err().matchAll(/^ {2}export (.*)$/gm)].flatMap(([, text = '']) =>
      text.split(' ').map((one) => one.split('=')),
    ),
  );
  expect(Object.keys(env).sort()).toEqual([
    ...['AIDGE_APP_KEY', 'AIDGE_APP_SECRET', 'AIDGE_ENDPOINT', 'TEMPORAL_ADDRESS', 'TRYON_TASK_QUEUE'],
  ]);
  const request = [{ clothesList: [{ imageUrl: 'https://img.example/a.jpg', type: 'tops' }], generateCount: 1 }];
  const submitted = await runCli(['submit', '--request', '-'], env, JSON.stringify(request));
  expect({ code: submitted.code, err: submitted.err }).toMatchObject({ code: 0 });
  // The two streams come on their own.
  await running.until(/^\{.*\}\n$/);
  expect(JSON.parse(running.out())).toMatchObject({ status: 'complete', outcomes: [{ status: 'finished' }] });
  const { images } = JSON.parse(running.out());
  expect((await fetch(images[0].imageUrl)).headers.get('content-type')).toBe('image/png');
  expect((await fetch(`http://127.0.0.1:${ports.ui}/`)).status).toBe(200);
  running.child.kill('SIGINT');
  expect((await running.ended).code).toBe(130);
  await expectNothingLeft(running, children);
});

/** The environment of a process, as the kernel tells. Linux alone; elsewhere empty. */
const environmentOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
};

test('the keys of the user reach no process that it starts', async () => {
  const names = ['AIDGE_APP_SECRET', 'DASHSCOPE_API_KEY', 'TRYON_CODEC_TOKEN', 'AWS_SECRET_ACCESS_KEY'];
  const secrets = Object.fromEntries(names.map((name) => [name, 'hunter2-hunter2-hunter2']));
  const { running, children } = await startDemo(['--seconds', '60'], startCli, secrets);
  const all = children.flatMap((pid) => [pid, ...childrenOf(pid)]).map(environmentOf);
  expect(environmentOf(running.child.pid as number)).toContain('hunter2');
  // The server, its watch and the worker.
  expect(all.length).toBeGreaterThanOrEqual(3);
  for (const environment of all) expect(environment).not.toContain('hunter2');
  for (const environment of all) expect(environment).toContain('PATH=');
  running.child.kill('SIGINT');
  await running.ended;
  await expectNothingLeft(running, children);
});

test.each(['SIGTERM', 'SIGKILL'] as const)('%s in the middle leaves no process', async (signal) => {
  const { running, children, folder } = await startDemo(['--seconds', '60']);
  running.child.kill(signal);
  expect((await running.ended).code).toBe(signal === 'SIGTERM' ? 130 : null);
  if (signal === 'SIGTERM') expect(await archivesIn(folder)).toEqual([]);
  await expectNothingLeft(running, children);
});

test.each(['--port', '--ui-port', '--emulator-port'])('a taken port is told with its option %s', async (option) => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  try {
    const TMPDIR = await temporary();
    const { code, out, err } = await startCli(['demo', option, String(port)], { TMPDIR }).ended;
    expect(await archivesIn(TMPDIR)).toEqual([]);
    expect({ code, out, err }).toEqual({
      code: 1,
      out: '',
      err: `error: port ${port} is taken; give another with ${option}\n`,
    });
  } finally {
    holder.close();
  }
});

test('the server that TEMPORAL_ADDRESS names is used, on queues of its own, and left alone', async () => {
  const { address } = inject('temporal');
  const env = { TEMPORAL_ADDRESS: address, AIDGE_ENDPOINT: 'https://api.example', AIDGE_APP_KEY: 'real' };
  const archive = join(await temporary(), 'new', 'folder');
  const args = ['demo', '--tasks', '1', '--seconds', '1', '--archive', archive, '--json'];
  const { code, out, err } = await startCli(args, env).ended;
  expect({ code, err }).toMatchObject({ code: 0 });
  expect(err).toContain(`Temporal ${address} (TEMPORAL_ADDRESS)`);
  const { images } = JSON.parse(out);
  for (const { archived } of images) expect(archived.location).toContain(pathToFileURL(archive).href);
  expect(await readdir(archive)).toEqual(
    expect.arrayContaining([images[0].taskId, expect.stringMatching(/^demo-.*html$/)]),
  );
});
