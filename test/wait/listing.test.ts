import { describe, expect, test } from 'vitest';
import { check } from '../../src/check.js';
import {
  limits,
  type TryOnError,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnImage,
  type TryOnJobEvent,
  type TryOnJobEventResult,
  type TryOnListingInput,
  TryOnListingInputSchema,
  type TryOnOutcome,
} from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { emptyInbox, receive } from '../../src/wait/inbox.js';
import { type InboxJob, receiveJobEvent } from '../../src/wait/job-inbox.js';
import {
  addTask,
  beginListing,
  canContinueListingAsNew,
  hasEnded,
  hasTask,
  isComplete,
  isFull,
  isRequestTooMuch,
  keyOf,
  type ListingState,
  listingResult,
  listingStatus,
  placeOf,
  waitTimeoutSeconds,
  withoutRequest,
} from '../../src/wait/listing.js';
import { anImage } from '../support/replies.js';
import { expectValid } from '../support/schemas.js';
import { startMs } from '../support/simulate.js';

const listingOf = (taskIds: readonly string[], more: Partial<TryOnListingInput> = {}): ListingState =>
  beginListing({ listingId: 'l-1', tasks: taskIds.map((taskId) => ({ taskId })), ...more }, startMs);

const take = (listing: ListingState, event: TryOnEvent): ListingState => ({
  ...listing,
  inbox: receive(listing.inbox, event).inbox,
});
const error: TryOnError = { layer: 'task', code: 'failed', message: 'no person in the picture' };

/** A task's outcome arrives, with images by name. */
function ended(
  listing: ListingState,
  taskId: string,
  status: TryOnEventOutcome['status'],
  images: readonly (string | TryOnImage)[] = [],
  more: Partial<TryOnEventOutcome> = {},
): ListingState {
  const outcome: TryOnEventOutcome = {
    taskId,
    status,
    images: images.map((image) => (typeof image === 'string' ? anImage(image) : image)),
    subTasks: [{ index: 0, status: 'finished', imageCount: images.length }],
    polls: 4,
    submittedAt: '2026-01-31T12:00:00.000Z',
    finishedAt: '2026-01-31T12:01:00.000Z',
    account: 'default',
    api: 'tryon',
    timing: {},
    ...(status === 'failed' ? { error } : {}),
    ...more,
  };
  return take(listing, { kind: 'outcome', taskId, waitId: `run of ${taskId}`, sequence: 9, outcome });
}
const partly = (listing: ListingState, taskId: string, ...names: string[]): ListingState =>
  take(listing, {
    kind: 'images',
    taskId,
    waitId: `run of ${taskId}`,
    sequence: 1,
    images: names.map((name) => anImage(name)),
  });

const resultOf = (listing: ListingState) => {
  const result = listingResult(listing, startMs + 90_000);
  expectValid('TryOnListingResult', result);
  return result;
};

describe('the status of a result', () => {
  const two = (more: Partial<TryOnListingInput> = {}) => listingOf(['t-1', 't-2'], more);

  test.each<[string, ListingState, string]>([
    ['every task finished', ended(ended(two(), 't-1', 'finished', ['a']), 't-2', 'finished', ['b']), 'complete'],
    ['one partial', ended(ended(two(), 't-1', 'finished', ['a']), 't-2', 'partial', ['b']), 'incomplete'],
    ['one failed', ended(ended(two(), 't-1', 'finished', ['a']), 't-2', 'failed'), 'incomplete'],
    ['one cancelled', ended(ended(two(), 't-1', 'finished', ['a']), 't-2', 'cancelled'), 'incomplete'],
    ['one timed out', ended(two(), 't-1', 'finished', ['a']), 'incomplete'],
    ['images of tasks that have not ended', partly(two(), 't-1', 'a'), 'incomplete'],
    ['all failed', ended(ended(two(), 't-1', 'failed'), 't-2', 'notFound', [], { error }), 'failed'],
    ['nothing came', two(), 'failed'],
    ['no task', listingOf([]), 'failed'],
    ['enough images, nothing else counts', ended(two({ minimumImages: 2 }), 't-1', 'partial', ['a', 'b']), 'complete'],
    ['enough images of tasks that run', partly(two({ minimumImages: 1 }), 't-1', 'a'), 'complete'],
    [
      'every task finished, too few images',
      ended(ended(two({ minimumImages: 3 }), 't-1', 'finished', ['a']), 't-2', 'finished', ['b']),
      'incomplete',
    ],
    ['none of the images wanted', ended(ended(two({ minimumImages: 3 }), 't-1', 'failed'), 't-2', 'failed'), 'failed'],
  ])('%s', (_name, listing, status) => {
    expect(resultOf(listing).status).toBe(status);
    const state = listingStatus(listing, true);
    expectValid('TryOnListingStatus', state);
    expect(state.state).toBe(status);
    expect(listingStatus(listing, false).state).toBe('waiting');
    expect(listingStatus({ ...listing, isCancelled: true }, true).state).toBe('cancelled');
  });
});

