/**
 * What follows one poll. Pure: the activity hands in what was recorded, and carries out what comes back.
 */
import type { TryOnError, TryOnImage } from '../contract.js';
import { defaults, limits } from '../contract.js';
import { takeFitting } from '../json-size.js';
import { jitterOf } from '../schedule/jitter.js';
import { firstPollMs, type NextPollInput, nextPoll, previousPoll, type SchedulePolicy } from '../schedule/schedule.js';
import type { Classification } from './classify.js';
import {
  countKnown,
  knownImages,
  type PollEnd,
  type PollError,
  type PollInput,
  type PollState,
  type Recheck,
} from './poll-state.js';
import type { Reply } from './reply.js';
import { clampHint, type Hint } from './retry-hint.js';
import { endOf, mergeSubTasks, subTaskOf, uniqueImages, withinEvents } from './task-progress.js';

/** Rules of a wait beside the schedule; lengths in milliseconds. */
export const waitRules = {
  notFoundGraceMs: defaults.notFoundGraceSeconds * 1000,
  /** A task said to be over without what it should have is polled this often, this far apart. */
  recheckPolls: { empty: 3, unsettled: 3, failed: 2, notFound: 2 },
  recheckMs: 5_000,
  errorBackoffMs: { first: 1_000, max: 60_000 },
  blockedBackoffMs: { first: 5_000, max: 300_000 },
  wrongTaskPolls: 3,
  /** A certificate that cannot be trusted so often in a row is for a person to mend. */
  untrustedPolls: 3,
  /** A pause ordered by the vendor that is at least this long is reported to the workflow. */
  longPauseMs: 10_000,
  /** New images in one report; the rest follows in the next one. */
  reportBytes: 1024 * 1024,
  /** An image with more JSON than this fits into no event: the vendor's mistake, taken as no image. */
  imageBytes: limits.eventBytes - 1024,
  /** So many images of one task are told, more are left out: their ids must fit into the input of a poll. */
  images: 50_000,
  /** So many bytes of sub-tasks are kept. */
  subTaskBytes: limits.resultBytes / 4,
  /** A poll this little early counts as due: servers and clocks round. */
  dueSlackMs: 250,
} as const;

/** When and where a poll happens. */
export interface PollTime {
  readonly nowMs: number;
  /** The activity's attempt, from 1. */
  readonly attempt: number;
}

/** A poll that was taken: `queries` is how many requests it took, 1 or 2; `scheduledAtMs` is when the server first scheduled the activity. */
export interface PollContext extends PollTime {
  readonly queries: number;
  readonly scheduledAtMs: number;
}

/** Why the next poll is when it is; shown by `status`. */
export type Why = 'schedule' | 'backoff' | 'hint' | 'blocked' | 'recheck' | 'pause' | 'last poll' | 'first poll';

/** What to do. `again`: fail this attempt, come back in `inMs`; `carry`: heartbeat the state first. `report`: return to the workflow. */
export type Decision =
  | { readonly kind: 'again'; readonly inMs: number; readonly why: Why; readonly carry: boolean }
  | { readonly kind: 'report'; readonly images: readonly TryOnImage[]; readonly end?: PollEnd };

/** A decision and the state it leaves. */
export interface Step {
  readonly state: PollState;
  readonly decision: Decision;
}

const ageMs = (input: PollInput, nowMs: number): number => Math.max(0, nowMs - input.submittedAtMs);

/** Where a job is in its course at `atMs`, as far as replies told: work began in the middle between two polls. */
function phaseAt(
  input: PollInput,
  { status, queuedUntilMs, runningSeenAtMs }: PollState,
  atMs: number,
): Pick<NextPollInput, 'phase' | 'phaseForMs' | 'phaseGapMs'> {
  if (runningSeenAtMs === undefined) return status === 'submitted' ? { phase: 'submitted' } : {};
  const gapMs = Math.max(0, runningSeenAtMs - (queuedUntilMs ?? input.submittedAtMs));
  return { phase: 'running', phaseForMs: Math.max(0, atMs - runningSeenAtMs + gapMs / 2), phaseGapMs: gapMs };
}

