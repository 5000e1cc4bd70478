/**
 * What must hold of an interleaving whose wait was reset. A reset run is a new wait: its events have a new `waitId`. It repeats the run
 * before up to the reset point, so the events up to there were sent under an earlier `waitId`.
 */
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import {
  type TryOnEvent,
  TryOnEventSchema,
  type TryOnImage,
  type TryOnStatus,
  TryOnStatusSchema,
} from '../../src/contract.js';
import { who } from './interleave-scenario.js';
import type { Interleaving } from './interleave-types.js';

/** Ids of images, in their order. */
export const idsOf = (images: readonly TryOnImage[]): string[] => images.map((image) => image.id);

/** Whether the wait of this status goes on. */
export const isOpen = (status: TryOnStatus): boolean => status.state === 'waiting' || status.state === 'blocked';

/** Whether the wait was reset. */
export const wasReset = ({ answers }: Pick<Interleaving, 'answers'>): boolean =>
  answers.some(({ what, kind }) => what === 'reset' && kind === 'sent');

const imagesOf = (events: readonly TryOnEvent[]): string[] =>
  events.flatMap((event) => (event.kind === 'images' ? idsOf(event.images) : []));
const isUnique = (ids: readonly string[]): boolean => new Set(ids).size === ids.length;

/** What is wrong, one line each. `last` is the status after the end of the last run. */
export function resetViolationsOf(played: Interleaving, last: TryOnStatus): string[] {
  const wrong: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) wrong.push(what);
  };
  const { end } = played;
  const isEnd = (event: TryOnEvent): boolean =>
    event.kind === 'outcome' &&
    (end.kind === 'cancelled' ? event.outcome.status === 'cancelled' : isDeepStrictEqual(event.outcome, end.outcome));

  // Each wait.
  const waits = new Map<string, Map<number, TryOnEvent>>();
  for (const { signal, event } of played.events) {
    must(v.is(TryOnEventSchema, event) && event.taskId === played.taskId, `${signal}: no valid event of the task`);
    if (event.kind === 'snapshot') continue;
    const wait = waits.get(event.waitId) ?? new Map<number, TryOnEvent>();
    const before = wait.get(event.sequence);
    must(before === undefined || isDeepStrictEqual(before, event), `sequence ${event.sequence} told in two ways`);
    waits.set(event.waitId, wait.set(event.sequence, event));
  }
  for (const [waitId, wait] of waits) {
    const events = [...wait.values()];
    const outcomes = events.filter(({ kind }) => kind === 'outcome');
    must(outcomes.length <= 1, `${waitId}: ${outcomes.length} outcomes`);
    must(
      outcomes.every(({ sequence }) => sequence === Math.max(...wait.keys())),
      `${waitId}: an event after the outcome`,
    );
    must(isUnique(imagesOf(events)), `${waitId}: an image in two events`);
  }

  // The last run.
  const lastIds = idsOf(last.images);
  const lastEvents = [...(waits.get(last.waitId)?.values() ?? [])];
  must(v.is(TryOnStatusSchema, last) && !isOpen(last), `the last state is ${last.state}`);
  must((end.kind === 'cancelled' ? 'cancelled' : end.outcome?.status) === last.state, `${end.kind} as ${last.state}`);
  must(isUnique(lastIds), 'an image twice in the last status');
  if (end.kind === 'outcome') {
    must(isDeepStrictEqual(end.outcome?.images, last.images), 'the result and the last status differ in their images');
  }
  must(
    imagesOf(lastEvents).every((id) => lastIds.includes(id)),
    'an image was told that is not in the end',
  );
  must(
    lastEvents.every((event) => event.kind !== 'outcome' || (isEnd(event) && event.sequence === last.sequence)),
    'another outcome than the result',
  );

  // Each receiver that never left: no hole within a wait, nor from one to the next.
  for (const signal of new Set(played.events.map((one) => one.signal))) {
    const hasLeft = [...played.answers, ...played.inFlightAnswers].some(
      (one) => one.who === signal && (one.what === 'unsubscribe' || one.what === 'signalUnsubscribe'),
    );
    if (hasLeft) continue;
    const numbers = new Map<string, number[]>();
    for (const { signal: to, event } of played.events) {
      const known = numbers.get(event.waitId) ?? [];
      if (to !== signal || event.kind === 'snapshot' || known.includes(event.sequence)) continue;
      numbers.set(event.waitId, [...known, event.sequence]);
    }
    for (const [waitId, [first = 0, ...rest]] of numbers) {
      must(
        rest.every((number, index) => number === first + 1 + index),
        `${signal}: out of order or a hole in ${waitId}: ${[first, ...rest]}`,
      );
    }
  }
  if (played.scenario.isKept) keptViolations(played, isEnd, must);
  return wrong;
}

/** The one that is subscribed from the start to the end misses nothing, and knows the end. */
function keptViolations(
  { events }: Interleaving,
  isEnd: (event: TryOnEvent) => boolean,
  must: (holds: boolean, what: string) => void,
): void {
  const { control } = who;
  const kept = events.filter(({ signal }) => signal === control).map(({ event }) => event);
  let reached = 0;
  for (const { sequence } of kept) {
    must(sequence <= reached + 1, `${control}: a hole between ${reached} and ${sequence}`);
    reached = Math.max(reached, sequence);
  }
  must(kept.some(isEnd), `${control}: no outcome`);
}