describe('a listing', () => {
  test('is complete when it has a task and all have ended', () => {
    expect(isComplete(listingOf([]))).toBe(false);
    expect(isComplete(listingOf(['t-1']))).toBe(false);
    expect(isComplete(ended(listingOf(['t-1']), 't-1', 'notFound', [], { error }))).toBe(true);
    expect(isComplete(ended(listingOf(['t-1', 't-2']), 't-1', 'finished', ['a']))).toBe(false);
  });
  test('keeps images by garment and task, in the order of its tasks', () => {
    const tasks = [{ taskId: 't-1', garmentId: 'shirt' }, { taskId: 't-2' }];
    const listing = ended(ended(listingOf([], { tasks }), 't-2', 'finished', ['b']), 't-1', 'finished', ['a']);
    expect(resultOf(listing).images).toEqual([
      { ...anImage('a'), taskId: 't-1', garmentId: 'shirt' },
      { ...anImage('b'), taskId: 't-2' },
    ]);
    expect(listingStatus(listing, false).tasks).toEqual([
      { taskId: 't-1', garmentId: 'shirt', state: 'finished', imageCount: 1 },
      { taskId: 't-2', state: 'finished', imageCount: 1 },
    ]);
  });
  test('tells outcomes without their images', () => {
    const [outcome] = resultOf(ended(listingOf(['t-1']), 't-1', 'failed')).outcomes;
    expect(outcome).toMatchObject({ taskId: 't-1', status: 'failed', error, polls: 4 });
    expect(outcome).not.toHaveProperty('images');
  });
  test('tells a task that has not ended as a timeout, with its shortfall', () => {
    const tasks = [{ taskId: 't-1', submittedAt: '2026-01-31T19:00:00+08:00', expectedImages: 3 }];
    const [outcome] = resultOf(partly(listingOf([], { tasks, account: 'eu' }), 't-1', 'a')).outcomes;
    expect(outcome).toEqual({
      taskId: 't-1',
      status: 'timeout',
      subTasks: [],
      shortfall: 2,
      polls: 0,
      submittedAt: '2026-01-31T11:00:00.000Z',
      finishedAt: '2026-01-31T12:01:30.000Z',
      account: 'eu',
      api: 'tryon',
      timing: {},
    });
  });
  test('tells why a wait could not be started', () => {
    const listing = { ...listingOf(['t-1']), unstarted: { 't-1': 'no such namespace' } };
    expect(resultOf(listing).outcomes[0]?.error).toMatchObject({ message: 'no such namespace' });
  });
  test('takes a new task once, up to 500', () => {
    const one = addTask(listingOf(['t-1']), { taskId: 't-1', garmentId: 'other' });
    expect(one.tasks).toEqual([{ taskId: 't-1' }]);
    expect(hasTask(addTask(one, { taskId: 't-2' }), { taskId: 't-2' })).toBe(true);
    const ids = Array.from({ length: limits.listingTasks }, (_none, index) => `t-${index}`);
    expect([isFull(listingOf(ids.slice(1))), isFull(listingOf(ids))]).toEqual([false, true]);
  });
});

