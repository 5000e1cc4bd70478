/** What a wait does next and why, and when its task may be over: for people who ask. Pure. */

import type { PollState } from '../poll/poll-state.js';
import type { Why } from '../poll/step.js';
import { type DurationModel, expectedFinish, quantile } from '../schedule/distribution.js';

/** What is known of a wait's next poll: the details that the last one left, and the server's word on when. Unix milliseconds. */
export interface KnownPoll {
  readonly nowMs: number;
  /** Absent where no worker tells. */
  readonly submittedAtMs?: number;
  readonly dueAtMs?: number;
  readonly isRunning?: boolean;
  readonly isPaused?: boolean;
  /** Absent before the first attempt. */
  readonly why?: Why;
  readonly pollCostSeconds?: number;
  readonly model?: DurationModel;
  readonly state?: PollState;
}

/** See `explainPoll`. */
export interface Explanation {
  /** What the last poll came to: the vendor's word for the task, or the errors it met. */
  readonly lastReply?: string;
  /** Last time the task was seen unfinished. */
  readonly seenOpenAt?: string;
  /** When the next poll is due; in the past where it is late. Absent while one runs. */
  readonly nextPollAt?: string;
  /** Why it is then, as a sentence without a full stop. */
  readonly why: string;
  /** Share of jobs like this that are over by now, 0 to 1. */
  readonly shareDone?: number;
  /** Of those not over when this one was last seen, half are over by then; absent for a job older than the model knows. */
  readonly medianFinishAt?: string;
  /** The same for 95 %. */
  readonly p95FinishAt?: string;
}

const rfc3339 = (ms: number): string => new Date(Math.round(ms)).toISOString();
const seconds = (value: number): string => `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} s`;

/** A distribution of durations in words: `40 s in the middle, 120 s at 95 % (prior)`. */
export function modelText(model: DurationModel): string {
  const { source, jobs } = model;
  const origin = source === 'learned' ? `learned from ${jobs ?? 'some'} jobs` : (source ?? 'given');
  return `half of the jobs take up to ${seconds(quantile(model, 0.5))}, 95 % up to ${seconds(quantile(model, 0.95))} (${origin})`;
}

/** Why the next poll is when it is. */
function whyText({ why, pollCostSeconds, model, state, isRunning, isPaused }: KnownPoll): string {
  if (isPaused) return 'polls are paused by an operator';
  if (isRunning) return 'a poll is under way';
  const distribution = model === undefined ? 'by the schedule' : `by durations: ${modelText(model)}`;
  const pollCost = pollCostSeconds === undefined ? '' : `; one poll is worth ${seconds(pollCostSeconds)} of delay`;
  const pollError = state?.blocked ?? state?.pollError?.error;
  const met = pollError === undefined ? 'error' : `${pollError.layer} ${pollError.code}`;
  const until = state?.pauseUntilMs === undefined ? '' : ` until ${rfc3339(state.pauseUntilMs)}`;
  switch (why) {
    case undefined:
      return 'no worker has taken the first poll yet';
    case 'schedule':
      return `${distribution}${pollCost}`;
    case 'first poll':
      return `hardly a job is over sooner; ${distribution}${pollCost}`;
    case 'final poll':
      return 'the deadline comes before the next poll would: it is the last one';
    case 'hint':
      return `the vendor asked to wait${until}`;
    case 'pause':
      return `the vendor ordered a pause${until}, or the account is told to stay away`;
    case 'backoff':
      return `${met}, ${state?.pollError?.count ?? 1} in a row: it backs off`;
    case 'blocked':
      return `${met}: it asks slowly until that is mended`;
    case 'recheck':
      return `the vendor calls the task over, but ${recheckText[state?.recheck?.why ?? 'unsettled']}: it is polled again`;
    default:
      return why satisfies never;
  }
}

const recheckText = {
  empty: 'gives no image',
  unsettled: 'not all of its parts',
  failed: 'as failed',
  notFound: 'does not know it any more',
} as const;

/** Explains a wait's next poll. Never throws. */
export function explainPoll(known: KnownPoll): Explanation {
  const { nowMs, submittedAtMs, dueAtMs, isRunning, model, state } = known;
  const error = state?.blocked ?? state?.pollError?.error;
  const lastReply = error === undefined ? (state?.vendorStatus ?? state?.status) : `${error.layer} ${error.code}`;
  return {
    ...(lastReply === undefined ? {} : { lastReply }),
    ...(state?.pendingUntilMs === undefined ? {} : { seenOpenAt: rfc3339(state.pendingUntilMs) }),
    ...(dueAtMs === undefined || isRunning ? {} : { nextPollAt: rfc3339(dueAtMs) }),
    why: whyText(known),
    ...(model === undefined || submittedAtMs === undefined ? {} : finish(model, submittedAtMs)),
  };

  function finish(distribution: DurationModel, fromMs: number): Partial<Explanation> {
    const { shareDone } = expectedFinish({ model: distribution, ageMs: nowMs - fromMs });
    const { medianMs, p95Ms } = expectedFinish({
      model: distribution,
      ageMs: (state?.pendingUntilMs ?? fromMs) - fromMs,
    });
    return {
      shareDone: Number(shareDone.toFixed(4)),
      ...(medianMs === undefined ? {} : { medianFinishAt: rfc3339(fromMs + medianMs) }),
      ...(p95Ms === undefined ? {} : { p95FinishAt: rfc3339(fromMs + p95Ms) }),
    };
  }
}
