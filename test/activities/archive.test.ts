import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { archiveLimits, createTryOnArchive, isSettled } from '../../src/activities/archive.js';
import type { ArchiveResult } from '../../src/archive/archiver.js';
import type { ArchivedImage, ArchiveErrorCode } from '../../src/contract.js';

const archived: ArchivedImage = { location: 'file:///a.png', sha256: 'ab', bytes: 1, contentType: 'image/png' };
const done: ArchiveResult = { kind: 'archived', archived };
const failed = (code: ArchiveErrorCode, isTransient: boolean): ArchiveResult => ({
  kind: 'failed',
  error: { layer: 'archive', code, message: code },
  isTransient,
});
const input = (...ids: string[]) => ({
  taskId: 't1',
  images: ids.map((id) => ({ id, imageUrl: `https://cdn.example/${id}` })),
  giveUpAtMs: 1_000,
});

function run(results: Record<string, ArchiveResult>, info: object = {}, nowMs = 0, renders = false) {
  const archive = vi.fn(async ({ id }: { id: string }) => results[id] ?? done);
  const clock = { now: async () => nowMs, observe: vi.fn() };
  const env = new MockActivityEnvironment(info);
  const beats: unknown[] = [];
  env.on('heartbeat', (details) => beats.push(structuredClone(details)));
  const activity = createTryOnArchive({ archiver: { archive, renders }, clock } as never);
  return { archive, beats, clock, env, ended: (given = input('a', 'b', 'c')) => env.run(activity as never, given) };
}

test('a batch is archived side by side, and one that fails for good does not stop the others', async () => {
  const { ended } = run({ b: failed('Forbidden', false) });
  expect(await ended()).toEqual({
    images: {
      a: { archived },
      b: { archiveError: { layer: 'archive', code: 'Forbidden', message: 'Forbidden' } },
      c: { archived },
    },
  });
});

test('an attempt that left images fails after all others are done, and says so in its heartbeat', async () => {
  const { ended, beats } = run({ b: failed('Broken', true) }, { attempt: 3 });
  const error = await ended().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'TryOnArchiveFailed', nonRetryable: false, nextRetryDelay: 4_000 });
  expect(beats.at(-1)).toEqual({ images: { a: { archived }, c: { archived } }, tries: { b: 1 } });
});

test('a retry goes on where the attempt before was', async () => {
  const heartbeatDetails = { images: { a: { archived }, c: { archived } }, tries: { b: 1 } };
  const { ended, archive } = run({}, { heartbeatDetails });
  expect(await ended()).toEqual({ images: { a: { archived }, b: { archived }, c: { archived } } });
  expect(archive).toHaveBeenCalledTimes(1);
});

test.each([
  [1, true],
  [3, false],
])('attempt %d is certain of the server time it was due at: %s', async (attempt, isCertain) => {
  const { ended, clock } = run({}, { attempt });
  await ended();
  expect(clock.observe).toHaveBeenCalledWith(expect.any(Number), isCertain);
});

test('a download that fails each time is given up', async () => {
  const heartbeatDetails = { images: {}, tries: { a: archiveLimits.downloads - 1 } };
  const { ended } = run({ a: failed('Broken', true) }, { heartbeatDetails });
  expect(await ended(input('a'))).toMatchObject({ images: { a: { archiveError: { code: 'Broken' } } } });
});

test.each([
  ['Broken', true, 1, false, false],
  ['Broken', true, 5, false, true],
  ['Broken', false, 1, false, true],
  ['StoreFailed', true, 500, false, false],
  ['StoreFailed', true, 1, true, true],
  ['Expired', false, 1, false, true],
] as const)('%s, transient %s, after %d tries, late %s: settled %s', (code, isTransient, tries, isLate, settled) => {
  expect(isSettled(failed(code, isTransient) as never, { tries, isLate })).toBe(settled);
});

describe('where renditions are made', () => {
  const failing = { a: failed('Broken', true) };

  test('attempts whose worker died are counted, those that ended themselves are not', async () => {
    const heartbeatDetails = { images: {}, tries: {}, begun: 1 };
    const { ended, beats } = run(failing, { heartbeatDetails }, 0, true);
    await expect(ended(input('a'))).rejects.toThrow();
    expect(beats.at(0)).toMatchObject({ begun: 2 });
    expect(beats.at(-1)).toMatchObject({ begun: 0, tries: { a: 1 } });
  });

  test.each([
    [archiveLimits.lostAttempts - 1, false],
    [archiveLimits.lostAttempts, true],
  ])('after %d workers that died, images are archived without: %s', async (begun, withoutRenditions) => {
    const { ended, archive } = run({}, { heartbeatDetails: { images: {}, tries: {}, begun } }, 0, true);
    await ended(input('a'));
    expect(archive).toHaveBeenCalledWith(expect.objectContaining({ withoutRenditions }), expect.anything());
  });

  test('where none are made, no heartbeat counts', async () => {
    const { ended, beats } = run({});
    await ended(input('a'));
    expect(beats).toEqual([{ images: { a: { archived } }, tries: {} }]);
  });
});

test('when time is up, what still fails is reported as failed', async () => {
  const { ended } = run({ a: failed('StoreFailed', true) }, {}, 1_000);
  expect(await ended(input('a'))).toMatchObject({ images: { a: { archiveError: { code: 'StoreFailed' } } } });
});

test('a cancelled batch stops', async () => {
  const { ended, env } = run({});
  const never = createTryOnArchive({
    archiver: {
      archive: (_image: unknown, signal: AbortSignal) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    clock: { now: async () => 0, observe: () => undefined },
  } as never);
  const running = env.run(never as never, input('a'));
  env.cancel();
  await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  void ended;
});

test('a worker without a store fails the attempt, so that another one may do it', async () => {
  const activity = createTryOnArchive({ archiver: undefined, clock: { observe: () => undefined } } as never);
  await expect(new MockActivityEnvironment().run(activity as never, input('a'))).rejects.toThrow(/set TRYON_ARCHIVE/);
});
