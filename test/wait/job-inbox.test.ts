import { describe, expect, test } from 'vitest';
import type { TryOnError, TryOnJobEvent, TryOnJobEventResult, TryOnJobStatus } from '../../src/contract.js';
import { emptyInbox } from '../../src/wait/inbox.js';
import { type InboxJob, isOfJob, type JobInbox, jobEventProblem, receiveJobEvent } from '../../src/wait/job-inbox.js';
import { anImage } from '../support/replies.js';
import { expectValid } from '../support/schemas.js';

type Event<E = TryOnJobEvent> = E extends TryOnJobEvent ? Omit<E, 'requestId' | 'waitId' | 'sequence'> : never;

const error: TryOnError = { layer: 'transport', code: 'Timeout', message: 'no reply' };
const archived = { location: 'file:///a/b.png', sha256: 'a'.repeat(64), bytes: 3, contentType: 'image/png' };
const status = (more: Partial<TryOnJobStatus> = {}): TryOnJobStatus => ({
  requestId: 'r-1',
  state: 'waiting',
  taskId: 't-1',
  submission: { state: 'accepted', attempts: 1 },
  images: [],
  deadline: '2026-01-31T12:00:00.000Z',
  subscribers: [],
  waitId: 'w-1',
  sequence: 1,
  ...more,
});
const outcome = (more: Partial<TryOnJobEventResult> = {}): TryOnJobEventResult => ({
  requestId: 'r-1',
  taskId: 't-1',
  status: 'finished',
  images: [],
  subTasks: [],
  polls: 2,
  submittedAt: '2026-01-31T12:00:00.000Z',
  finishedAt: '2026-01-31T12:01:00.000Z',
  account: 'default',
  api: 'tryon',
  timing: {},
  ...more,
});

/** Takes events in, numbered from 1. */
function jobAfter(...events: Event[]): InboxJob | undefined {
  let inbox: JobInbox = emptyInbox<InboxJob>();
  for (const [index, event] of events.entries()) {
    const numbered = { requestId: 'r-1', waitId: 'w-1', sequence: index + 1, ...event } as TryOnJobEvent;
    expectValid('TryOnJobEvent', numbered);
    inbox = receiveJobEvent(inbox, numbered).inbox;
  }
  return inbox.tasks['r-1'];
}
const submitted: Event = { kind: 'submitted', taskId: 't-1' };

describe('what a parent knows of a job', () => {
  test.each<[string, Event[], Partial<InboxJob>]>([
    ['submitted', [submitted], { state: 'waiting', taskId: 't-1' }],
    ['maybe submitted', [{ kind: 'maybeSubmitted', error }], { state: 'maybeSubmitted', error }],
    ['blocked', [submitted, { kind: 'blocked', error, taskId: 't-1' }], { state: 'blocked', error, taskId: 't-1' }],
    [
      'a snapshot',
      [{ kind: 'snapshot', status: status({ state: 'archiving' }) }],
      { state: 'archiving', taskId: 't-1' },
    ],
    [
      'a rejected one',
      [{ kind: 'outcome', outcome: outcome({ status: 'rejected', error }) }],
      { state: 'rejected', error },
    ],
  ])('%s', (_name, events, known) => {
    expect(jobAfter(...events)).toMatchObject(known);
  });

  test('an error is over when the job goes on', () => {
    expect(jobAfter({ kind: 'maybeSubmitted', error }, submitted)).not.toHaveProperty('error');
    expect(jobAfter(submitted, { kind: 'blocked', error }, { kind: 'unblocked' })).not.toHaveProperty('error');
  });

  test('images get where they are archived, and the outcome does not hold them twice', () => {
    const [a, b] = [anImage('a'), anImage('b')];
    const job = jobAfter(
      submitted,
      { kind: 'images', taskId: 't-1', images: [a, b] },
      { kind: 'archived', taskId: 't-1', images: [{ ...a, archived }] },
      { kind: 'outcome', outcome: outcome({ images: [{ ...a, archived }] }) },
    );
    expect(job?.images).toEqual([{ ...a, archived }, b]);
    expect(job?.outcome?.images).toEqual([]);
  });

  test('a snapshot says of no end', () => {
    const job = jobAfter(submitted, { kind: 'snapshot', status: status({ state: 'finished', sequence: 2 }) });
    expect(job).toMatchObject({ state: 'waiting' });
    expect(job).not.toHaveProperty('outcome');
  });

  test('repeats, and a snapshot that an event overtook, change nothing', () => {
    const event = { requestId: 'r-1', waitId: 'w-1', ...submitted } as TryOnJobEvent;
    const first = receiveJobEvent(emptyInbox<InboxJob>(), { ...event, sequence: 2 });
    expect(first.fresh).toBe(true);
    for (const late of [
      { ...event, sequence: 2 },
      { ...event, sequence: 1 },
      { ...event, kind: 'snapshot', sequence: 1, status: status() } as TryOnJobEvent,
    ]) {
      expect(receiveJobEvent(first.inbox, late)).toEqual({ inbox: first.inbox, fresh: false });
    }
  });
});

describe('what anybody may send', () => {
  const event = { kind: 'submitted', requestId: 'r-1', taskId: 't-1', waitId: 'w-1', sequence: 1 };
  test.each<[string, unknown, string | undefined]>([
    ['an event', event, undefined],
    ['a kind of a later version', { ...event, kind: 'later' }, undefined],
    ['a request id that is no text', { ...event, requestId: 5 }, 'requestId is no text'],
    ['a task id that is no text', { ...event, taskId: {} }, 'taskId is no text'],
    ['no number', { ...event, sequence: '1' }, 'sequence is no whole number'],
    [
      'images that are none',
      { ...event, kind: 'archived', images: [{}] },
      'the images of archived are no list of images',
    ],
    ['no status', { ...event, kind: 'snapshot' }, 'the images of snapshot are no list of images'],
    ['no outcome', { ...event, kind: 'outcome' }, 'the images of outcome are no list of images'],
    [
      'images of no task',
      { ...event, taskId: undefined, kind: 'images', images: [anImage('a')] },
      'the taskId of images is no text',
    ],
    [
      'an outcome of a task that is no text',
      { ...event, kind: 'outcome', outcome: { images: [], taskId: 5 } },
      'the taskId of outcome is no text',
    ],
    ['an outcome without a task', { ...event, taskId: undefined, kind: 'outcome', outcome: { images: [] } }, undefined],
  ])('%s', (_name, given, problem) => {
    expect(jobEventProblem(given)).toBe(problem);
    expect(isOfJob(given)).toBe(true);
  });
  test.each([[null], ['text'], [{ kind: 'images', taskId: 't-1' }]])('%j is no event of a job', (given) => {
    expect(isOfJob(given)).toBe(false);
  });
});