/** When the first poll of this activity is due. */
function firstPollAtMs(input: PollInput, policy: SchedulePolicy): number {
  const { from } = input;
  const planned = from.nextPollAtMs ?? input.submittedAtMs + firstPollMs(policy, jitterOf(input.taskId, 0));
  return Math.max(planned, from.pauseUntilMs ?? 0);
}

const isSkipped = (input: PollInput, policy: SchedulePolicy, atMs: number): boolean =>
  Math.min(firstPollAtMs(input, policy), input.deadlineMs) > atMs + waitRules.dueSlackMs;

/**
 * The state before this attempt: what was carried, and what attempt number and times tell of the plain polls since.
 * @param carried - heartbeat details, where an attempt of this activity left some
 * @param times - when the activity was first scheduled, and when this attempt was due, as the server recorded
 */
export function rebuild(
  input: PollInput,
  carried: PollState | undefined,
  policy: SchedulePolicy,
  attempt: number,
  times: { readonly scheduledAtMs: number; readonly dueAtMs: number },
): PollState {
  const base = carried ?? { ...input.from, asOfAttempt: 0 };
  // An operator's reset puts the attempt back to 1 and may keep the details.
  if (attempt <= base.asOfAttempt) return { ...base, asOfAttempt: attempt - 1, isReset: true };
  const plain = attempt - 1 - base.asOfAttempt;
  // Told to the workflow when it breaks off a poll: the plan holds for the next one.
  if (plain === 0) return attempt === 1 ? base : { ...base, nextPollAtMs: times.dueAtMs };
  const skipped = base.asOfAttempt === 0 && isSkipped(input, policy, times.scheduledAtMs) ? 1 : 0;
  const polls = plain - skipped;
  const state: PollState = {
    ...base,
    polls: base.polls + polls,
    asOfAttempt: attempt - 1,
    nextPollAtMs: times.dueAtMs,
  };
  if (polls === 0) return state;
  const before = previousPoll({
    ageMs: ageMs(input, times.dueAtMs),
    policy,
    jitter: jitterOf(input.taskId, attempt - 1),
    ...phaseAt(input, base, times.dueAtMs),
  });
  if (before === undefined) return state;
  const pendingUntilMs = Math.round(input.submittedAtMs + before);
  return { ...state, pendingUntilMs: Math.max(state.pendingUntilMs ?? 0, pendingUntilMs) };
}

/** What a heartbeat must carry: all but what {@link rebuild} finds by itself. */
function significant(state: PollState): string {
  const {
    polls: _polls,
    asOfAttempt: _attempt,
    pendingUntilMs: _until,
    subTasks: _subTasks,
    nextPollAtMs: _next,
    ...rest
  } = state;
  return JSON.stringify(Object.entries(rest).sort(([one], [other]) => (one < other ? -1 : 1)));
}

const queuedUntil = ({ pendingUntilMs }: PollState): Pick<PollState, 'queuedUntilMs'> =>
  pendingUntilMs === undefined ? {} : { queuedUntilMs: pendingUntilMs };

const without = <K extends keyof PollState>(state: PollState, ...keys: K[]): Omit<PollState, K> => {
  const copy = { ...state };
  for (const key of keys) delete copy[key];
  return copy;
};

/** Brings a delay before the deadline: never past it, and no poll so short before it that the last poll follows at once. */
export function clampToDeadline(inMs: number, nowMs: number, deadlineMs: number, floorMs: number): number {
  const left = Math.max(0, Math.floor(deadlineMs - nowMs));
  const wanted = Math.round(inMs);
  return left - wanted < floorMs ? left : wanted;
}

/**
 * Whether this attempt should stay silent, since its poll is not due.
 * @param sharedPauseUntilMs - until when the whole account is told to stay away, 0 for never
 */
