import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  type ArchiveErrorCode,
  jobWorkflowId,
  messages,
  type TryOnJobEvent,
  type TryOnJobInput,
  type TryOnJobResult,
  type TryOnJobStatus,
  workflowTypes,
} from '../../src/contract.js';
import type { Script } from '../../src/testing.js';
import { readWorkerSettings } from '../../src/worker/settings.js';
import { startTryOnWorkers } from '../../src/worker/start.js';
import { faultName } from '../support/fault-rows.js';
import { aRequest } from '../support/jobs.js';
import { received } from '../support/parents.js';
import { type Stack, startStack, workerEnv } from '../support/stack.js';
import { until } from '../support/until.js';

const batches: Script = [
  { polls: 1, task: { state: 'running' } },
  { polls: 1, task: { state: 'running', finishedSubTasks: 1 } },
  { task: { state: 'finished' } },
];

let stack: Stack;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tryon-archive-'));
  stack = await startStack({
    address: inject('temporal').address,
    env: { TRYON_ARCHIVE: `file://${folder}/images`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' },
    parents: true,
    emulator: { script: batches },
  });
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

const startJob = (on: Stack, input: Partial<TryOnJobInput>): Promise<WorkflowHandle> => {
  const requestId = randomUUID();
  return on.client.workflow.start(workflowTypes.job, {
    taskQueue: on.taskQueue,
    workflowId: jobWorkflowId(requestId),
    args: [{ requestId, ...input }],
  });
};
const start = (input: Partial<TryOnJobInput>) => startJob(stack, input);
const task = (script: Script) => stack.emulator.addTask({ subTasks: 1, script });
const resultOf = async (handle: WorkflowHandle) => (await handle.result()) as TryOnJobResult;
const statusOf = (handle: WorkflowHandle) => handle.query<TryOnJobStatus>(messages.jobStatus);

const refused: readonly (readonly [number, string, ArchiveErrorCode])[] = [
  [56, 'image-html', 'NotAnImage'],
  [56, 'image-pixel-bomb', 'TooLarge'],
  [56, 'image-huge', 'TooLarge'],
  [56, 'image-gzip-bomb', 'TooLarge'],
  [53, 'image-redirect-metadata', 'Forbidden'],
  [54, 'image-redirect-file', 'Forbidden'],
  [53, 'metadata-urls', 'Forbidden'],
  [54, 'file-urls', 'Forbidden'],
];

async function expectArchived(behaviour: string): Promise<void> {
  const { status, images } = await resultOf(await start({ taskId: task(behaviour) }));
  expect([status, images.length]).toEqual(['finished', 4]);
  expect(images.filter(({ archived }) => archived === undefined)).toEqual([]);
}

describe.concurrent('a job with an archive', () => {
  test('stores each image as its batch comes, and says where', async () => {
    const recorder = await stack.parent('recorder', `recorder-${randomUUID()}`);
    const handle = await start({ request: [aRequest, aRequest], notify: [{ workflowId: recorder.workflowId }] });
    const result = await resultOf(handle);
    expect(result).toMatchObject({ status: 'finished', images: { length: 8 } });
    for (const { id, archived } of result.images) {
      expect(archived?.location).toBe(`file://${folder}/images/${result.taskId}/${id}.png`);
      const bytes = await readFile(fileURLToPath(archived?.location ?? ''));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(archived?.sha256);
      expect(archived).toMatchObject({ contentType: 'image/png', width: 96, height: 128, bytes: bytes.length });
    }
    expect(await readdir(join(folder, 'images', result.taskId ?? ''))).toHaveLength(8);
    const events = (await recorder.query(received)) as unknown as TryOnJobEvent[];
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ kind }) => kind)).toEqual([
      'submitted',
      'images',
      'archived',
      'images',
      'archived',
      'outcome',
    ]);
    const images = events.flatMap((event) => (event.kind === 'archived' ? event.images : []));
    expect(images).toEqual(result.images);
    await recorder.signal('stop');
  });

  test('has 45 events at most, undisturbed and with 8 images in two batches, the end of its wait not counted', async () => {
    const handle = await start({ request: [aRequest, aRequest] });
    expect(await resultOf(handle)).toMatchObject({ status: 'finished', images: { length: 8 } });
    const types = await stack.history(handle.workflowId);
    expect(types.filter((type) => type.startsWith('activityTaskScheduled'))).toHaveLength(3);
    expect(types.filter((type) => type.startsWith('upsert'))).toHaveLength(2);
    // The wait ends while the last batch is archived: that is an event, and a workflow task unless something else comes at the same time.
    const end = types.findIndex((type) => type.startsWith('childWorkflowExecutionCompleted'));
    const ofEnd =
      end < 0 ? 0 : 1 + types.slice(end + 1, end + 4).filter((type) => type.startsWith('workflowTask')).length;
    expect(types.length - ofEnd).toBeLessThanOrEqual(45);
  });

  test(faultName(52, 'it is signed anew by one more poll'), async () => {
    const taskId = task([{ polls: 1, task: { state: 'finished', urls: 'expired' } }, { task: { state: 'finished' } }]);
    const result = await resultOf(await start({ taskId }));
    expect(result.images).toHaveLength(4);
    for (const { archived, imageUrl } of result.images) {
      expect(archived?.location).toContain(taskId);
      // The newest address that the vendor gave.
      expect(Number(new URL(imageUrl).searchParams.get('Expires'))).toBeGreaterThan(Date.now() / 1000);
    }
    expect(stack.emulator.queries.filter((query) => query.taskId === taskId)).toHaveLength(2);
  });

  test(faultName(52, 'one that is expired when signed anew too is given up, which changes no status'), async () => {
    const taskId = task('expired-urls');
    expect(await resultOf(await start({ taskId }))).toMatchObject({
      status: 'finished',
      images: Array(4).fill({ archiveError: { layer: 'archive', code: 'Expired', message: expect.any(String) } }),
    });
    expect(stack.emulator.queries.filter((query) => query.taskId === taskId)).toHaveLength(2);
  });

  test.each(['image-cut-once', 'image-unavailable-once'])(faultName(57, 'all images of %s come'), async (behaviour) => {
    await expectArchived(behaviour);
  });

  test.each(['image-redirect', 'image-wrong-type', 'image-compressed'])(
    'of a task with %s has all images archived',
    async (behaviour) => {
      await expectArchived(behaviour);
    },
  );

  for (const [number, behaviour, code] of refused) {
    test(faultName(number, `a task with ${behaviour} is finished, with the archive error ${code}`), async () => {
      const { status, images } = await resultOf(await start({ taskId: task(behaviour) }));
      expect([status, ...images.map(({ archiveError }) => archiveError?.code)]).toEqual([
        'finished',
        ...Array(4).fill(code),
      ]);
      expect(images.filter(({ archived }) => archived !== undefined)).toEqual([]);
    });
  }

  test('whose input says no archives nothing', async () => {
    const taskId = task('finished');
    const { images } = await resultOf(await start({ taskId, archive: false }));
    expect(images.every(({ archived, archiveError }) => archived === undefined && archiveError === undefined)).toBe(
      true,
    );
    await expect(readdir(join(folder, 'images', taskId))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('waits out a store that fails, and can be cancelled meanwhile', async () => {
    const place = join(folder, 'broken');
    await writeFile(place, 'in the way of the folder');
    const other = await startStack({
      address: inject('temporal').address,
      env: { TRYON_ARCHIVE: `file://${place}`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' },
    });
    try {
      const [taskId, second] = [0, 1].map(() => other.emulator.addTask({ subTasks: 1, script: 'finished' }));
      const [waiting, cancelled] = await Promise.all([
        startJob(other, { taskId: taskId ?? '' }),
        startJob(other, { taskId: second ?? '' }),
      ]);
      await until(async () => (await statusOf(waiting)).state === 'archiving');
      await until(async () => (await statusOf(cancelled)).state === 'archiving');
      // Its images can be used all the same.
      expect((await statusOf(cancelled)).images).toHaveLength(4);
      await cancelled.cancel();
      await expect(cancelled.result()).rejects.toThrow();
      await rm(place);
      const { images } = await resultOf(waiting);
      expect(images.every(({ archived }) => archived !== undefined)).toBe(true);
    } finally {
      await other.stop();
    }
  });

  test('leaves no signed address in a key, and none in its history but those of its images', async () => {
    const handle = await start({ taskId: task('image-gone') });
    await handle.result();
    const { events } = await handle.fetchHistory();
    const texts = (events ?? []).map((event) => Buffer.from(JSON.stringify(event)).toString());
    const failures = texts.filter((text) => /Failed|TimedOut/.test(text));
    expect(failures.join()).not.toMatch(/Signature=/);
  });
});

test('workers without a store archive nothing; a job that asks for it waits for one that has a store', async () => {
  const address = inject('temporal').address;
  const plain = await startStack({ address });
  const connection = await NativeConnection.connect({ address });
  try {
    const [taskId = '', second = ''] = [0, 1].map(() => plain.emulator.addTask({ subTasks: 1, script: 'finished' }));
    const { images } = await resultOf(await startJob(plain, { taskId }));
    expect(images.map(({ archived, archiveError }) => archived ?? archiveError)).toEqual(Array(4).fill(undefined));

    const asking = await startJob(plain, { taskId: second, archive: true });
    await until(async () => (await statusOf(asking)).state === 'archiving');
    const env = { TRYON_ARCHIVE: `file://${folder}/later`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' };
    const read = readWorkerSettings({ ...workerEnv(plain.emulator, plain.taskQueue), ...env });
    if (!read.ok) throw new Error(read.problems.join());
    const workers = await startTryOnWorkers(read.settings, { connection, namespace: 'default' });
    try {
      const { images: archived } = await resultOf(asking);
      expect(archived.map((image) => image.archived?.location.startsWith(`file://${folder}/later/`))).toEqual(
        Array(4).fill(true),
      );
    } finally {
      workers.shutdown();
      await workers.run;
    }
  } finally {
    await plain.stop();
    await connection.close();
  }
});
