import { describe, expect, test } from 'vitest';
import type { ArchivedImage, TryOnEvent, TryOnImage, TryOnJobEvent } from '../../src/contract.js';
import { archiveBatches, archiveRecords, archiveRules, beginArchive, imagesToArchive } from '../../src/job/archive.js';
import { beginJob, closeJob, decideArchive, takeWaitEvent, withArchived } from '../../src/job/job.js';
import { imagesOf, jobStateOf, shownState } from '../../src/job/job-report.js';
import type { JobState } from '../../src/job/job-state.js';
import { nextAction } from '../../src/job/next-action.js';

const anImage = (id: string): TryOnImage => ({ id, imageUrl: `https://cdn.example/${id}?Signature=1`, subTask: 0 });
const archived: ArchivedImage = { location: 'file:///a.png', sha256: 'ab', bytes: 1, contentType: 'image/png' };
const archiveError = { layer: 'archive', code: 'Broken', message: 'cut' } as const;
const start = { waitId: 'run-1', nowMs: 0 };

function aJob(archive?: boolean): JobState {
  const input = { requestId: 'r1', taskId: 't1', ...(archive === undefined ? {} : { archive }) };
  return { ...beginJob(input, start), isWaitJoined: true };
}
const imagesEvent = (sequence: number, ...ids: string[]): TryOnEvent => ({
  ...{ kind: 'images', taskId: 't1', waitId: 'w', sequence },
  images: ids.map(anImage),
});
const outcomeEvent = (sequence: number, ...ids: string[]): TryOnEvent => ({
  ...{ kind: 'outcome', taskId: 't1', waitId: 'w', sequence },
  outcome: {
    ...{ taskId: 't1', status: 'finished', images: ids.map(anImage), subTasks: [], polls: 3 },
    ...{ submittedAt: '2026-01-01T00:00:00Z', finishedAt: '2026-01-01T00:00:10Z' },
    ...{ account: 'default', api: 'tryon', timing: {} },
  },
});
const facts = { nowMs: 10, isCancelled: false };
const kinds = (events: readonly TryOnJobEvent[]) => events.map(({ kind }) => kind);

