/** What must hold of every wait, whatever the vendor answers and whoever listens. */
import { expect } from 'vitest';
import { limits, type TryOnEvent, type TryOnImage } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { pollRules } from '../../src/poll/rules.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import { defaultPolicy, nextPoll, type SchedulePolicy } from '../../src/schedule/schedule.js';
import { emptyInbox, receive } from '../../src/wait/inbox.js';
import { statusOf } from '../../src/wait/wait-report.js';
import type { WaitState } from '../../src/wait/wait-state.js';
import { expectValid } from './schemas.js';
import type { Query, Simulated } from './simulate.js';

const idsOf = (images: readonly TryOnImage[]): string[] => images.map((image) => image.id);
const sorted = (texts: readonly string[]): string[] => [...texts].sort();

/** Events of one ended wait, as one subscriber from the first to the last was told them. */
export function expectEventsHold(events: readonly TryOnEvent[], wait: WaitState): void {
  for (const event of events) expectValid('TryOnEvent', event);
  expect(events.map((event) => event.sequence)).toEqual(events.map((_event, index) => index + 1));
  expect(new Set(events.map((event) => `${event.waitId} ${event.taskId}`)).size).toBeLessThanOrEqual(1);
  expect(events.filter((event) => event.kind === 'outcome')).toHaveLength(1);
  const last = events.at(-1);
  if (last?.kind !== 'outcome') throw new Error('the outcome is not the last event');

  const early = events.flatMap((event) => (event.kind === 'images' ? idsOf(event.images) : []));
  expect(new Set(early).size, 'an image told twice').toBe(early.length);
  const { outcome } = last;
  const atTheEnd = idsOf(outcome.images);
  expect(new Set(atTheEnd).size, 'an image twice in the outcome').toBe(atTheEnd.length);
  expect(sorted([...new Set([...early, ...atTheEnd])]), 'images lost or made up').toEqual(sorted(idsOf(wait.images)));
  expect(outcome.images.length + (outcome.imagesOmitted ?? 0)).toBe(wait.images.length);
  if (outcome.imagesOmitted === undefined) expect(atTheEnd).toEqual(idsOf(wait.images));

  for (const event of events) {
    if (event.kind === 'images') {
      expect(jsonBytes(event)).toBeLessThanOrEqual(limits.eventBytes);
      expect(event.images).not.toHaveLength(0);
    }
  }
  expect(jsonBytes(outcome)).toBeLessThanOrEqual(limits.resultBytes);
  const blocks = events.map((event) => event.kind).filter((kind) => kind === 'blocked' || kind === 'unblocked');
  expect(blocks).toEqual(blocks.map((_kind, index) => (index % 2 === 0 ? 'blocked' : 'unblocked')));
  if (outcome.status === 'failed' || outcome.status === 'notFound') expect(outcome.error).toBeDefined();
}

/** A receiver that folds the events knows what a query of the wait answers. */
export function expectReceiverAgrees(events: readonly TryOnEvent[], wait: WaitState): void {
  let inbox = emptyInbox();
  for (const event of events) {
    const first = receive(inbox, event);
    expect(first.fresh).toBe(true);
    expect(receive(first.inbox, event)).toEqual({ inbox: first.inbox, fresh: false });
    inbox = first.inbox;
  }
  const task = inbox.tasks[wait.taskId];
  const status = statusOf(wait);
  expectValid('TryOnStatus', status);
  expect(task?.state).toBe(status.state);
  expect(task?.images).toEqual(wait.images);
  expect(task?.error).toEqual(status.error);
  expect(status.sequence).toBe(events.length);
}

/** The least time from one query to the next, by what the first one met. */
export function minGapMs(query: Query, index: number, ageMs: number, policy: SchedulePolicy): number {
  const { classification } = query;
  // The attempt number is not known here, so the least that any jitter gives.
  const scheduled = Math.min(
    nextPoll({ ageMs, policy, jitter: 0 }).delayMs,
    nextPoll({ ageMs, policy, jitter: jitterOf('t-1', index) }).delayMs,
  );
  if (classification.kind === 'ended') return Math.min(pollRules.recheckMs, policy.floorMs);
  const hintMs = classification.hint?.delayMs;
  const hinted = hintMs === undefined || hintMs < 0 ? undefined : Math.max(policy.floorMs, hintMs);
  if (classification.kind === 'pending') return hinted ?? scheduled;
  switch (classification.class) {
    case 'auth':
    case 'quota':
    case 'clock':
      return pollRules.blockedBackoffMs.first;
    case 'notFound':
      return Math.min(scheduled, pollRules.recheckMs);
    case 'refused':
    case 'failed':
      return scheduled;
    case 'wrongTask':
      return Math.min(scheduled, pollRules.blockedBackoffMs.first);
    default:
      return hinted ?? (query.before.blocked === undefined ? scheduled : pollRules.blockedBackoffMs.first);
  }
}

/** Queries are spaced as the rules say, and none comes after the last poll at the deadline. */
export function expectQueriesHold(done: Simulated, policy: SchedulePolicy = defaultPolicy, slackMs = 1): void {
  const { queries, wait } = done;
  for (const [index, query] of queries.entries()) {
    const following = queries[index + 1];
    if (following === undefined) break;
    const gapMs = following.atMs - query.atMs;
    const isLastPoll = following.atMs >= following.deadlineMs - pollRules.dueSlackMs;
    const min = isLastPoll
      ? Math.min(policy.floorMs, 1000 * limits.timeoutSecondsMin)
      : minGapMs(query, index, Math.max(0, query.atMs - wait.submittedAtMs), policy);
    expect(gapMs, `query ${index + 1} after ${query.classification.kind}`).toBeGreaterThanOrEqual(min - slackMs);
  }
  const late = queries.filter((query) => query.atMs > query.deadlineMs + slackMs);
  expect(late.map((query) => query.atMs)).toEqual([]);
  expect(wait.poll.polls, 'polls').toBe(queries.reduce((sum, query) => sum + query.queries, 0));
}

const rank = { unknown: 0, submitted: 1, running: 2, failed: 3, finished: 4 } as const;

/** From one state of a wait to the next nothing that an observer saw is taken back. */
export function expectProgressHolds(states: readonly WaitState[]): void {
  for (const [index, state] of states.entries()) {
    const after = states[index + 1];
    if (after === undefined) break;
    const ids = new Set(idsOf(after.images));
    expect(idsOf(state.images).filter((id) => !ids.has(id))).toEqual([]);
    expect(after.poll.polls).toBeGreaterThanOrEqual(state.poll.polls);
    expect(after.sequence).toBeGreaterThanOrEqual(state.sequence);
    for (const subTask of state.poll.subTasks) {
      const now = after.poll.subTasks.find((one) => one.index === subTask.index);
      expect(rank[now?.status ?? 'unknown']).toBeGreaterThanOrEqual(rank[subTask.status]);
      expect(now?.imageCount).toBeGreaterThanOrEqual(subTask.imageCount);
    }
  }
}
