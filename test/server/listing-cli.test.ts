import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { listingWorkflowId } from '../../src/contract.js';
import { runCli, startCli } from '../cli/run-cli.js';
import { aRequest } from '../support/jobs.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';

let stack: Stack;
let env: NodeJS.ProcessEnv;
let folder: string;
const script = [{ polls: 1, task: { state: 'running' } }, { task: { state: 'finished' } }] as const;
beforeAll(async () => {
  const { address } = inject('temporal');
  folder = await mkdtemp(join(tmpdir(), 'tryon-listing-cli-'));
  const archive = { TRYON_ARCHIVE: `file://${folder}/images`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' };
  stack = await startStack({ address, env: archive, emulator: { script } });
  env = { ...workerEnv(stack.emulator, stack.taskQueue), TEMPORAL_ADDRESS: address };
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const listing = (listingId: string, ...more: string[]) => [
  'listing',
  '--file',
  '-',
  '--listing-id',
  listingId,
  ...more,
];
const quoted = (value: unknown): string => `"${JSON.stringify(value).replaceAll('"', '""')}"`;
const csvOf = (requestId: string, taskId: string): string =>
  `garmentId,requestId,request,taskId\ncoat,${requestId},${quoted(aRequest)},\nhat,,,${taskId}\n`;

test('listing starts what a CSV lists, shows its progress, and joined again pays nothing', async () => {
  const [listingId, requestId] = [randomUUID(), randomUUID()];
  const taskId = stack.emulator.addTask({ script });
  const before = stack.emulator.stats.submits;
  const { code, out, err } = await runCli(listing(listingId), env, csvOf(requestId, taskId));
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringContaining('complete: ') });
  expect(err).toMatch(/tasks [012]\/2 /);
  expect(err).toContain(`submitted coat as task ${stack.emulator.submits.at(-1)?.taskId}\n`);
  expect(
    new Set(
      out
        .trim()
        .split('\n')
        .map((line) => line.split(',')[0]),
    ),
  ).toEqual(new Set(['coat', 'hat']));
  const again = await runCli(listing(listingId, '--json'), env, csvOf(requestId, taskId));
  expect(again.code).toBe(0);
  expect(JSON.parse(again.out)).toMatchObject({ listingId, status: 'complete', outcomes: [{ requestId }, { taskId }] });
  expect(stack.emulator.stats.submits).toBe(before + 1);
});

test('listing --api is for the tasks that name no API of their own', async () => {
  const ids = [randomUUID(), randomUUID()];
  const [own, ofListing] = ids.map((requestId) => ({ requestId, request: [aRequest] }));
  const tasks = JSON.stringify([{ ...own, api: 'tryon' }, ofListing]);
  const { code, out, err } = await runCli(listing(randomUUID(), '--api', 'tryon-pro', '--json'), env, tasks);
  expect({ code, err }).toMatchObject({ code: 0 });
  const { outcomes } = JSON.parse(out);
  expect(outcomes).toMatchObject([{ api: 'tryon' }, { api: 'tryon-pro' }]);
  // The vendor's word for it.
  expect(outcomes.map(({ taskId }: { taskId: string }) => stack.emulator.task(taskId)?.api)).toEqual([
    ...['tryon', 'tryon-pro'],
  ]);
});

test('listing ends with 3 where a request is refused, and names it', async () => {
  const requestId = randomUUID();
  const file = join(folder, 'tasks.json');
  await writeFile(
    file,
    JSON.stringify({ listingId: randomUUID(), tasks: [{ requestId, request: { clothesList: [] } }] }),
  );
  const { code, err } = await runCli(['listing', '--file', file], env);
  expect(code).toBe(3);
  expect(err).toContain(`request ${requestId}: rejected, service 700`);
});

test('listing refuses wrong rows together, before anything starts', async () => {
  const listingId = randomUUID();
  const csv = `taskId,expectedImages\n1900,4\n,3\n1901,none\n`;
  const { code, out, err } = await runCli(listing(listingId), env, csv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(/line 3: .*give either taskId, or requestId and request\n.*line 4: expectedImages is "none"/);
  await expect(stack.client.workflow.getHandle(listingWorkflowId(listingId)).describe()).rejects.toThrow(/not found/);
  expect((await runCli(['listing', '--file', join(folder, 'gone.csv')], env)).err).toContain('cannot be read (ENOENT)');
});

test('listing goes on after Ctrl-C, and with --detach waits for nothing; options go to the listing', async () => {
  const taskId = stack.emulator.addTask({ script: [{ task: { state: 'running' } }] });
  const tasks = JSON.stringify([{ taskId }]);
  const listingId = randomUUID();
  const started = await runCli(listing(listingId, '--detach', '--json', '--timeout-seconds', '600'), env, tasks);
  expect(JSON.parse(started.out)).toMatchObject({ listingId, workflowId: listingWorkflowId(listingId) });
  const following = startCli(listing(listingId), env, JSON.stringify([{ taskId }, { taskId: 'another' }]));
  await following.until(/the listing ran already, without 1 task of the file/);
  following.child.kill('SIGINT');
  expect(await following.ended).toMatchObject({ code: 130, err: expect.stringContaining('the listing goes on') });
  const handle = stack.client.workflow.getHandle(listingWorkflowId(listingId));
  const { status } = await handle.describe();
  expect(status.name).toBe('RUNNING');
  stack.emulator.script(taskId, [{ task: { state: 'finished' } }]);
  expect(await handle.result()).toMatchObject({ status: 'complete' });
});

test('results --html shows the archived images of a listing and of its task', async () => {
  const [listingId, requestId] = [randomUUID(), randomUUID()];
  const taskId = stack.emulator.addTask({ script });
  const { code, out } = await runCli(listing(listingId, '--json'), env, csvOf(requestId, taskId));
  expect(code).toBe(0);
  const { images, outcomes } = JSON.parse(out);
  const locations: string[] = images.flatMap(({ archived }: { archived?: { location: string } }) =>
    archived === undefined ? [] : [archived.location],
  );
  expect(locations).toHaveLength(4);
  const sheet = join(folder, 'listing.html');
  expect((await runCli(['results', '--listing', listingId, '--html', sheet], env)).err).toContain(
    'with 4 images of the archive',
  );
  const page = await readFile(sheet, 'utf8');
  for (const location of locations) expect(page).toContain(`<img src="${location}"`);
  expect(page).toContain(`request <code>${requestId}</code>`);
  // The wait of a known task has no archive.
  expect(page.match(/<img data-src="http:/g)).toHaveLength(8);
  const one = join(folder, 'task.html');
  expect((await runCli(['results', outcomes[0].taskId, '--html', one], env)).code).toBe(0);
  for (const location of locations) expect(await readFile(one, 'utf8')).toContain(`<img src="${location}"`);
});