export function beforePoll(
  input: PollInput,
  before: PollState,
  policy: SchedulePolicy,
  at: PollTime,
  scheduledAtMs: number,
  sharedPauseUntilMs: number,
): Step | undefined {
  const first = at.attempt === 1;
  const firstAtMs = first ? firstPollAtMs(input, policy) : 0;
  // After an operator's reset the pause is known from the details alone.
  const ownDue = Math.max(firstAtMs, before.pauseUntilMs ?? 0);
  const wantedMs = Math.max(ownDue, sharedPauseUntilMs) - at.nowMs;
  if (Math.min(wantedMs, input.deadlineMs - at.nowMs) <= waitRules.dueSlackMs) return undefined;
  const inMs = clampToDeadline(wantedMs, at.nowMs, input.deadlineMs, policy.floorMs);
  const due = at.nowMs + inMs;
  const planned = first && Math.max(ownDue, sharedPauseUntilMs) <= firstAtMs && isSkipped(input, policy, scheduledAtMs);
  const paused = sharedPauseUntilMs > ownDue || (before.pauseUntilMs ?? 0) > at.nowMs;
  const state = { ...before, asOfAttempt: at.attempt, nextPollAtMs: due };
  const why: Why = due >= input.deadlineMs ? 'last poll' : paused ? 'pause' : 'first poll';
  return { state, decision: { kind: 'again', inMs, why, carry: !planned } };
}

/**
 * What follows an attempt on a queue that is not the vendor's: none there asks the vendor.
 * @param quiet - from {@link beforePoll}, where the poll is not due
 * @param hasMoved - whether the attempts that follow run on the vendor's queue; else the workflow schedules an activity there
 */
export function beforeMove(before: PollState, quiet: Step | undefined, at: PollTime, hasMoved: boolean): Step {
  const due: Step = {
    state: { ...before, asOfAttempt: at.attempt },
    decision: { kind: 'again', inMs: 1, why: 'first poll', carry: true },
  };
  const step = quiet ?? due;
  if (hasMoved) return step;
  return { state: { ...step.state, isUnmovable: true }, decision: { kind: 'report', images: [] } };
}

/** What the vendor called the task, where that is still polled again. */
function calledOver({ recheck }: PollState): 'finished' | 'failed' | undefined {
  if (recheck === undefined || recheck.why === 'notFound') return undefined;
  return recheck.why === 'failed' ? 'failed' : 'finished';
}

/**
 * Says what follows one reply. Never throws.
 * @param before - from {@link rebuild}
 * @param reply - what the vendor's answer came to, images with their ids
 * @param classification - from `classify`
 */