describe('a task with the name of an inherited key', () => {
  test.each(['__proto__', 'constructor', 'toString'])('%s, also after JSON', (taskId) => {
    const fresh = listingOf([taskId]);
    for (const listing of [fresh, JSON.parse(JSON.stringify(fresh)) as ListingState]) {
      expect(hasEnded(listing, { taskId })).toBe(false);
      expect(listingStatus(listing, false).tasks).toEqual([{ taskId, state: 'waiting', imageCount: 0 }]);
      expect(resultOf(listing).outcomes[0]).not.toHaveProperty('error');
      const over = ended(listing, taskId, 'finished', ['a']);
      for (const known of [over, JSON.parse(JSON.stringify(over)) as ListingState]) {
        expect(isComplete(known)).toBe(true);
        expect(resultOf(known).status).toBe('complete');
      }
    }
  });
});

describe('how long the waits of a listing may take', () => {
  test.each([
    ['an hour: 5 s less', 3_600, 0, 3_595],
    ['20 s: a tenth less', 20, 0, 18],
    ['the last second: still one', 10, 9_500, 1],
    ['after the deadline: one', 10, 20_000, 1],
  ])('%s', (_name, timeoutSeconds, elapsedMs, expected) => {
    expect(waitTimeoutSeconds(listingOf([], { timeoutSeconds }), startMs + elapsedMs)).toBe(expected);
  });
});

describe('results too large for one payload', () => {
  const manyImages = (task: number, count: number) =>
    Array.from({ length: count }, (_none, index) => anImage(`${task}-${index}-${'x'.repeat(200)}`));

  test('by their images: as many as fit, and how many more there are', () => {
    let listing = listingOf(['t-1', 't-2']);
    listing = ended(listing, 't-1', 'finished', manyImages(1, 4_000));
    listing = ended(listing, 't-2', 'finished', manyImages(2, 4_000));
    for (const told of [resultOf(listing), listingStatus(listing, true)]) {
      expect(jsonBytes(told)).toBeLessThanOrEqual(limits.resultBytes);
      expect(told.images.length + (told.imagesOmitted ?? 0)).toBe(8_000);
      expect(told.imagesOmitted).toBeGreaterThan(0);
    }
    expect(canContinueListingAsNew(listing)).toBe(false);
  });
  test('by their outcomes: sub-tasks and messages are told in part, no task is left out', () => {
    const ids = Array.from({ length: 500 }, (_none, index) => `t-${index}`);
    const subTasks = Array.from(
      { length: 200 },
      (_none, index) => ({ index, status: 'failed', imageCount: 0 }) as const,
    );
    const message = '\ud83d\ude00'.repeat(1_000);
    const listing = ids.reduce(
      (state, id) => ended(state, id, 'failed', [], { subTasks, error: { ...error, message } }),
      listingOf(ids),
    );
    const result = resultOf(listing);
    expect(jsonBytes(result)).toBeLessThanOrEqual(limits.resultBytes);
    expect(result.outcomes.map((outcome) => outcome.taskId)).toEqual(ids);
    expect(result.outcomes[499]?.error?.message).not.toBe('');
  });
  test('what fits is told whole', () => {
    const subTasks = Array.from(
      { length: 200 },
      (_none, index) => ({ index, status: 'failed', imageCount: 0 }) as const,
    );
    expect(resultOf(ended(listingOf(['t-1']), 't-1', 'failed', [], { subTasks })).outcomes[0]?.subTasks).toEqual(
      subTasks,
    );
  });
});

test('a listing begins with the defaults of the contract', () => {
  expect(listingOf(['t-1'])).toMatchObject({
    account: 'default',
    deadlineMs: startMs + 3_600_000,
    inbox: emptyInbox(),
  });
});

describe('a large outcome that somebody made up', () => {
  test.each<[string, object]>([
    ['without sub-tasks', { subTasks: undefined }],
    ['whose sub-tasks are no list', { subTasks: 'x' }],
    ['whose error has no message', { error: {} }],
  ])('%s does not keep the listing from ending', (_name, more) => {
    const listing = ended(listingOf(['t-1']), 't-1', 'failed', [], { api: 'x'.repeat(1_100_000), ...more } as object);
    expect(listingResult(listing, startMs).status).toBe('failed');
  });
});

