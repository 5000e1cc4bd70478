/** What a wait does next and why, and when its task may be over. Pure. */
import { defined } from '../defined.js';
import type { PollState } from '../poll/poll-state.js';
import type { Why } from '../poll/step.js';
import { type DurationModel, expectedFinish, quantile } from '../schedule/distribution.js';

/** What is known of a wait's next poll: from the details of the last attempt and from the server. Times in Unix milliseconds. */
export interface KnownPoll {
  readonly nowMs: number;
  /** Absent where no worker answered. */
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
  /** Share of similar tasks that are done by now, 0 to 1. */
  readonly shareDone?: number;
  /** Of those not done when this one was last seen, half are done by then; absent for a task older than the model's horizon. */
  readonly medianFinishAt?: string;
  /** The same for 95 %. */
  readonly p95FinishAt?: string;
}

const rfc3339 = (ms: number): string => new Date(Math.round(ms)).toISOString();
const seconds = (value: number): string => `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} s`;

/** A duration distribution in words: `half of the tasks take up to 40 s, 95% up to 120 s (prior)`. */
export function modelText(model: DurationModel): string {
  const { source, jobs } = model;
  const origin = source === 'learned' ? `learned from ${jobs ?? 'some'} tasks` : (source ?? 'given');
  return `half of the tasks take up to ${seconds(quantile(model, 0.5))}, 95% up to ${seconds(quantile(model, 0.95))} (${origin})`;
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
      return `hardly any task is done sooner; ${distribution}${pollCost}`;
    case 'final poll':
      return 'it is the final poll, at the deadline';
    case 'hint':
      return `the vendor asked to wait${until}`;
    case 'pause':
      return `the vendor ordered a pause${until}, or the account is throttled`;
    case 'backoff':
      return `${met}, ${state?.pollError?.count ?? 1} in a row: backing off`;
    case 'blocked':
      return `${met}: polling slowly until that is fixed`;
    case 'recheck':
      return `the vendor says that the task is over, but ${recheckText[state?.recheck?.why ?? 'unsettled']}: polling again`;
    default:
      return why satisfies never;
  }
}

const recheckText = {
  empty: 'without an image',
  unsettled: 'some sub-tasks are not',
  failed: 'that it failed',
  notFound: 'that it is unknown now',
} as const;

/** Explains a wait's next poll. Never throws. */
export function explainPoll(known: KnownPoll): Explanation {
  const { nowMs, submittedAtMs, dueAtMs, isRunning, model, state } = known;
  const error = state?.blocked ?? state?.pollError?.error;
  const lastReply = error === undefined ? (state?.vendorStatus ?? state?.status) : `${error.layer} ${error.code}`;
  return {
    ...defined({ lastReply }),
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