export function next(
  input: PollInput,
  before: PollState,
  reply: Reply,
  classification: Classification,
  policy: SchedulePolicy,
  at: PollContext,
): Step {
  const { nowMs, attempt } = at;
  const jitter = jitterOf(input.taskId, attempt);
  const scheduledAfter = (state: PollState): number =>
    nextPoll({ ageMs: ageMs(input, nowMs), policy, jitter, ...phaseAt(input, state, nowMs) }).delayMs;
  const counted: PollState = {
    ...without(before, 'nextPollAtMs', 'pauseUntilMs', 'isReset'),
    polls: before.polls + at.queries,
    asOfAttempt: attempt,
  };
  const isLast = nowMs >= input.deadlineMs - waitRules.dueSlackMs;

  const report = (state: PollState, images: readonly TryOnImage[], end?: PollEnd): Step => ({
    state,
    decision: { kind: 'report', images, ...(end === undefined ? {} : { end }) },
  });
  const again = (state: PollState, wishedMs: number, why: Why, images: readonly TryOnImage[] = []): Step => {
    const wantedMs = Math.max(wishedMs, (state.pauseUntilMs ?? 0) - nowMs);
    if (isLast) {
      const error = state.blocked ?? state.pollError?.error;
      // The plan is for a deadline that was moved in the meantime: then this is no end, nor a reason to ask faster.
      const planned = { ...state, nextPollAtMs: nowMs + wantedMs };
      return report(planned, images, { status: 'timeout', ...(error === undefined ? {} : { error }) });
    }
    const inMs = clampToDeadline(wantedMs, nowMs, input.deadlineMs, policy.floorMs);
    const planned: PollState = { ...state, nextPollAtMs: nowMs + inMs };
    const longPause = (state.pauseUntilMs ?? 0) - nowMs >= waitRules.longPauseMs;
    const isNews = images.length > 0 || longPause || (state.blocked === undefined) !== (before.blocked === undefined);
    if (isNews) return report(planned, images);
    // What attempt number and times do not tell: two polls in one attempt, one where a silent attempt was planned, and when this
    // poll was, if the next one is not by the schedule.
    const isHidden = at.queries !== 1 || (attempt === 1 && isSkipped(input, policy, at.scheduledAtMs));
    const isClamped = inMs !== wantedMs;
    const carry = isHidden || isClamped || significant(state) !== significant(before);
    return { state: planned, decision: { kind: 'again', inMs, why: isClamped ? 'last poll' : why, carry } };
  };
  const recheck = (
    state: PollState,
    why: Recheck['why'],
    end: PollEnd,
    images: { readonly fresh: readonly TryOnImage[]; readonly newest: readonly TryOnImage[] },
  ): Step => {
    const was = before.recheck?.why === why ? before.recheck : undefined;
    // A poll that `pollNow` brought about between two others gives the vendor no more time.
    const isBetween = was !== undefined && nowMs < was.atMs + waitRules.recheckMs - waitRules.dueSlackMs;
    const now: Recheck = isBetween ? was : { why, polls: (was?.polls ?? 0) + 1, atMs: nowMs };
    if (now.polls >= waitRules.recheckPolls[why]) return report(without(state, 'recheck'), images.newest, end);
    const inMs = Math.max(policy.floorMs, now.atMs + waitRules.recheckMs - nowMs);
    const step = again({ ...state, recheck: now }, inMs, 'recheck', images.fresh);
    if (step.decision.kind !== 'report' || step.decision.end === undefined) return step;
    // The time is up: what the vendor called over is told as it is, but an empty result could still fill.
    return report(step.state, images.newest, why === 'empty' ? { ...end, status: 'timeout' } : end);
  };
  /** The pause that a reply asks for. A wish that is no time at all, or a negative one, is none. */
  const pauseOf = (hint: Hint | undefined): { readonly pauseUntilMs?: number } => {
    if (hint === undefined || (hint.outOfRange !== undefined && hint.delayMs <= 0)) return {};
    const leftMs = Math.max(policy.floorMs, input.deadlineMs - nowMs);
    return { pauseUntilMs: nowMs + clampHint(hint, { floorMs: policy.floorMs, leftMs }) };
  };

  if (classification.kind === 'error') return onError(classification);

  const task = reply.kind === 'answer' ? reply.task : undefined;
  const status = task?.status ?? 'unknown';
  const subTaskReplies = (task?.subTasks ?? []).map((one) => withinEvents(one, waitRules.imageBytes));
  const subTasks = mergeSubTasks(before.subTasks, subTaskReplies.map(subTaskOf));
  const overBefore = calledOver(before);
  const told: PollState = {
    ...without(counted, 'pollError', 'blocked', 'recheck', 'vendorStatus'),
    status,
    ...(task?.vendorStatus === undefined ? {} : { vendorStatus: task.vendorStatus }),
    subTasks: takeFitting(subTasks, waitRules.subTaskBytes).fitting,
    ...(status === 'running' && before.runningSeenAtMs === undefined ? { runningSeenAtMs: nowMs } : {}),
    ...(status !== 'submitted' && before.status === 'submitted' && before.runningSeenAtMs === undefined
      ? queuedUntil(before)
      : {}),
    ...(overBefore === undefined || overBefore === status ? {} : { conflict: `${status} after ${overBefore}` }),
  };

  const isKnown = knownImages(input.known);
  const room = Math.max(0, waitRules.images - countKnown(input.known));
  const images = uniqueImages(subTaskReplies, classification.kind === 'pending');
  const { fitting: fresh, omitted } = takeFitting(
    images.filter((image) => !isKnown(image)).slice(0, room),
    waitRules.reportBytes,
  );
  const all = takeFitting(images, waitRules.reportBytes);
  const newest = all.omitted === 0 ? all.fitting : fresh;
  // An end waits until all images are told.
  if (omitted > 0 && (classification.kind === 'ended' || isLast)) {
    return report({ ...told, nextPollAtMs: nowMs + policy.floorMs }, fresh);
  }

  if (classification.kind === 'pending') {
    const pause = pauseOf(classification.hint);
    const pending: PollState = { ...told, pendingUntilMs: nowMs, ...pause };
    const [wishedMs, why] =
      pause.pauseUntilMs === undefined
        ? [scheduledAfter(pending), 'schedule' as const]
        : [pause.pauseUntilMs - nowMs, 'hint' as const];
    return again(pending, wishedMs, why, isLast ? newest : fresh);
  }

  const end = endOf(classification.status, classification.error, subTasks);
  if ('recheck' in end) return recheck(told, end.recheck, end.else, { fresh, newest });
  return report(told, newest, end);

  function onError(met: Extract<Classification, { kind: 'error' }>): Step {
    const { class: kind, hint, retries } = met;
    const message = hint?.outOfRange === undefined ? met.error.message : `${met.error.message} (${hint.outOfRange})`;
    const error: TryOnError = { ...met.error, message };
    const was = before.pollError;
    const isSame = was !== undefined && was.error.code === error.code && was.error.layer === error.layer;
    const scheduled = scheduledAfter(before);
    const pollError: PollError = {
      class: kind,
      error,
      polls: (was?.polls ?? 0) + 1,
      samePolls: isSame ? was.samePolls + 1 : 1,
    };
    // Errors says nothing of the task, so what was to be polled again still is.
    const pause = pauseOf(hint);
    const state: PollState = { ...counted, pollError, ...pause };
    const open = without(state, 'blocked');
    // Never faster than the schedule: a fault must not raise the rate on the task.
    const wanted = Math.max(backoffMs(waitRules.errorBackoffMs, pollError.polls, jitter), scheduled);
    switch (kind) {
      case 'auth':
      case 'quota':
      case 'clock':
        return hold(state, error);
      case 'wrongTask':
        if (pollError.samePolls >= waitRules.wrongTaskPolls) return hold(state, error);
        return state.blocked === undefined ? again(state, wanted, 'backoff') : hold(state, state.blocked);
      case 'transient':
      case 'throttled':
        if (error.code === 'TlsFailed' && pollError.samePolls >= waitRules.untrustedPolls) return hold(state, error);
        // Says nothing about the key: still blocked, still slow.
        if (state.blocked !== undefined) return hold(state, state.blocked);
        // The vendor's wish goes before our own.
        return pause.pauseUntilMs === undefined
          ? again(state, wanted, 'backoff')
          : again(state, pause.pauseUntilMs - nowMs, 'hint');
      case 'notFound': {
        if (nowMs - input.submittedAtMs < waitRules.notFoundGraceMs) return again(open, scheduled, 'schedule');
        const end: PollEnd = { status: 'notFound', error };
        const wasSeen = before.status !== undefined;
        return wasSeen ? recheck(open, 'notFound', end, { fresh: [], newest: [] }) : report(open, [], end);
      }
      case 'refused':
      case 'failed': {
        const isBelieved = pollError.samePolls > retries;
        return isBelieved ? report(open, [], { status: 'failed', error }) : again(open, wanted, 'backoff');
      }
      default:
        return kind satisfies never;
    }
  }

  /** A person must act: holds on and asks slowly, from 5 s doubling to 5 min. */
  function hold(state: PollState, error: TryOnError): Step {
    const polls = before.blocked === undefined ? 1 : (before.pollError?.polls ?? 0) + 1;
    const held: PollState = {
      ...state,
      blocked: error,
      ...(state.pollError === undefined ? {} : { pollError: { ...state.pollError, polls } }),
    };
    return again(held, backoffMs(waitRules.blockedBackoffMs, polls, 0), 'blocked');
  }
}

/** Doubling from `first` to `most`, 20 % of jitter above. Counted in polls, so it neither takes from the schedule nor gives to it. */
export function backoffMs(
  bounds: { readonly first: number; readonly max: number },
  polls: number,
  jitter: number,
): number {
  const doubled = Math.min(bounds.max, bounds.first * 2 ** Math.min(30, polls - 1));
  return Math.round(doubled * (1 + 0.2 * jitter));
}
