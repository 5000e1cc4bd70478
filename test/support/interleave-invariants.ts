/** What must hold of every interleaving, in one place. The receiver's rule: drop a pair of `waitId` and `sequence` that was seen. */
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import {
  type Subscriber,
  type TryOnEvent,
  TryOnEventSchema,
  type TryOnImage,
  TryOnOutcomeSchema,
  type TryOnStatus,
  TryOnStatusSchema,
} from '../../src/contract.js';
import { pollRules } from '../../src/poll/rules.js';
import { idsOf, isOpen, resetViolationsOf, wasReset } from './interleave-resets.js';
import { who } from './interleave-scenario.js';
import type { Answered, Interleaving } from './interleave-types.js';

const hasSubscriber = (subscribers: readonly Subscriber[], signal: string): boolean =>
  subscribers.some(
    (one) =>
      one.workflowId?.startsWith('player-') &&
      !one.workflowId.endsWith('-gone') &&
      (one.signal ?? who.parent) === signal,
  );
const sameSet = (one: Iterable<string>, other: Iterable<string>): boolean =>
  isDeepStrictEqual([...new Set(one)].sort(), [...new Set(other)].sort());

/** A subscription of one receiver: events above `from`, up to and with one of `toLeast` to `toMost`. */
interface Interval {
  readonly from: number;
  /** Images that the answer to the subscription had. */
  readonly known: readonly TryOnImage[];
  readonly toLeast: number;
  readonly toMost: number;
  readonly isOpen: boolean;
}

