/** What a wait does next and why, and when its task may be over: for people who ask. Pure. */

import type { Why } from '../poll/decide.js';
import type { PollState } from '../poll/poll-state.js';
import { type DurationModel, expectedFinish, quantile } from '../schedule/distribution.js';

/** What is known of a wait's next look: the details that the last one left, and the server's word on when. Unix milliseconds. */
export interface LookKnown {
  readonly nowMs: number;
  /** Absent where no worker tells. */
  readonly submittedAtMs?: number;
  readonly dueAtMs?: number;
  readonly isRunning?: boolean;
  readonly isPaused?: boolean;
  /** Absent before the first attempt. */
  readonly why?: Why;
  readonly priceSeconds?: number;
  readonly model?: DurationModel;
  readonly state?: PollState;
}

/** See `explainLook`. */
export interface Explanation {
  /** What the last look came to: the vendor's word for the task, or the trouble it met. */
  readonly lastReply?: string;
  /** Last time the task was seen unfinished. */
  readonly seenOpenAt?: string;
  /** When the next look is due; in the past where it is late. Absent while one runs. */
  readonly nextLookAt?: string;
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

/** A law of durations in words: `40 s in the middle, 120 s at 95 % (prior)`. */
export function modelText(model: DurationModel): string {
  const { source, jobs } = model;
  const origin = source === 'learned' ? `learned from ${jobs ?? 'some'} jobs` : (source ?? 'given');
  return `half of the jobs take up to ${seconds(quantile(model, 0.5))}, 95 % up to ${seconds(quantile(model, 0.95))} (${origin})`;
}

/** Why the next look is when it is. */
function whyText({ why, priceSeconds, model, state, isRunning, isPaused }: LookKnown): string {
  if (isPaused) return 'looks are paused by an operator';
  if (isRunning) return 'a look is under way';
  const law = model === undefined ? 'by the schedule' : `by durations: ${modelText(model)}`;
  const price = priceSeconds === undefined ? '' : `; one look is worth ${seconds(priceSeconds)} of delay`;
  const trouble = state?.blocked ?? state?.trouble?.error;
  const met = trouble === undefined ? 'trouble' : `${trouble.layer} ${trouble.code}`;
  const until = state?.pauseUntilMs === undefined ? '' : ` until ${rfc3339(state.pauseUntilMs)}`;
  switch (why) {
    case undefined:
      return 'no worker has taken the first look yet';
    case 'schedule':
      return `${law}${price}`;
    case 'first look':
      return `hardly a job is over sooner; ${law}${price}`;
    case 'last look':
      return 'the deadline comes before the next look would: it is the last one';
    case 'hint':
      return `the vendor asked to wait${until}`;
    case 'pause':
      return `the vendor ordered a pause${until}, or the account is told to stay away`;
    case 'backoff':
      return `${met}, ${state?.trouble?.looks ?? 1} in a row: it backs off`;
    case 'blocked':
      return `${met}: it asks slowly until that is mended`;
    case 'recheck':
      return `the vendor calls the task over, but ${recheckText[state?.recheck?.why ?? 'unsettled']}: it is looked at again`;
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

/** Explains a wait's next look. Never throws. */
export function explainLook(known: LookKnown): Explanation {
  const { nowMs, submittedAtMs, dueAtMs, isRunning, model, state } = known;
  const error = state?.blocked ?? state?.trouble?.error;
  const lastReply = error === undefined ? (state?.vendorStatus ?? state?.status) : `${error.layer} ${error.code}`;
  return {
    ...(lastReply === undefined ? {} : { lastReply }),
    ...(state?.pendingUntilMs === undefined ? {} : { seenOpenAt: rfc3339(state.pendingUntilMs) }),
    ...(dueAtMs === undefined || isRunning ? {} : { nextLookAt: rfc3339(dueAtMs) }),
    why: whyText(known),
    ...(model === undefined || submittedAtMs === undefined ? {} : finish(model, submittedAtMs)),
  };

  function finish(law: DurationModel, fromMs: number): Partial<Explanation> {
    const { shareDone } = expectedFinish({ model: law, ageMs: nowMs - fromMs });
    const { medianMs, p95Ms } = expectedFinish({ model: law, ageMs: (state?.pendingUntilMs ?? fromMs) - fromMs });
    return {
      shareDone: Number(shareDone.toFixed(4)),
      ...(medianMs === undefined ? {} : { medianFinishAt: rfc3339(fromMs + medianMs) }),
      ...(p95Ms === undefined ? {} : { p95FinishAt: rfc3339(fromMs + p95Ms) }),
    };
  }
}