describe('a task belongs to', () => {
  test.each([
    [{}, {}, { account: 'default' }],
    [{ account: 'shop' }, {}, { account: 'shop' }],
    [{ account: 'shop' }, { api: 'tryon-pro' }, { account: 'shop', api: 'tryon-pro' }],
    [{ account: 'shop' }, { api: 'dashscope' }, { account: 'dashscope', api: 'dashscope' }],
    [{ api: 'dashscope' }, {}, { account: 'dashscope', api: 'dashscope' }],
    [{ api: 'dashscope', account: 'eu-shop' }, {}, { account: 'eu-shop', api: 'dashscope' }],
    [{ api: 'dashscope', account: 'eu-shop' }, { api: 'tryon' }, { account: 'default' }],
    [{ api: 'dashscope' }, { api: 'fashn' }, { account: 'fashn', api: 'fashn' }],
  ] as const)('listing %j, task %j: %j', (more, task, place) => {
    expect(placeOf(listingOf(['a'], more), task)).toEqual(place);
  });

  test('the account that its outcome names where no wait gave one', () => {
    const listing = addTask(listingOf(['a'], { account: 'shop' }), { taskId: 'b', api: 'fashn' });
    expect(resultOf(listing).outcomes).toMatchObject([
      { taskId: 'a', account: 'shop', api: 'tryon' },
      { taskId: 'b', account: 'fashn', api: 'fashn' },
    ]);
  });
});

describe('a task by request', () => {
  const request = { clothesList: [] };
  const mixed = (more: Partial<TryOnListingInput> = {}): ListingState =>
    beginListing(
      { listingId: 'l-1', tasks: [{ taskId: 't-1' }, { requestId: 'r-1', request, garmentId: 'coat' }], ...more },
      startMs,
    );
  const job = (listing: ListingState, event: object): ListingState => ({
    ...listing,
    jobs: receiveJobEvent(listing.jobs ?? emptyInbox<InboxJob>(), {
      requestId: 'r-1',
      waitId: 'job run',
      sequence: 1,
      ...event,
    } as TryOnJobEvent).inbox,
  });
  const jobEnded = (listing: ListingState, more: Partial<TryOnJobEventResult>): ListingState => {
    const { taskId: _taskId, ...rest } = listingResult(listingOf(['x']), startMs).outcomes[0] as TryOnOutcome;
    const outcome = { ...rest, requestId: 'r-1', status: 'finished', images: [], ...more };
    return job(listing, { kind: 'outcome', sequence: 9, outcome });
  };
  const done = ended(mixed(), 't-1', 'finished', ['a']);
  const taskOf = (listing: ListingState) => {
    const status = listingStatus(listing, false);
    expectValid('TryOnListingStatus', status);
    return status.tasks[1];
  };

  test('has its request id always, and its task id once that is known', () => {
    expect(taskOf(mixed())).toEqual({ requestId: 'r-1', garmentId: 'coat', state: 'submitting', imageCount: 0 });
    const submitted = job(mixed(), { kind: 'submitted', taskId: 't-2' });
    expect(taskOf(submitted)).toMatchObject({ requestId: 'r-1', taskId: 't-2', state: 'waiting' });
  });

  test.each<[string, Partial<TryOnJobEventResult>, string]>([
    ['finished', { status: 'finished', taskId: 't-2', images: [anImage('b')] }, 'complete'],
    ['rejected', { status: 'rejected', error }, 'incomplete'],
    ['unresolved', { status: 'unresolved', error }, 'incomplete'],
    ['cancelled', { status: 'cancelled' }, 'incomplete'],
  ])('%s: the listing is told so', (status, more, wanted) => {
    const listing = jobEnded(done, more);
    expect(isComplete(listing)).toBe(true);
    const result = resultOf(listing);
    expect(result).toMatchObject({ status: wanted, outcomes: [{ taskId: 't-1' }, { requestId: 'r-1', status }] });
    expect(result.outcomes[1]).not.toHaveProperty('images');
    expect(result.outcomes[0]).not.toHaveProperty('requestId');
  });

  test('its images have the request id, the task id and where they are archived', () => {
    const archived = { location: 'file:///a/b.png', sha256: 'a'.repeat(64), bytes: 3, contentType: 'image/png' };
    const images = [{ ...anImage('b'), archived }];
    const listing = jobEnded(done, { taskId: 't-2', images });
    expect(resultOf(listing).images[1]).toEqual({
      ...images[0],
      requestId: 'r-1',
      taskId: 't-2',
      garmentId: 'coat',
    });
  });

  test.each<[string, ListingState, object]>([
    ['of which nothing came', done, { requestId: 'r-1', status: 'timeout' }],
    ['that waits', job(done, { kind: 'submitted', taskId: 't-2' }), { taskId: 't-2', status: 'timeout' }],
    ['that may be submitted', job(done, { kind: 'maybeSubmitted', error }), { status: 'unresolved', error }],
    [
      'that could not be started',
      { ...done, unstarted: { 'request r-1': 'no such namespace' } },
      { status: 'timeout', error: { code: 'NoWorker', message: 'no such namespace' } },
    ],
  ])('%s ends with the listing', (_name, listing, wanted) => {
    expect(isComplete(listing)).toBe(false);
    expect(resultOf(listing).outcomes[1]).toMatchObject(wanted);
  });

  test('keeps its request until its job has it, and no longer', () => {
    const listing = withoutRequest(mixed(), 'r-1');
    expect(listing.tasks).toEqual([{ taskId: 't-1' }, { requestId: 'r-1', garmentId: 'coat' }]);
    expect(addTask(listing, { requestId: 'r-1', request }).tasks).toHaveLength(2);
  });

  test('is no task of the same name', () => {
    const listing = beginListing({ listingId: 'l', tasks: [{ taskId: 'x' }, { requestId: 'x', request }] }, startMs);
    const over = ended(listing, 'x', 'finished', ['a']);
    expect(over.tasks.map((task) => hasEnded(over, task))).toEqual([true, false]);
    expect(new Set(listing.tasks.map(keyOf)).size).toBe(2);
  });

  test('is refused while the requests that have not started take too much room', () => {
    const big = { requestId: 'big', request: { text: 'x'.repeat(200 * 1024) } };
    let listing = mixed();
    for (let index = 0; index < 6; index++) listing = addTask(listing, { ...big, requestId: `big-${index}` });
    expect(isRequestTooMuch(listing, big)).toBe(true);
    expect(isRequestTooMuch(withoutRequest(listing, 'big-0'), big)).toBe(false);
  });
});

