/** One interleaving as data: what the vendor answers, who does what and when, and what came of it. Types only; the sandbox imports it. */
import type { Subscriber, TryOnEvent, TryOnOutcome, TryOnResultsInput, TryOnStatus } from '../../src/contract.js';
import type { Reply } from '../../src/poll/reply.js';

/** What may be done to a wait. */
export type What =
  | 'subscribe'
  | 'unsubscribe'
  | 'signalSubscribe'
  | 'signalUnsubscribe'
  | 'pollNow'
  | 'setTimeout'
  | 'query'
  | 'cancel'
  /** A signal whose payload cannot be decoded, or that is malformed: it changes nothing. */
  | 'undecodable'
  | 'malformed';

/** `who` is the name of a signal: one workflow listens under several. */
export interface Action {
  readonly what: What;
  readonly who?: string;
  readonly seconds?: number;
}

/** An action at a time of the server. */
export interface TimedAction extends Action {
  readonly afterMs: number;
}

/** An action while the vendor's answer to the query with this index, from 0, is on its way. */
export interface InFlightAction extends Action {
  readonly query: number;
  /** In real time: from the query to the action, and from there to the answer at most. */
  readonly afterMs: number;
  readonly holdMs: number;
}

/** See the file's description. */
export interface Scenario {
  /** By index of the query; the last one goes on for ever. */
  readonly replies: readonly Reply[];
  /** Queries that take the client two requests: each so many, 0 for none. */
  readonly twice: number;
  readonly isChild: boolean;
  readonly notifyParent: boolean;
  readonly timeoutSeconds: number;
  readonly ageSeconds: number;
  readonly notify: readonly string[];
  /** One subscriber from the start never leaves; always so for a wait that is nobody's child. */
  readonly isKept: boolean;
  /** One more subscriber, who is not there. */
  readonly hasGone: boolean;
  readonly actions: readonly TimedAction[];
  readonly inFlight: readonly InFlightAction[];
}

/** What the activity of the player is asked to do. */
export interface Act extends Omit<Action, 'what'> {
  readonly what: What | 'start' | 'result';
  readonly taskId: string;
  readonly subscriber?: Subscriber;
  readonly input?: TryOnResultsInput;
}

/** What an action came to: `status` for an update or a query, `gone` where the wait had closed. */
export interface Answered extends Omit<Action, 'what'> {
  readonly what: Act['what'];
  readonly kind: 'status' | 'sent' | 'gone' | 'lost' | 'outcome' | 'cancelled' | 'failed';
  readonly status?: TryOnStatus;
  readonly outcome?: TryOnOutcome;
  readonly message?: string;
}

/** Input of the player. */
export interface Part {
  readonly input: TryOnResultsInput;
  readonly isChild: boolean;
  readonly signals: readonly string[];
  readonly control: string;
  readonly notify: readonly string[];
  readonly hasGone: boolean;
  readonly actions: readonly TimedAction[];
}

/** Result of the player. */
export interface Played {
  readonly events: { readonly signal: string; readonly event: TryOnEvent }[];
  readonly answers: readonly Answered[];
  readonly end: Answered;
  readonly last: Answered;
}

/** A whole interleaving, for the invariants. */
export interface Interleaving extends Played {
  readonly scenario: Scenario;
  readonly taskId: string;
  /** Requests that the vendor saw, and when queries came, in the server's time. */
  readonly requests: number;
  readonly queriedAtMs: readonly number[];
  readonly inFlightAnswers: readonly Answered[];
  /** Least gap of the schedule. */
  readonly floorMs: number;
}