/** What is wrong with an interleaving, one line each; nothing where all holds. */
export function violationsOf(played: Interleaving): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const { scenario, end, last: lastAnswer } = played;
  const last = lastAnswer.status;
  if (last === undefined) return [`no last status: ${lastAnswer.kind} ${lastAnswer.message}`];
  if (end.kind !== 'outcome' && end.kind !== 'cancelled') return [`the wait ended as ${end.kind}: ${end.message}`];
  const all = [...played.answers, ...played.inFlightAnswers];
  for (const answer of all) must(answer.kind !== 'failed', `${answer.what} failed: ${answer.message}`);

  // A reset run is a new wait. What follows is about one.
  if (wasReset(played)) return [...wrong, ...resetViolationsOf(played, last)];

  // The numbering.
  const bySequence = new Map<number, TryOnEvent>();
  for (const { signal, event } of played.events) {
    must(v.is(TryOnEventSchema, event), `${signal}: no valid event`);
    must(event.waitId === last.waitId && event.taskId === played.taskId, `${signal}: an event of another wait`);
    if (event.kind === 'snapshot') continue;
    const told = bySequence.get(event.sequence);
    must(told === undefined || isDeepStrictEqual(told, event), `sequence ${event.sequence} told in two ways`);
    bySequence.set(event.sequence, event);
    must(
      (event.kind === 'outcome') === (event.sequence === last.sequence),
      `${event.kind} has sequence ${event.sequence} of ${last.sequence}`,
    );
    must(event.sequence >= 1 && event.sequence <= last.sequence, `sequence ${event.sequence} of ${last.sequence}`);
  }
  const knowsAll = bySequence.size === last.sequence;

  // The end.
  const outcome = bySequence.get(last.sequence);
  must(v.is(TryOnStatusSchema, last) && !isOpen(last), `the last state is ${last.state}`);
  if (end.kind === 'outcome') must(v.is(TryOnOutcomeSchema, end.outcome), 'no valid outcome');
  if (outcome?.kind === 'outcome') {
    must(outcome.outcome.status === last.state, `outcome ${outcome.outcome.status}, state ${last.state}`);
    must(
      isDeepStrictEqual(outcome.outcome.images, last.images),
      'the outcome and the last status differ in their images',
    );
    must(
      (outcome.outcome.status === 'cancelled') === (end.kind === 'cancelled'),
      `${end.kind}, told ${outcome.outcome.status}`,
    );
    if (end.kind === 'outcome') must(isDeepStrictEqual(outcome.outcome, end.outcome), 'outcome and result differ');
    must(outcome.outcome.error?.code !== 'NoWorker', 'NoWorker');
    if (outcome.outcome.status === 'timeout') {
      must(
        Date.parse(outcome.outcome.finishedAt) >= Date.parse(last.deadline) - 1_000,
        'a timeout before the deadline',
      );
    }
  }
  const did = (...what: string[]) =>
    all.filter((answer) => what.includes(answer.what) && answer.kind !== 'gone').length;
  const mayBeCancelled = did('cancel') > 0 || (scenario.isChild && did('unsubscribe', 'signalUnsubscribe') > 0);
  must(end.kind !== 'cancelled' || mayBeCancelled, 'cancelled by nobody');
  const lastIds = idsOf(last.images);
  must(new Set(lastIds).size === lastIds.length, 'an image twice in the last status');

  // States tell the same as events.
  const toldUntil = (sequence: number): string[] =>
    [...bySequence.values()].flatMap((event) =>
      event.kind === 'images' && event.sequence <= sequence ? idsOf(event.images) : [],
    );
  const checkStatus = (status: TryOnStatus, where: string): void => {
    must(status.waitId === last.waitId && status.taskId === played.taskId, `${where}: another wait`);
    must(
      isOpen(status) === status.sequence < last.sequence,
      `${where}: ${status.state} at ${status.sequence} of ${last.sequence}`,
    );
    if (!isOpen(status)) {
      must(isDeepStrictEqual(status.images, last.images), `${where}: other images than at the end`);
      return;
    }
    if (!knowsAll) return;
    must(
      sameSet(idsOf(status.images), toldUntil(status.sequence)),
      `${where}: images are not those of the events to ${status.sequence}`,
    );
    const block = [...bySequence.keys()]
      .sort((one, other) => other - one)
      .map((sequence) => bySequence.get(sequence)?.kind ?? '')
      .find(
        (kind, index, kinds) => kinds.length - index <= status.sequence && (kind === 'blocked' || kind === 'unblocked'),
      );
    must((block === 'blocked') === (status.state === 'blocked'), `${where}: ${status.state} after ${block}`);
  };
  let before: TryOnStatus | undefined;
  for (const [index, { status, what }] of played.answers.entries()) {
    if (status === undefined) continue;
    checkStatus(status, `answer ${index} (${what})`);
    if (before !== undefined) {
      must(status.sequence >= before.sequence, `answer ${index}: sequence goes back`);
      must(status.polls >= before.polls, `answer ${index}: polls go back from ${before.polls} to ${status.polls}`);
      const ids = idsOf(status.images);
      must(
        idsOf(before.images).every((id) => ids.includes(id)),
        `answer ${index}: an image has gone`,
      );
    }
    before = status;
  }
  for (const { status, what } of played.inFlightAnswers) {
    if (status !== undefined) checkStatus(status, `in flight (${what})`);
  }

  // Each receiver.
  for (const signal of [who.parent, ...who.timed, who.inFlight, who.control]) {
    const events = played.events.filter((one) => one.signal === signal).map((one) => one.event);
    const numbers: number[] = [];
    for (const event of events) {
      if (event.kind === 'snapshot') checkStatus(event.status, `${signal}: snapshot`);
      else if (!numbers.includes(event.sequence)) numbers.push(event.sequence);
    }
    must(
      numbers.every((one, index) => index === 0 || one > (numbers[index - 1] ?? 0)),
      `${signal}: out of order: ${numbers}`,
    );
    const snapshots = events.filter((event) => event.kind === 'snapshot').length;
    const asked = all.filter(
      (one) => one.what === 'signalSubscribe' && one.kind === 'sent' && one.who === signal,
    ).length;
    must(snapshots === asked, `${signal}: ${snapshots} snapshots for ${asked} signals`);
    const intervals = intervalsOf(played, signal, events);
    if (intervals === undefined || snapshots !== asked) continue;
    const joinedAfterTheEnd = events.some((event) => event.kind === 'snapshot' && !isOpen(event.status));
    for (const number of numbers) {
      const isWanted = intervals.some(({ from, toMost }) => number > from && number <= toMost);
      must(isWanted || (joinedAfterTheEnd && number === last.sequence), `${signal}: ${number} without a subscription`);
    }
    must(!joinedAfterTheEnd || numbers.includes(last.sequence), `${signal}: joined after the end, no outcome`);
    for (const interval of intervals) {
      const { from, toLeast, toMost } = interval;
      const got = numbers.filter((number) => number > from && number <= toMost);
      must(
        got.every((number, index) => number === from + 1 + index),
        `${signal}: a hole after ${from}: ${got}`,
      );
      must(from + got.length >= toLeast, `${signal}: ${got} where ${from + 1} to ${toLeast} were due`);
      const told = got.flatMap((number) => {
        const event = bySequence.get(number);
        return event?.kind === 'images' ? idsOf(event.images) : [];
      });
      const whole = [...idsOf(interval.known), ...told];
      must(new Set(whole).size === whole.length, `${signal}: an image twice after ${from}`);
      if (interval.isOpen && from < last.sequence) {
        must(sameSet([...whole, ...lastIds], lastIds), `${signal}: an image that is not in the end`);
        must(got.at(-1) === last.sequence, `${signal}: no outcome`);
      }
    }
    must(
      intervals.some((one) => one.isOpen) === hasSubscriber(last.subscribers, signal),
      `${signal}: the list of subscribers is wrong`,
    );
  }
  must(
    !knowsAll || sameSet([...toldUntil(last.sequence), ...lastIds], lastIds),
    'an image was told that is not in the end',
  );

  // Queries.
  const polls = last.polls;
  const interruptions =
    did('pollNow', 'setTimeout', 'cancel') + (scenario.isChild ? did('unsubscribe', 'signalUnsubscribe') : 0);
  // A poll that is broken off tells what it knew within a part of a second, or not at all.
  must(
    interruptions > 0 ? polls <= played.requests : polls === played.requests,
    `${played.requests} requests, ${polls} polls, ${interruptions} interruptions`,
  );
  const gaps = played.queriedAtMs.slice(1).map((atMs, index) => atMs - (played.queriedAtMs[index] ?? 0));
  // A poll a little early counts as due. The one at the deadline is never left out, however late the one before it was.
  const minMs = played.floorMs - pollRules.dueSlackMs;
  const short = (last.state === 'timeout' ? gaps.slice(0, -1) : gaps).filter((gap) => gap < minMs);
  must(short.length <= did('pollNow', 'setTimeout'), `${short.length} queries too soon: ${gaps}`);
  return wrong;
}

