/**
 * The delivery of one wait's events to one webhook, as a fold: events, answers of the receiver and requests to send again come in; the next
 * state comes out. Pure; safe in the workflow sandbox.
 */
import type { WebhookError } from '../contract.js';

/** Tries go on for this long after an event came. */
export const TRIED_FOR_MS = 3 * 86_400_000;
/** An event that was given up is kept for this long, to be sent again. */
export const KEPT_FOR_MS = 30 * 86_400_000;
/** An event that comes late in the queue of a receiver that was down has this long at least. */
const LEAST_TRIED_MS = 60_000;

/** What all events have; the rest is passed on as it came. */
export interface WebhookEvent {
  readonly waitId: string;
  readonly sequence: number;
  readonly kind: string;
}

/** An event that the receiver has not accepted yet. Times are Unix milliseconds of workflow time. */
export interface PendingEvent {
  readonly event: WebhookEvent;
  readonly atMs: number;
}

/** An event that is not tried any more. */
export interface GivenUpEvent extends PendingEvent {
  readonly error: WebhookError;
}

/** See the file's description. Plain JSON. */
export interface DeliveryState {
  readonly webhook: string;
  readonly waitId: string;
  /** The highest number that came in; a repeat is dropped. */
  readonly sequence: number;
  /** In order; the first is tried, the others wait for it. */
  readonly pending: readonly PendingEvent[];
  readonly givenUp: readonly GivenUpEvent[];
  /** The receiver said that it is gone: nothing is posted to it any more. */
  readonly gone?: WebhookError;
}

/** A delivery at its start. */
export const beginDelivery = (webhook: string, waitId: string): DeliveryState => ({
  webhook,
  waitId,
  sequence: 0,
  pending: [],
  givenUp: [],
});

/** Whether a signal carries an event. Its further fields are the sender's business. */
export function isWebhookEvent(given: unknown): given is WebhookEvent {
  if (typeof given !== 'object' || given === null) return false;
  const { waitId, sequence, kind } = given as Partial<WebhookEvent>;
  return typeof waitId === 'string' && Number.isSafeInteger(sequence) && typeof kind === 'string';
}

/** Takes an event in. A repeat changes nothing; a snapshot has no number of its own, and is taken each time. */
export function takeEvent(state: DeliveryState, event: WebhookEvent, atMs: number): DeliveryState {
  const isSnapshot = event.kind === 'snapshot';
  if (event.waitId !== state.waitId || (!isSnapshot && event.sequence <= state.sequence)) return state;
  const sequence = isSnapshot ? state.sequence : event.sequence;
  const taken = { event, atMs };
  return state.gone === undefined
    ? { ...state, sequence, pending: [...state.pending, taken] }
    : { ...state, sequence, givenUp: [...state.givenUp, { ...taken, error: state.gone }] };
}

/** The receiver has accepted an event. It is no longer the first where others were to be sent again meanwhile. */
export const accepted = (state: DeliveryState, tried: PendingEvent): DeliveryState => ({
  ...state,
  pending: state.pending.filter((one) => one !== tried),
});

/** An event is given up; a receiver that is gone gets none of the others either. */
export function giveUp(state: DeliveryState, tried: PendingEvent, error: WebhookError): DeliveryState {
  const isGone = error.code === 'Gone';
  const isGivenUp = (one: PendingEvent): boolean => isGone || one === tried;
  const givenUp = [...state.givenUp, ...state.pending.filter(isGivenUp).map((one) => ({ ...one, error }))];
  const pending = state.pending.filter((one) => !isGivenUp(one));
  return { ...state, givenUp, pending, ...(isGone && { gone: error }) };
}

/** Tries all events that were given up once more, before those that wait. */
export function resend({ gone: _gone, ...state }: DeliveryState, atMs: number): DeliveryState {
  const again = state.givenUp.map(({ event }) => ({ event, atMs }));
  return { ...state, givenUp: [], pending: [...again, ...state.pending] };
}

/** How much longer an event is tried, in milliseconds. */
export const tryForMs = ({ atMs }: PendingEvent, nowMs: number): number =>
  Math.max(LEAST_TRIED_MS, atMs + TRIED_FOR_MS - nowMs);

/** An event of a delivery, as it is listed. */
export interface DeliveryEventStatus {
  /** The id of the post: a receiver drops repeats by it. */
  readonly id: string;
  readonly kind: string;
  readonly error?: WebhookError;
}

/** Answer of the query `tryOnWebhookStatus` and of the update `resend`. */
export interface DeliveryStatus {
  readonly webhook: string;
  readonly waitId: string;
  readonly taskId?: string;
  readonly requestId?: string;
  /** `delivering`: events are tried; `gone`: the receiver answered 410; `givenUp`: events wait to be sent again. */
  readonly state: 'delivering' | 'gone' | 'givenUp';
  readonly pending: readonly DeliveryEventStatus[];
  readonly givenUp: readonly DeliveryEventStatus[];
}

/** A status shows this many events of each list, the oldest. */
const SHOWN = 100;

/** The id of an event's post. */
export const eventId = ({ waitId, sequence }: WebhookEvent): string => `${waitId}-${sequence}`;

/** The view of a delivery. */
export function deliveryStatus(state: DeliveryState): DeliveryStatus {
  const { webhook, waitId, pending, givenUp, gone } = state;
  const first = (pending[0] ?? givenUp[0])?.event as { readonly taskId?: string; readonly requestId?: string };
  const shown = ({ event }: PendingEvent) => ({ id: eventId(event), kind: event.kind });
  return {
    webhook,
    waitId,
    ...(first?.taskId !== undefined && { taskId: first.taskId }),
    ...(first?.requestId !== undefined && { requestId: first.requestId }),
    state: gone !== undefined ? 'gone' : pending.length > 0 ? 'delivering' : 'givenUp',
    pending: pending.slice(0, SHOWN).map(shown),
    givenUp: givenUp.slice(0, SHOWN).map((one) => ({ ...shown(one), error: one.error })),
  };
}
