import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';
import { runCli, startCli } from '../cli/run-cli.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';
import { openTerminal } from '../support/terminal.js';

let stack: Stack;
let env: NodeJS.ProcessEnv;
let folder: string;
beforeAll(async () => {
  const { address, otherNamespace } = inject('temporal');
  stack = await startStack({ address, namespace: otherNamespace, parents: true });
  env = {
    ...workerEnv(stack.emulator, stack.taskQueue),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: otherNamespace,
  };
  folder = await mkdtemp(join(tmpdir(), 'tryon-sheets-'));
});
afterAll(async () => {
  await stack.stop();
  await rm(folder, { recursive: true, force: true });
});

const csi = '\u001b[';
const begin = async (script: 'stuck' | 'finished' | 'invalid-app-key' | 'batches'): Promise<string> => {
  const taskId = stack.emulator.addTask({ script });
  await stack.start({ taskId });
  return taskId;
};
const cancel = async (...taskIds: string[]): Promise<void> => {
  for (const taskId of taskIds) await stack.client.workflow.getHandle(resultsWorkflowId(taskId)).cancel();
};
const row = (taskId: string, rest: string): RegExp => new RegExp(`^${taskId}\\s+${rest}`, 'm');

async function beginListing(scripts: readonly ('stuck' | 'finished' | 'service-801')[]) {
  const listingId = `l-${randomUUID()}`;
  const tasks = scripts.map((script, k) => ({
    taskId: stack.emulator.addTask({ script, imagesPerSubTask: 1 }),
    garmentId: `garment ${k}`,
  }));
  const handle = await stack.client.workflow.start(workflowTypes.listing, {
    taskQueue: stack.taskQueue,
    workflowId: `tryon-listing-${listingId}`,
    args: [{ listingId, tasks }],
  });
  return { listingId, tasks, handle };
}

describe('on a terminal', () => {
  test('watch keeps a table up to date, fits it to each size, and leaves the terminal as it was', async () => {
    const stuck = await begin('stuck');
    const blocked = await begin('invalid-app-key');
    const terminal = await openTerminal({ env, columns: 150, rows: 20 });
    await terminal.enter('echo was here');
    await terminal.enter('temporal-tryon watch --interval 0.5; echo code $?');
    await terminal.shows(row(stuck, 'waiting +0 +0/2 +running +(in \\d+ s|now|due)'));
    await terminal.shows(row(blocked, 'blocked +0 .*gateway InvalidAppKey'));
    expect(await terminal.state()).toEqual({ cursor: false, ownScreen: true });
    expect(await terminal.screen()).not.toContain('was here');

    const finished = await begin('finished');
    await terminal.shows(row(finished, 'finished +8 +2/2 +finished +ended'));

    await terminal.resize(60, 7);
    await terminal.shows(/^\d+ more; select with --state/m);
    // Whatever was drawn for the other size is gone.
    const small = await terminal.rows();
    expect(small.filter((line) => line.startsWith('waits'))).toHaveLength(1);
    expect(small[1]).toMatch(/^task +state +images/);
    await terminal.resize(150, 20);
    await terminal.shows(row(finished, 'finished +8'));

    await terminal.press('C-c');
    const after = await terminal.shows(/^code 130$/m);
    expect(after).toContain('was here');
    expect(after).not.toContain('waits:');
    expect(await terminal.state()).toEqual({ cursor: true, ownScreen: false });
    await cancel(stuck, blocked);
  });

  test('wait draws a bar by the share of similar tasks that are done, prints whole URLs above it, and takes it away', async () => {
    const taskId = stack.emulator.addTask({
      script: [{ polls: 2, task: { state: 'running', finishedSubTasks: 1 } }, { task: { state: 'finished' } }],
      imagesPerSubTask: 2,
    });
    const terminal = await openTerminal({ env, columns: 100 });
    await terminal.enter(`temporal-tryon wait ${taskId} --expected-images 4; echo code $?`);
    const [, percent] = /(\d+)% of similar tasks done {2}.*images 2\/4, sub-tasks 1\/2/.exec(
      await terminal.shows(/[█░]+ \d+% of similar tasks done {2}.*images 2\/4, sub-tasks 1\/2/),
    ) as string[];
    expect(Number(percent)).toBeLessThan(100);
    const after = await terminal.shows(/^code 0$/m);
    expect(after).not.toMatch(/[█░]/);
    expect(after.indexOf('finished: all')).toBeGreaterThan(after.lastIndexOf('http://'));
    for (const { imageUrl } of (await stack.status(taskId)).images) expect(after).toContain(imageUrl);
    expect(after).toMatch(/^finished: all sub-tasks gave images; 4 images, \d+ polls/m);
    expect(await terminal.state()).toEqual({ cursor: true, ownScreen: false });
  });

  test('Ctrl-C takes the bar of wait away and leaves the wait', async () => {
    const taskId = stack.emulator.addTask({ script: 'stuck' });
    const terminal = await openTerminal({ env });
    await terminal.enter(`temporal-tryon wait ${taskId}; echo code $?`);
    await terminal.shows(/% of similar tasks done {2}(?:next poll in \d+ s|polling now), running, 0 images, sub-tasks/);
    await terminal.press('C-c');
    const after = await terminal.shows(/^code 130$/m);
    expect(after).toContain('the wait goes on');
    expect(after).not.toMatch(/[█░]/);
    expect(await terminal.state()).toEqual({ cursor: true, ownScreen: false });
    await cancel(taskId);
  });

  test('results and list are in colour there, and NO_COLOR takes it away', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished' });
    await stack.run({ taskId });
    const terminal = await openTerminal({ env });
    await terminal.enter(`temporal-tryon results ${taskId}; echo code $?`);
    await terminal.shows(/^finished: 8 images\ncode 0$/m);
    expect(await terminal.screen({ colour: true })).toContain(`${csi}32mfinished`);
    await terminal.enter(`clear; NO_COLOR=1 temporal-tryon results ${taskId}; echo code $?`);
    await terminal.shows(/^finished: 8 images\ncode 0$/m);
    expect(await terminal.screen({ colour: true })).not.toContain(`${csi}32m`);
  });
});

