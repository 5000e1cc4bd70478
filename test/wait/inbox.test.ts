import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits, type TryOnError, type TryOnEvent, type TryOnEventOutcome } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { unpolled } from '../../src/poll/poll-state.js';
import { emptyInbox, type Inbox, receive, restoreInbox } from '../../src/wait/inbox.js';
import { applyReport, beginWait, endWait } from '../../src/wait/wait.js';
import { furtherSnapshots, snapshotsFor } from '../../src/wait/wait-report.js';
import type { WaitState } from '../../src/wait/wait-state.js';

const snapshotOf = (wait: WaitState): TryOnEvent => snapshotsFor(wait)[0] as TryOnEvent;

import { anImage } from '../support/replies.js';
import { expectValid } from '../support/schemas.js';
import { startMs } from '../support/simulate.js';

const error: TryOnError = { layer: 'gateway', code: 'InvalidAppKey', message: 'unknown key' };
const from = (waitId = 'run-1', taskId = 't-1') => ({ waitId, taskId });
const imagesEvent = (sequence: number, names: string[], source = from()): TryOnEvent => ({
  ...source,
  kind: 'images',
  sequence,
  images: names.map((name) => anImage(name)),
});
const outcomeEvent = (sequence: number, outcome: Partial<TryOnEventOutcome> = {}, source = from()): TryOnEvent => ({
  ...source,
  kind: 'outcome',
  sequence,
  outcome: {
    taskId: source.taskId,
    status: 'finished',
    images: [],
    subTasks: [],
    polls: 1,
    submittedAt: '2026-01-31T12:00:00Z',
    finishedAt: '2026-01-31T12:01:00Z',
    account: 'default',
    api: 'tryon',
    timing: {},
    ...outcome,
  },
});
/** The inbox after these events, and which of them were new. */
const received = (events: readonly TryOnEvent[], start: Inbox = emptyInbox()) => {
  let inbox = start;
  const fresh = events.map((event) => {
    const step = receive(inbox, event);
    inbox = step.inbox;
    return step.fresh;
  });
  return { inbox, fresh };
};
const throughJson = (inbox: Inbox): Inbox => restoreInbox(JSON.parse(JSON.stringify(inbox)));

describe('a repeat by wait id and sequence is dropped', () => {
  test('whatever it carries', () => {
    const { inbox, fresh } = received([imagesEvent(1, ['a']), imagesEvent(1, ['b']), imagesEvent(2, ['c'])]);
    expect(fresh).toEqual([true, false, true]);
    expect(inbox.tasks['t-1']?.images).toEqual([anImage('a'), anImage('c')]);
  });
  test('also after JSON', () => {
    const { inbox } = received([imagesEvent(1, ['a'])]);
    expect(received([imagesEvent(1, ['b'])], throughJson(inbox)).fresh).toEqual([false]);
  });
  test('not for another wait with the same number', () => {
    const { fresh } = received([imagesEvent(1, ['a']), imagesEvent(1, ['b'], from('run-2', 't-2'))]);
    expect(fresh).toEqual([true, true]);
  });
  test('the outcome counts once', () => {
    const { inbox, fresh } = received([outcomeEvent(1), outcomeEvent(1, { status: 'failed', error })]);
    expect(fresh).toEqual([true, false]);
    expect(inbox.tasks['t-1']?.state).toBe('finished');
  });
});

test('blocked and unblocked come and go with their error', () => {
  const blocked = received([{ ...from(), kind: 'blocked', sequence: 1, error }]).inbox;
  expect(blocked.tasks['t-1']).toMatchObject({ state: 'blocked', error });
  const { inbox } = received([{ ...from(), kind: 'unblocked', sequence: 2 }], blocked);
  expect(inbox.tasks['t-1']?.state).toBe('waiting');
  expect(inbox.tasks['t-1']).not.toHaveProperty('error');
});

test('a kind of a later version takes its number and changes nothing', () => {
  const later = { ...from(), kind: 'progress', sequence: 2, share: 0.5 } as unknown as TryOnEvent;
  const { inbox, fresh } = received([imagesEvent(1, ['a']), later, later]);
  expect(fresh).toEqual([true, true, false]);
  expect(inbox.tasks['t-1']?.images).toEqual([anImage('a')]);
});

test('a new wait for the same task begins anew, and keeps the images', () => {
  const first = [imagesEvent(1, ['a']), outcomeEvent(2, { status: 'timeout' })];
  const { inbox, fresh } = received([...first, imagesEvent(1, ['a', 'b'], from('run-2'))]);
  expect(fresh).toEqual([true, true, true]);
  expect(inbox.tasks['t-1']).toEqual({ waitId: 'run-2', state: 'waiting', images: [anImage('a'), anImage('b')] });
});

describe('a snapshot', () => {
  const wait = applyReport(beginWait({ taskId: 't-1' }, { waitId: 'run-1', nowMs: startMs }), {
    state: unpolled,
    atMs: startMs,
    images: [anImage('a'), anImage('b')],
  }).wait;

  test('brings a late subscriber up to date, and the next event is new', () => {
    const { inbox, fresh } = received([snapshotOf(wait), imagesEvent(2, ['c'])]);
    expect(fresh).toEqual([true, true]);
    expect(inbox.tasks['t-1']?.images).toEqual([anImage('a'), anImage('b'), anImage('c')]);
  });
  test('takes no number: an event that has its number is new to who was told only the snapshot', () => {
    expect(received([snapshotOf(wait), imagesEvent(1, ['a'])]).fresh).toEqual([true, true]);
  });
  test('that an event has overtaken tells nothing', () => {
    expect(received([imagesEvent(1, ['a']), imagesEvent(2, ['c']), snapshotOf(wait)]).fresh).toEqual([
      true,
      true,
      false,
    ]);
  });
  test('ends nothing: only the outcome does', () => {
    const ended = applyReport(wait, { state: unpolled, atMs: startMs, images: [], end: { status: 'finished' } }).wait;
    const { inbox } = received([snapshotOf(ended)]);
    expect(inbox.tasks['t-1']).toMatchObject({ state: 'waiting' });
    expect(inbox.tasks['t-1']?.outcome).toBeUndefined();
    expect(received([outcomeEvent(2), snapshotOf(ended)]).fresh).toEqual([true, false]);
  });
});