describe('input with requests', () => {
  const request = { a: 1 };
  const problemsOf = (tasks: unknown[]): readonly string[] => {
    const checked = check(TryOnListingInputSchema, { listingId: 'l', tasks });
    return checked.ok ? [] : checked.problems;
  };
  test.each<[string, unknown[], RegExp | undefined]>([
    [
      'a mixture',
      [{ taskId: 'x' }, { requestId: 'x', request }, { requestId: 'y', request, api: 'tryon-pro' }],
      undefined,
    ],
    ['neither', [{}], /give either taskId, or requestId and request/],
    ['both', [{ taskId: 'x', requestId: 'x', request }], /give either/],
    ['a request without an id', [{ request }], /give either/],
    ['an id without a request', [{ requestId: 'x' }], /give either/],
    [
      'the same request id twice',
      [
        { requestId: 'x', request },
        { requestId: 'x', request },
      ],
      /give each requestId once/,
    ],
    ['the same task id twice', [{ taskId: 'x' }, { taskId: 'x' }], /give each taskId once/],
    [
      'a time of submission',
      [{ requestId: 'x', request, submittedAt: '2026-01-31T12:00:00Z' }],
      /give submittedAt with a taskId alone/,
    ],
    ['an unknown field', [{ requestId: 'x', requst: request }], /tasks\.0\.requst is not a known field/],
    ['a request of a text', [{ requestId: 'x', request: 'text' }], /request is "text"; give an object/],
  ])('%s', (_name, tasks, wanted) => {
    const problems = problemsOf(tasks).join('\n');
    if (wanted === undefined) expect(problems).toBe('');
    else expect(problems).toMatch(wanted);
  });
  test('of more than fits is refused, and the limit is named', () => {
    const tasks = (count: number) =>
      Array.from({ length: count }, (_none, index) => ({
        requestId: `r-${index}`,
        request: { text: 'x'.repeat(250 * 1024) },
      }));
    expect(problemsOf(tasks(5))).toEqual([]);
    expect(problemsOf(tasks(6)).join('\n')).toMatch(/give at most 1280 KiB of JSON in all requests together/);
  });
});
