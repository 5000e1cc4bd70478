import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  accepted,
  beginDelivery,
  type DeliveryState,
  deliveryStatus,
  giveUp,
  isWebhookEvent,
  resend,
  TRIED_FOR_MS,
  takeEvent,
  tryForMs,
} from '../../src/webhook/delivery.js';

const event = (sequence: number, kind = 'images') => ({ waitId: 'w', sequence, kind, taskId: 't' });
const error = (code: string) => ({ layer: 'webhook', code, message: code }) as const;
const taken = (...sequences: number[]): DeliveryState =>
  sequences.reduce((state, sequence) => takeEvent(state, event(sequence), sequence), beginDelivery('shop', 'w'));
const first = ({ pending: [one] }: DeliveryState) => one as NonNullable<typeof one>;
const numbers = (list: DeliveryState['pending']) => list.map((one) => one.event.sequence);

describe('an event', () => {
  test('is taken once, in order', () => {
    expect(numbers(taken(1, 1, 2, 1, 3).pending)).toEqual([1, 2, 3]);
  });

  test('that was accepted is not taken again', () => {
    const state = taken(1);
    expect(takeEvent(accepted(state, first(state)), event(1), 5).pending).toEqual([]);
  });

  test('of another wait is not taken', () => {
    expect(takeEvent(taken(), { ...event(1), waitId: 'other' }, 0)).toEqual(taken());
  });

  test('that is a snapshot is taken each time, and hides no event of its number', () => {
    const state = takeEvent(takeEvent(taken(1), event(2, 'snapshot'), 0), event(2, 'snapshot'), 0);
    expect(numbers(takeEvent(state, event(2), 0).pending)).toEqual([1, 2, 2, 2]);
  });

  test.each([undefined, null, 5, 'text', [], {}, { waitId: 'w', kind: 'images' }, { ...event(1), sequence: 1.5 }])(
    '%j is none',
    (given) => expect(isWebhookEvent(given)).toBe(false),
  );
});

test('an event that is given up is kept, and the next one is tried', () => {
  const state = taken(1, 2);
  const next = giveUp(state, first(state), error('Http500'));
  expect([numbers(next.pending), numbers(next.givenUp)]).toEqual([[2], [1]]);
  expect(deliveryStatus(next)).toMatchObject({
    state: 'delivering',
    givenUp: [{ id: 'w-1', error: { code: 'Http500' } }],
  });
});

test('a receiver that is gone gets nothing more, and loses nothing', () => {
  const state = taken(1, 2);
  const gone = takeEvent(giveUp(state, first(state), error('Gone')), event(3), 9);
  expect([numbers(gone.pending), numbers(gone.givenUp)]).toEqual([[], [1, 2, 3]]);
  expect(deliveryStatus(gone)).toMatchObject({ state: 'gone', taskId: 't' });
  const again = resend(gone, 10);
  expect([numbers(again.pending), numbers(again.givenUp)]).toEqual([[1, 2, 3], []]);
  expect(deliveryStatus(again).state).toBe('delivering');
});

test('what is sent again goes before what waits, and an event under way stays the one that is accepted', () => {
  const state = taken(1, 2);
  const one = giveUp(state, first(state), error('Http500'));
  const underWay = first(one);
  const again = resend(one, 10);
  expect(numbers(again.pending)).toEqual([1, 2]);
  expect(numbers(accepted(again, underWay).pending)).toEqual([1]);
});

test('an event is tried for 3 days after it came, a late one for a minute at least', () => {
  const one = first(taken(1));
  expect(tryForMs(one, 1)).toBe(TRIED_FOR_MS);
  expect(tryForMs(one, 1 + TRIED_FOR_MS / 2)).toBe(TRIED_FOR_MS / 2);
  expect(tryForMs(one, 2 * TRIED_FOR_MS)).toBe(60_000);
});

test('whatever happens in whatever order, no event is lost or doubled, and none overtakes an earlier one', () => {
  const step = fc.constantFrom('event', 'repeat', 'accept', 'fail', 'gone', 'resend');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let state = beginDelivery('shop', 'w');
      let sent = 0;
      const delivered: number[] = [];
      for (const one of steps) {
        const [tried] = state.pending;
        if (one === 'event') state = takeEvent(state, event(++sent), 0);
        else if (one === 'repeat' && sent > 0) state = takeEvent(state, event(sent), 0);
        else if (one === 'resend') state = resend(state, 0);
        else if (tried !== undefined && one === 'accept') {
          delivered.push(tried.event.sequence);
          state = accepted(state, tried);
        } else if (tried !== undefined) state = giveUp(state, tried, error(one === 'gone' ? 'Gone' : 'Http500'));
      }
      const all = [...delivered, ...numbers(state.pending), ...numbers(state.givenUp)];
      expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, at) => at + 1));
      if (!steps.some((one) => ['fail', 'gone'].includes(one))) {
        expect(numbers(state.pending)).toEqual(numbers(state.pending).toSorted((a, b) => a - b));
      }
    }),
  );
});