describe('a job with an archive', () => {
  test('archives images as they come, and each once', () => {
    const { job } = takeWaitEvent(aJob(true), imagesEvent(1, 'a', 'b'), 10);
    expect(nextAction(job, facts)).toEqual({ kind: 'archive' });
    const begun = beginArchive(job, imagesToArchive(job, imagesOf(job)));
    expect(nextAction(begun, facts)).toMatchObject({ kind: 'rest' });
    const more = takeWaitEvent(begun, imagesEvent(2, 'c'), 11).job;
    expect(imagesToArchive(more, imagesOf(more)).map(({ id }) => id)).toEqual(['c']);
  });

  test('ends once all images are settled, with the status and the time of its wait', () => {
    const first = takeWaitEvent(aJob(true), outcomeEvent(1, 'a', 'b'), 10_000);
    // The images are there to be used, however long the archive takes.
    expect(kinds(first.events)).toEqual(['images']);
    expect(jobStateOf(first.job)).toBe('archiving');
    expect(shownState(first.job)).toBe('waiting');
    const begun = beginArchive(first.job, imagesOf(first.job));
    const half = withArchived(begun, { a: { archived } });
    expect(half.events).toMatchObject([{ kind: 'archived', sequence: 2, images: [{ id: 'a', archived }] }]);
    expect(nextAction(half.job, facts)).toEqual({ kind: 'rest' });
    const whole = withArchived(half.job, { b: { archiveError } });
    expect(nextAction(whole.job, facts)).toEqual({ kind: 'end', status: 'finished', leave: false });
    const { job, events } = closeJob(whole.job, { status: 'finished', atMs: 99_000 });
    expect(events).toMatchObject([
      {
        kind: 'outcome',
        outcome: {
          status: 'finished',
          finishedAt: '1970-01-01T00:00:10.000Z',
          images: [
            { id: 'a', archived },
            { id: 'b', archiveError },
          ],
        },
      },
    ]);
    expect(jobStateOf(job)).toBe('finished');
  });

  test('that is cancelled ends at once', () => {
    const { job } = takeWaitEvent(aJob(true), outcomeEvent(1, 'a'), 10);
    expect(nextAction(job, { ...facts, isCancelled: true })).toEqual({
      kind: 'end',
      status: 'cancelled',
      leave: false,
    });
    expect(kinds(closeJob(job, { status: 'cancelled', atMs: 11 }).events)).toEqual(['outcome']);
  });

  test('does not end twice, and takes nothing after its end', () => {
    const { job } = takeWaitEvent(aJob(true), outcomeEvent(1), 10);
    expect(job.end?.status).toBe('finished');
    expect(withArchived(job, { a: { archived } }).events).toEqual([]);
    expect(closeJob(job, { status: 'timeout', atMs: 12 }).events).toEqual([]);
  });

  test('whose wait gives no outcome archives what has come before it ends as timeout', () => {
    const begun = beginArchive(takeWaitEvent(aJob(true), imagesEvent(1, 'a'), 10).job, [anImage('a')]);
    const closing = closeJob(begun, { status: 'timeout', atMs: 20 });
    expect(jobStateOf(closing.job)).toBe('archiving');
    const settled = withArchived(closing.job, { a: { archived } }).job;
    expect(nextAction(settled, { nowMs: 1e9, isCancelled: false })).toMatchObject({ kind: 'end', status: 'timeout' });
  });

  test('takes nothing that an event claims of the archive', () => {
    const forged = { ...imagesEvent(1), images: [{ ...anImage('a'), archived }] } as TryOnEvent;
    const { job } = takeWaitEvent(aJob(true), forged, 10);
    expect(imagesOf(job)).toEqual([anImage('a')]);
  });

  test('has the address that the vendor signed again', () => {
    const begun = beginArchive(takeWaitEvent(aJob(true), imagesEvent(1, 'a'), 10).job, [anImage('a')]);
    const { job } = withArchived(begun, { a: { archived, imageUrl: 'https://cdn.example/a?Signature=2' } });
    expect(imagesOf(job)).toMatchObject([{ imageUrl: 'https://cdn.example/a?Signature=2', archived }]);
  });
});

describe('whether a job archives', () => {
  test.each([
    [undefined, true, true],
    [undefined, false, false],
  ])('archive %s, store %s: %s', (archive, hasStore, archives) => {
    const job = aJob(archive);
    expect(job.isArchiveUndecided).toBe(true);
    const { isArchiveUndecided, archive: records } = decideArchive(job, hasStore);
    expect([isArchiveUndecided, records !== undefined]).toEqual([undefined, archives]);
  });

  test('its input decides', () => {
    expect([aJob(true).archive, aJob(true).isArchiveUndecided]).toEqual([{}, undefined]);
    expect([aJob(false).archive, aJob(false).isArchiveUndecided]).toEqual([undefined, undefined]);
    const { job, events } = takeWaitEvent(aJob(false), outcomeEvent(1, 'a'), 10);
    expect([job.end?.status, kinds(events)]).toEqual(['finished', ['outcome']]);
  });
});

test('a batch has at most as many images and bytes as one activity takes', () => {
  const many = Array.from({ length: 450 }, (_, n) => anImage(`${n}`));
  expect(archiveBatches(many).map((one) => one.length)).toEqual([200, 200, 50]);
  const long = { ...anImage('x'), imageUrl: `https://cdn.example/${'x'.repeat(archiveRules.batchBytes / 2)}` };
  expect(archiveBatches([long, long, long]).map((one) => one.length)).toEqual([1, 1, 1]);
  expect(archiveBatches([])).toEqual([]);
});

test.each(['__proto__', 'constructor', 'toString'])('an image with the id %s is settled like any other', (id) => {
  const { job } = takeWaitEvent(aJob(true), imagesEvent(1, id), 10);
  const begun = beginArchive(job, imagesToArchive(job, imagesOf(job)));
  const { job: settled } = withArchived(begun, archiveRecords([anImage(id)], { images: {} }));
  expect(imagesOf(settled)).toMatchObject([{ id, archiveError: { code: 'StoreFailed' } }]);
});