/** Subscriptions of one receiver, from what was done and answered in turn; `undefined` where their order cannot be known. */
function intervalsOf(played: Interleaving, signal: string, events: readonly TryOnEvent[]): Interval[] | undefined {
  const { scenario, last } = played;
  const end = last.status?.sequence ?? 0;
  const source = signal === who.inFlight ? played.inFlightAnswers : played.answers;
  const isJoin = ({ what }: Answered) => what === 'subscribe' || what === 'signalSubscribe';
  const isLeave = ({ what }: Answered) => what === 'unsubscribe' || what === 'signalUnsubscribe';
  const done = source.filter((one) => one.kind !== 'gone' && one.who === signal && (isJoin(one) || isLeave(one)));
  if (signal === who.inFlight && done.length > 1) return undefined;
  const snapshots = events.filter((event) => event.kind === 'snapshot');
  const isFirst =
    signal === who.parent
      ? scenario.isChild && scenario.notifyParent
      : scenario.notify.includes(signal) || (signal === who.control && scenario.isKept);

  const intervals: Interval[] = [];
  let open: { from: number; known: readonly TryOnImage[] } | undefined = isFirst ? { from: 0, known: [] } : undefined;
  let nextSnapshot = 0;
  for (const one of done) {
    if (isJoin(one)) {
      const snapshot = one.what === 'signalSubscribe' ? snapshots[nextSnapshot++] : undefined;
      const status = snapshot?.kind === 'snapshot' ? snapshot.status : one.status;
      if (status !== undefined) open ??= { from: status.sequence, known: status.images };
      continue;
    }
    if (open === undefined) continue;
    if (one.status === undefined) {
      const later = source.slice(source.indexOf(one) + 1).find((after) => after.status !== undefined);
      const toMost = signal === who.inFlight ? end : (later?.status?.sequence ?? end);
      intervals.push({ ...open, toLeast: open.from, toMost, isOpen: false });
    } else intervals.push({ ...open, toLeast: one.status.sequence, toMost: one.status.sequence, isOpen: false });
    open = undefined;
  }
  if (open !== undefined) intervals.push({ ...open, toLeast: end, toMost: end, isOpen: true });
  // What comes after the next subscription is not of this one.
  return intervals.map((one, index) => ({
    ...one,
    toMost: Math.min(one.toMost, intervals[index + 1]?.from ?? one.toMost),
  }));
}