describe('snapshots of a list too long for one event', () => {
  const many = Array.from({ length: 9_000 }, (_none, index) => anImage(`${index}-${'x'.repeat(200)}`));
  const wait = applyReport(beginWait({ taskId: 't-1' }, { waitId: 'run-1', nowMs: startMs }), {
    state: unpolled,
    atMs: startMs,
    images: many,
  }).wait;
  const whole = (event: TryOnEvent) =>
    event.kind === 'snapshot' ? event.status.images.length + (event.status.imagesOmitted ?? 0) : 0;

  test('tell all of it to who had no other event, each within its size', () => {
    const first = snapshotOf(wait);
    const rest = furtherSnapshots(wait, first.kind === 'snapshot' ? first.status.images.length : 0);
    expect(rest.length).toBeGreaterThan(0);
    for (const event of [first, ...rest]) {
      expectValid('TryOnEvent', event);
      expect(jsonBytes(event)).toBeLessThanOrEqual(limits.resultBytes + 1024);
      expect(event.sequence).toBe(wait.sequence);
      expect(whole(event)).toBe(many.length);
    }
    const { inbox, fresh } = received([first, ...rest]);
    expect(fresh).not.toContain(false);
    expect(inbox.tasks['t-1']?.images).toEqual(many);
  });
  test('go before an outcome that leaves them out, under the number before', () => {
    const { wait: ended, events } = endWait(wait, { status: 'timeout', atMs: startMs });
    const outcome = events.at(-1) as Extract<TryOnEvent, { kind: 'outcome' }>;
    const rest = furtherSnapshots({ ...ended, sequence: outcome.sequence - 1 }, 0);
    const { inbox, fresh } = received([...rest, outcome, snapshotOf(ended)]);
    expect(fresh).toEqual([...rest.map(() => true), true, false]);
    expect(inbox.tasks['t-1']).toMatchObject({ state: 'timeout', images: many });
  });
  test('are none where all was told', () => {
    expect(furtherSnapshots(wait, many.length)).toEqual([]);
  });
});

describe('what is no event', () => {
  const base = { ...from(), sequence: 1 };
  test.each([
    undefined,
    null,
    7,
    'images',
    [],
    {},
    { kind: 'images' },
    { ...base, kind: 'images' },
    { ...base, kind: 'images', images: {} },
    { ...base, kind: 'snapshot', status: null },
    { ...base, kind: 'outcome', outcome: 'finished' },
    { ...base, kind: 'images', images: [], sequence: '1' },
    { ...base, kind: 'images', images: [], taskId: 1 },
    { ...base, kind: 5 },
  ])('%j is dropped', (given) => {
    const { inbox, fresh } = received([given as TryOnEvent, imagesEvent(1, ['a'])]);
    expect(fresh).toEqual([false, true]);
    expect(inbox.tasks['t-1']?.images).toEqual([anImage('a')]);
  });
});

describe('ids that are names of inherited keys', () => {
  const odd = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each(odd)('%s as a task id and as a wait id', (name) => {
    const events = [imagesEvent(1, ['a'], from(name, name)), imagesEvent(2, ['b'], from(name, name))];
    const first = received(events.slice(0, 1));
    for (const inbox of [first.inbox, throughJson(first.inbox)]) {
      expect(Object.keys(inbox.tasks)).toEqual([name]);
      const { inbox: after, fresh } = received([...events, ...events], inbox);
      expect(fresh).toEqual([false, true, false, false]);
      expect(after.tasks[name]?.images).toEqual([anImage('a'), anImage('b')]);
      expect(Object.keys(after.taken)).toEqual([name]);
    }
  });
  test('are unknown to an empty inbox, restored or plain', () => {
    for (const inbox of [emptyInbox(), throughJson(emptyInbox()), { tasks: {}, taken: {} }]) {
      expect(
        received(
          odd.map((name) => imagesEvent(1, ['a'], from(name, name))),
          inbox,
        ).fresh,
      ).not.toContain(false);
    }
  });
  test('change no prototype', () => {
    received([imagesEvent(1, ['a'], from('__proto__', '__proto__'))]);
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)['images' as string]).toBeUndefined();
  });
});

test('whichever events are sent again, after whichever JSON, the inbox is the same', () => {
  const ids = fc.constantFrom('t-1', '__proto__', 'constructor');
  const resent = fc.array(fc.tuple(ids, fc.nat(4), fc.boolean()), { maxLength: 40 });
  fc.assert(
    fc.property(resent, (deliveries) => {
      let inbox = emptyInbox();
      const last = new Map<string, number>();
      for (const [id, back, isRestored] of deliveries) {
        const next = (last.get(id) ?? 0) + 1;
        const sequence = Math.max(1, next - back);
        const step = receive(
          isRestored ? throughJson(inbox) : inbox,
          imagesEvent(sequence, [`${sequence}`], from(id, id)),
        );
        expect(step.fresh).toBe(sequence === next);
        last.set(id, Math.max(next - 1, sequence));
        inbox = step.inbox;
      }
      for (const [id, count] of last) expect(inbox.tasks[id]?.images).toHaveLength(count);
    }),
    { numRuns: 500, seed: 9 },
  );
});