describe('off a terminal', () => {
  test('watch prints a line for each change, and none for a poll that told nothing', async () => {
    const { listingId, tasks, handle } = await beginListing(['stuck', 'finished']);
    const [stuck, finished] = tasks.map(({ taskId }) => taskId) as [string, string];
    const running = startCli(['watch', '--listing', listingId, '--interval', '0.5'], env);
    await running.until(new RegExp(`${stuck} waiting: 0 images, 0/2 sub-tasks, running`));
    await running.until(new RegExp(`${finished} finished: 2 images, 2/2 sub-tasks`));
    const before = stack.emulator.task(stuck)?.polls ?? 0;
    await stack.emulator.waitForQuery(stuck, before + 1);
    running.child.kill('SIGINT');
    const { code, out, err } = await running.ended;
    expect({ code, err }).toEqual({ code: 130, err: '' });
    const signatures = out
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\S+ |, \d+ poll.*$/g, ''));
    expect(new Set(signatures).size).toBe(signatures.length);
    expect(out).not.toContain(csi);
    await handle.cancel();
  });

  test('watch --json prints a document for each change; --once prints what there is', async () => {
    const { listingId, tasks, handle } = await beginListing(['stuck', 'finished']);
    const [stuck, finished] = tasks.map(({ taskId }) => taskId) as [string, string];
    const running = startCli(['watch', '--listing', listingId, '--json', '--interval', '0.5'], env);
    await running.until(new RegExp(`"${finished}","state":"finished"`));
    running.child.kill('SIGTERM');
    const { code, out } = await running.ended;
    expect(code).toBe(130);
    for (const line of out.trim().split('\n')) expect(Object.keys(JSON.parse(line))).toContain('taskId');

    const [once, old, found] = await Promise.all([
      runCli(['watch', '--listing', listingId, '--once'], { ...env, FORCE_COLOR: '1' }),
      runCli(['watch', '--older-than-seconds', '86400', '--once'], env),
      runCli(['watch', '--state', 'finished', '--listing', listingId, '--once', '--json'], env),
    ]);
    expect(once).toMatchObject({ code: 0, err: '' });
    expect(old).toEqual({ code: 0, out: '', err: 'no such wait is running; `list` shows ended ones\n' });
    expect(once.out).toContain(`${csi}36mwaiting`);
    expect(
      found.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).taskId),
    ).toEqual([finished]);
    expect(stuck).not.toBe(finished);
    await handle.cancel();
  });

  test('subscribe has a workflow told of the outcome, and --remove takes it back', async () => {
    const taskId = await begin('stuck');
    const id = `recorder-${randomUUID()}`;
    await stack.parent('recorder', id);
    const listeners = async (): Promise<(string | undefined)[]> =>
      (await stack.status(taskId)).subscribers.map(({ workflowId }) => workflowId);
    const [added, refused] = await Promise.all([
      runCli(['subscribe', taskId, '--workflow-id', id], env),
      runCli(['subscribe', taskId, '--workflow-id', id, '--signal', '__stack_trace'], env),
    ]);
    expect(added).toMatchObject({ code: 0, err: '' });
    expect(added.out).toBe(
      `${id} (signal tryOnEvent) gets the events of task ${taskId}: waiting, 0 images so far, 1 subscriber\n`,
    );
    expect(await listeners()).toEqual([id]);
    const removed = await runCli(['subscribe', taskId, '--workflow-id', id, '--remove', '--json'], env);
    expect(removed).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(removed.out).subscribers).toEqual([]);
    expect(await listeners()).toEqual([]);
    const nobody = `nobody-${randomUUID()}`;
    const toNobody = await runCli(['subscribe', taskId, '--workflow-id', nobody], env);
    expect(toNobody).toMatchObject({ code: 0, out: expect.stringContaining(`${nobody} (signal tryOnEvent)`) });
    expect(toNobody.err).toMatch(new RegExp(`^! no workflow ${nobody} is running in `));
    expect(await listeners()).toEqual([nobody]);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toMatch(/^error: signal is "__stack_trace"; give a signal name/);
    await stack.client.workflow.getHandle(id).terminate();
    await cancel(taskId);
  });

  test('results writes a sheet of a running listing with a failed task, and never over a file unasked', async () => {
    const { listingId, tasks, handle } = await beginListing(['stuck', 'finished', 'service-801']);
    const [stuck, finished, failed] = tasks.map(({ taskId }) => taskId) as [string, string, string];
    await expect.poll(() => stack.status(failed).then(({ state }) => state), { timeout: 30_000 }).toBe('failed');
    await expect.poll(() => stack.status(finished).then(({ state }) => state), { timeout: 30_000 }).toBe('finished');
    const file = join(folder, 'sheet.html');
    const call = ['results', '--listing', listingId, '--html', file, '--json'];
    const { code, out } = await runCli(call, env);
    expect(code).toBe(0);
    const sheet = JSON.parse(out);
    expect(sheet.tasks.map((task: { taskId: string; state: string }) => [task.taskId, task.state])).toEqual([
      [stuck, 'waiting'],
      [finished, 'finished'],
      [failed, 'failed'],
    ]);
    expect(sheet.tasks[1].timeline.map(({ text }: { text: string }) => text)).toEqual(
      expect.arrayContaining([
        'wait started',
        expect.stringMatching(/^poll \d+: 2 images, finished$/),
        'ended: finished',
      ]),
    );
    const written = await readFile(file, 'utf8');
    for (const { garmentId } of tasks) expect(written).toContain(`<h2>${garmentId} `);
    expect(written).not.toMatch(/<img[^>]* src=/);
    expect(written).toContain('service 801');

    const again = await runCli(call, env);
    expect(again.code).toBe(1);
    expect(again.err).toContain(`error: ${file} exists already; give another name, or --force to overwrite it\n`);
    expect(await readFile(file, 'utf8')).toBe(written);
    const forced = await runCli([...call, '--force', '--load-images'], env);
    expect(forced.code).toBe(0);
    expect(await readFile(file, 'utf8')).toMatch(/<img src="http:\/\/127\.0\.0\.1/);
    await handle.cancel();
  });

  test('results of a task prints its addresses alone on standard output', async () => {
    const taskId = stack.emulator.addTask({ script: 'finished', imagesPerSubTask: 1 });
    const { images } = await stack.run({ taskId });
    const [{ code, out, err }, unknown] = await Promise.all([
      runCli(['results', taskId], env),
      runCli(['results', randomUUID()], env),
    ]);
    expect({ code, err }).toEqual({ code: 0, err: 'finished: 2 images\n' });
    expect(out).toBe(images.map(({ imageUrl, subTask }) => `sub-task ${subTask}  ${imageUrl}\n`).join(''));
    expect(unknown).toMatchObject({ code: 1, out: '' });
    expect(unknown.err).toMatch(/^error: there is no wait for task .*\n$/);
  });
});
