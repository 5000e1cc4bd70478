/** What the largest inputs of workflows cost in CPU time: one caller must not hold up the waits of others on the same worker. */
import { describe, expect, test } from 'vitest';
import { check } from '../../src/check.js';
import {
  ListingTaskSchema,
  limits,
  SubscriberSchema,
  TryOnListingInputSchema,
  TryOnResultsInputSchema,
} from '../../src/contract.js';
import { describeListing, describeWait } from '../../src/wait/describe.js';
import { emptyInbox, receive } from '../../src/wait/inbox.js';
import {
  addTask,
  beginListing,
  canContinueListingAsNew,
  isComplete,
  type ListingState,
  listingResult,
  listingStatus,
  listingSummary,
} from '../../src/wait/listing.js';
import { pollInput } from '../../src/wait/poll-input.js';
import {
  applyReport,
  beginWait,
  canContinueAsNew,
  endWait,
  subscribe,
  unsubscribe,
  warn,
} from '../../src/wait/wait.js';
import { snapshotsFor, statusOf } from '../../src/wait/wait-report.js';
import { faultName } from '../support/fault-rows.js';

/** The least of some runs: what else the machine does in this process, such as collecting garbage, is not what is measured. */
function cpuMs(work: () => unknown): number {
  const runs = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
}

const long = (index: number, characters: number): string => `${index}-`.padEnd(characters, '\u00e9');
const taskId = (index: number): string => `${index}-`.padEnd(limits.taskIdLength, 'x');
const start = { waitId: 'w', nowMs: 0, api: 'tryon' };
const notify = Array.from({ length: limits.notified }, (_none, index) => ({
  workflowId: long(index, 1_000),
  runId: `${index}`.padEnd(200, 'r'),
  signal: long(index, 200),
  timeoutSeconds: limits.timeoutSecondsMax,
}));
const input = { taskId: taskId(0), notify, account: 'a'.repeat(40), submittedAt: '2026-01-31T12:00:00Z' };
const tasks = Array.from({ length: limits.listingTasks }, (_none, index) => ({
  taskId: taskId(index),
  garmentId: long(index, 200),
  submittedAt: '2026-01-31T12:00:00Z',
  expectedImages: 8,
}));
const listingInput = { listingId: long(0, 200), tasks };
const wait = beginWait(input, start);
const images = Array.from({ length: 2_000 }, (_none, index) => ({
  id: `${index}`.padStart(32, '0'),
  imageUrl: `https://example.com/${index}?${'q'.repeat(400)}`,
  subTask: index % 4,
}));
const reported = applyReport(wait, {
  state: { ...wait.poll, polls: 3 },
  atMs: 1_000,
  images,
}).wait;
const ended = endWait(reported, { status: 'timeout', atMs: 2_000 });
const outcome = ended.events.at(-1);

function fullListing(): ListingState {
  const listing = beginListing(listingInput, 0);
  let inbox = emptyInbox();
  for (const [index, task] of tasks.entries()) {
    const own = endWait(
      applyReport(beginWait({ taskId: task.taskId }, { ...start, waitId: `w${index}` }), {
        state: wait.poll,
        atMs: 1_000,
        images: images.slice(0, 8),
      }).wait,
      { status: 'finished', atMs: 2_000 },
    );
    for (const event of own.events) inbox = receive(inbox, event).inbox;
  }
  return { ...listing, inbox };
}
const listing = fullListing();

/** Beyond what is allowed, and refused: as large as a payload may be. */
const tooMany = {
  taskId: 't',
  notify: Array.from({ length: 40_000 }, (_none, index) => ({ workflowId: `w${index}` })),
};
const unknownInEach = { taskId: 't', notify: Array.from({ length: 40_000 }, () => ({ workflowId: 'w', runID: 'x' })) };
const twice = { listingId: 'l', tasks: Array.from({ length: 20_000 }, () => ({ taskId: 't' })) };
const wide = {
  workflowId: 'w',
  ...Object.fromEntries(Array.from({ length: 100_000 }, (_none, index) => [`k${index}`, index])),
};
const nulls = { taskId: 't', notify: Array.from({ length: 40_000 }, () => ({ workflowId: 'w', runId: null })) };
const longText = { workflowId: 'x'.repeat(2_000_000), signal: '\u0001'.repeat(1_000_000) };

const MOST_MS = 100;

describe(faultName(79, 'at its stated maximum'), () => {
  test.each<[string, () => unknown]>([
    ['a wait with 1,000 in notify is checked', () => check(TryOnResultsInputSchema, input)],
    ['a wait with 1,000 in notify begins', () => beginWait(input, start)],
    ['one more subscribes', () => subscribe(wait, { workflowId: 'one more' }, 1)],
    ['one of 1,000 leaves', () => unsubscribe(wait, { workflowId: 'nobody' })],
    ['a report of 2,000 images is taken in', () => applyReport(wait, { state: wait.poll, atMs: 1_000, images })],
    ['a wait of 2,000 images ends', () => endWait(reported, { status: 'timeout', atMs: 2_000 })],
    ['its status', () => statusOf(reported)],
    ['its snapshots', () => snapshotsFor(reported)],
    ['its snapshots after the end', () => snapshotsFor(ended.wait, outcome?.kind === 'outcome' ? outcome : undefined)],
    ['its details', () => describeWait(reported)],
    ['the input of its polls', () => pollInput(reported, { pollNow: false, nowMs: 1 })],
    ['whether it may continue as new', () => canContinueAsNew(reported)],
    ['a warning', () => warn(reported, 'x'.repeat(100_000))],
    ['a listing of 500 tasks is checked', () => check(TryOnListingInputSchema, listingInput)],
    ['a task is checked', () => check(ListingTaskSchema, tasks[0])],
    ['a listing of 500 tasks begins', () => beginListing(listingInput, 0)],
    [
      'a task is added to 499',
      () => addTask({ ...listing, tasks: tasks.slice(1) }, tasks[0] as (typeof tasks)[number]),
    ],
    ['its status', () => listingStatus(listing, false)],
    ['its details', () => describeListing(listingSummary(listing, false))],
    ['its result', () => listingResult(listing, 1)],
    ['whether it is complete', () => isComplete(listing)],
    ['whether it may continue as new', () => canContinueListingAsNew(listing)],
    [
      'an event with 1,000 images',
      () => receive(listing.inbox, { kind: 'images', taskId: 't', waitId: 'w', sequence: 1, images }),
    ],
  ])(`%s: under ${MOST_MS} ms`, (_what, work) => {
    expect(cpuMs(work)).toBeLessThan(MOST_MS);
  });
});

describe(faultName(79, 'beyond it'), () => {
  test.each<[string, () => ReturnType<typeof check>]>([
    ['40,000 in notify', () => check(TryOnResultsInputSchema, tooMany)],
    ['40,000 in notify, each with an unknown field', () => check(TryOnResultsInputSchema, unknownInEach)],
    ['40,000 in notify, each with a null', () => check(TryOnResultsInputSchema, nulls)],
    ['20,000 tasks', () => check(TryOnListingInputSchema, twice)],
    ['100,000 unknown fields', () => check(SubscriberSchema, wide)],
    ['texts of megabytes', () => check(SubscriberSchema, longText)],
  ])(`%s: under ${MOST_MS} ms`, (_what, work) => {
    expect(work().ok).toBe(false);
    expect(cpuMs(work)).toBeLessThan(MOST_MS);
  });
});
