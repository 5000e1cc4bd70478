/**
 * What follows one look. Pure: the activity hands in what was recorded, and carries out what comes back.
 */
import type { OutcomeStatus, SubTask, TryOnError, TryOnImage } from '../contract.js';
import { defaults } from '../contract.js';
import type { Verdict } from './classify.js';
import { clampHint } from './hints.js';
import { jitterOf } from './jitter.js';
import { knownImages, type PollEnd, type PollInput, type PollState, type Recheck, type Trouble } from './poll.js';
import type { Reply, SubTaskReply } from './reply.js';
import { firstLookMs, nextLook, previousLook, type SchedulePolicy } from './schedule.js';
import { takeFitting } from './size.js';

/** Rules of a wait beside the schedule; lengths in milliseconds. */
export const waitRules = {
  notFoundGraceMs: defaults.notFoundGraceSeconds * 1000,
  /** A task said to be over without what it should have is looked at this often, this far apart. */
  recheckLooks: { empty: 3, unsettled: 3, failed: 2, notFound: 2 },
  recheckMs: 5_000,
  errorBackoffMs: { first: 1_000, most: 60_000 },
  blockedBackoffMs: { first: 5_000, most: 300_000 },
  wrongTaskLooks: 3,
  /** A pause ordered by the vendor that is at least this long is reported to the workflow. */
  longPauseMs: 10_000,
  /** New images in one report; the rest follows in the next one. */
  reportBytes: 1024 * 1024,
  /** A look this little early counts as due: servers and clocks round. */
  dueSlackMs: 250,
} as const;

/** When and where a look happens. */
export interface Moment {
  readonly nowMs: number;
  /** The activity's attempt, from 1. */
  readonly attempt: number;
}

/** A look that was taken: `queries` is how many requests it took, 1 or 2; `scheduledAtMs` is when the server first scheduled the activity. */
export interface LookMoment extends Moment {
  readonly queries: number;
  readonly scheduledAtMs: number;
}

/** Why the next look is when it is; shown by `status`. */
export type Why = 'schedule' | 'backoff' | 'hint' | 'blocked' | 'recheck' | 'pause' | 'last look' | 'first look';

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

/** When the first look of this activity is due. */
function firstLookAtMs(input: PollInput, policy: SchedulePolicy): number {
  const { from } = input;
  const planned = from.nextLookAtMs ?? input.submittedAtMs + firstLookMs(policy, jitterOf(input.taskId, 0));
  return Math.max(planned, from.pauseUntilMs ?? 0);
}

const isSkipped = (input: PollInput, policy: SchedulePolicy, atMs: number): boolean =>
  Math.min(firstLookAtMs(input, policy), input.deadlineMs) > atMs + waitRules.dueSlackMs;

/**
 * The state before this attempt: what was carried, and what attempt number and times tell of the plain looks since.
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
  if (attempt <= base.asOfAttempt) return { ...base, asOfAttempt: attempt - 1 };
  const plain = attempt - 1 - base.asOfAttempt;
  if (plain === 0) return base;
  const skipped = base.asOfAttempt === 0 && isSkipped(input, policy, times.scheduledAtMs) ? 1 : 0;
  const looks = plain - skipped;
  const state: PollState = { ...base, polls: base.polls + looks, asOfAttempt: attempt - 1 };
  if (looks === 0) return state;
  const before = previousLook({
    ageMs: ageMs(input, times.dueAtMs),
    policy,
    jitter: jitterOf(input.taskId, attempt - 1),
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
    nextLookAtMs: _next,
    ...rest
  } = state;
  return JSON.stringify(rest);
}

const without = <K extends keyof PollState>(state: PollState, ...keys: K[]): Omit<PollState, K> => {
  const copy = { ...state };
  for (const key of keys) delete copy[key];
  return copy;
};

/** Brings a delay before the deadline: never past it, and no look so short before it that the last look follows at once. */
export function clampToDeadline(inMs: number, nowMs: number, deadlineMs: number, floorMs: number): number {
  const left = Math.max(0, deadlineMs - nowMs);
  return Math.round(left - inMs < floorMs ? left : inMs);
}

/**
 * Whether this attempt should stay silent, since its look is not due.
 * @param sharedPauseUntilMs - until when the whole account is told to stay away, 0 for never
 */
export function beforeLook(
  input: PollInput,
  before: PollState,
  policy: SchedulePolicy,
  at: Moment,
  scheduledAtMs: number,
  sharedPauseUntilMs: number,
): Step | undefined {
  const first = at.attempt === 1;
  const ownDue = first ? firstLookAtMs(input, policy) : (before.pauseUntilMs ?? 0);
  const due = Math.min(Math.max(ownDue, sharedPauseUntilMs), input.deadlineMs);
  if (due <= at.nowMs + waitRules.dueSlackMs) return undefined;
  const planned = first && sharedPauseUntilMs <= ownDue && isSkipped(input, policy, scheduledAtMs);
  const paused = sharedPauseUntilMs > ownDue || (before.pauseUntilMs ?? 0) > at.nowMs;
  const state = { ...before, asOfAttempt: at.attempt, nextLookAtMs: due };
  const why: Why = due === input.deadlineMs ? 'last look' : paused ? 'pause' : 'first look';
  return { state, decision: { kind: 'again', inMs: Math.round(due - at.nowMs), why, carry: !planned } };
}

const subTaskOf = (reply: SubTaskReply): SubTask => ({
  index: reply.index,
  status: reply.status,
  imageCount: reply.images.length,
  ...(reply.vendorStatus === undefined ? {} : { vendorStatus: reply.vendorStatus }),
});

/** Progress never goes backwards for observers: a sub-task seen over stays over. */
function mergeSubTasks(before: readonly SubTask[], told: readonly SubTask[]): readonly SubTask[] {
  if (told.length === 0) return before;
  const known = new Map(before.map((subTask) => [subTask.index, subTask]));
  return told.map((now) => {
    const was = known.get(now.index);
    const wasOver = was?.status === 'finished' && now.status !== 'finished';
    return wasOver ? was : now;
  });
}

function uniqueImages(subTasks: readonly SubTaskReply[], finishedOnly: boolean): TryOnImage[] {
  const images = new Map<string, TryOnImage>();
  for (const subTask of subTasks) {
    if (finishedOnly && subTask.status !== 'finished') continue;
    for (const image of subTask.images) if (!images.has(image.id)) images.set(image.id, image);
  }
  return [...images.values()];
}

const isOver = (subTask: SubTaskReply): boolean => subTask.status === 'finished' || subTask.status === 'failed';

/** How a task that the vendor calls over ended, or why that is not believed yet. */
function endOf(
  status: 'finished' | 'failed',
  error: TryOnError | undefined,
  subTasks: readonly SubTaskReply[],
): PollEnd | { readonly recheck: Recheck['why']; readonly else: PollEnd } {
  const withImages = subTasks.filter((subTask) => subTask.images.length > 0).length;
  const failure = error ?? { layer: 'task', code: 'failed', message: 'the vendor says that the task failed' };
  if (status === 'failed' && withImages === 0) {
    return { recheck: 'failed', else: { status: 'failed', error: failure } };
  }
  const over: OutcomeStatus = withImages < subTasks.length || status === 'failed' ? 'partial' : 'finished';
  if (withImages === 0) {
    if (subTasks.length > 0 && subTasks.every((subTask) => subTask.status === 'failed')) {
      return { status: 'failed', error: { ...failure, message: error?.message ?? 'every sub-task failed' } };
    }
    const empty: TryOnError = {
      layer: 'task',
      code: 'EmptyResult',
      message: 'the vendor says that the task finished, but gives no image; ask the vendor with the task id',
    };
    return { recheck: 'empty', else: { status: 'failed', error: empty } };
  }
  if (status === 'finished' && !subTasks.every((subTask) => isOver(subTask) || subTask.images.length > 0)) {
    return { recheck: 'unsettled', else: { status: over } };
  }
  return { status: over };
}

/**
 * Says what follows one reply. Never throws.
 * @param before - from {@link rebuild}
 * @param reply - what the vendor's answer came to, images with their ids
 * @param verdict - from `classify`
 */
export function next(
  input: PollInput,
  before: PollState,
  reply: Reply,
  verdict: Verdict,
  policy: SchedulePolicy,
  at: LookMoment,
): Step {
  const { nowMs, attempt } = at;
  const jitter = jitterOf(input.taskId, attempt);
  const scheduled = nextLook({ ageMs: ageMs(input, nowMs), policy, jitter }).delayMs;
  const counted: PollState = {
    ...without(before, 'nextLookAtMs', 'pauseUntilMs'),
    polls: before.polls + at.queries,
    asOfAttempt: attempt,
  };
  const isLast = nowMs >= input.deadlineMs - waitRules.dueSlackMs;

  const report = (state: PollState, images: readonly TryOnImage[], end?: PollEnd): Step => ({
    state,
    decision: { kind: 'report', images, ...(end === undefined ? {} : { end }) },
  });
  const timeout = (state: PollState, images: readonly TryOnImage[] = []): Step => {
    const error = state.blocked ?? state.trouble?.error;
    return report(state, images, { status: 'timeout', ...(error === undefined ? {} : { error }) });
  };
  const again = (state: PollState, wantedMs: number, why: Why, images: readonly TryOnImage[] = []): Step => {
    if (isLast) return timeout(state, images);
    const inMs = clampToDeadline(wantedMs, nowMs, input.deadlineMs, policy.floorMs);
    const planned: PollState = { ...state, nextLookAtMs: nowMs + inMs };
    const longPause = (state.pauseUntilMs ?? 0) - nowMs >= waitRules.longPauseMs;
    const isNews = images.length > 0 || longPause || (state.blocked === undefined) !== (before.blocked === undefined);
    if (isNews) return report(planned, images);
    // Polls that attempt number and times do not tell: two in one attempt, or one where a silent attempt was planned.
    const isHidden = at.queries !== 1 || (attempt === 1 && isSkipped(input, policy, at.scheduledAtMs));
    const carry = isHidden || significant(state) !== significant(before);
    return {
      state: planned,
      decision: { kind: 'again', inMs, why: inMs < wantedMs || inMs > wantedMs + 1 ? 'last look' : why, carry },
    };
  };
  const recheck = (state: PollState, why: Recheck['why'], end: PollEnd, images: readonly TryOnImage[]): Step => {
    const looks = before.recheck?.why === why ? before.recheck.looks + 1 : 1;
    if (looks >= waitRules.recheckLooks[why]) return report(without(state, 'recheck'), images, end);
    const step = again({ ...state, recheck: { why, looks } }, waitRules.recheckMs, 'recheck', images);
    if (step.decision.kind !== 'report' || step.decision.end === undefined) return step;
    // The time is up: what the vendor called over is told as it is, but an empty result could still fill.
    return report(state, images, why === 'empty' ? { ...end, status: 'timeout' } : end);
  };

  const leftMs = (): number => Math.max(policy.floorMs, input.deadlineMs - nowMs);

  if (verdict.kind === 'trouble') return onTrouble(verdict);

  const task = reply.kind === 'answer' ? reply.task : undefined;
  const subTaskReplies = task?.subTasks ?? [];
  const told: PollState = {
    ...without(counted, 'trouble', 'blocked', 'recheck', 'vendorStatus'),
    status: task?.status ?? 'unknown',
    ...(task?.vendorStatus === undefined ? {} : { vendorStatus: task.vendorStatus }),
    subTasks: mergeSubTasks(before.subTasks, subTaskReplies.map(subTaskOf)),
    ...(task?.status === 'running' && before.runningSeenAtMs === undefined ? { runningSeenAtMs: nowMs } : {}),
  };
  const isKnown = knownImages(input.known);

  if (verdict.kind === 'pending') {
    const fresh = uniqueImages(subTaskReplies, true).filter((image) => !isKnown(image));
    const { fitting } = takeFitting(fresh, waitRules.reportBytes);
    const pending: PollState = { ...told, pendingUntilMs: nowMs };
    if (verdict.hint === undefined) return again(pending, scheduled, 'schedule', fitting);
    const pauseMs = clampHint(verdict.hint, { floorMs: policy.floorMs, leftMs: leftMs() });
    return again({ ...pending, pauseUntilMs: nowMs + pauseMs }, pauseMs, 'hint', fitting);
  }

  const ended: PollState =
    before.recheck?.why === 'failed' && verdict.status === 'finished'
      ? { ...told, conflict: 'finished after failed' }
      : told;
  const images = uniqueImages(subTaskReplies, false);
  const fresh = images.filter((image) => !isKnown(image));
  const all = takeFitting(images, waitRules.reportBytes);
  const some = takeFitting(fresh, waitRules.reportBytes);
  if (some.omitted > 0) return report({ ...ended, nextLookAtMs: nowMs }, some.fitting);
  const end = endOf(verdict.status, verdict.error, subTaskReplies);
  if ('recheck' in end) return recheck(ended, end.recheck, end.else, some.fitting);
  return report(ended, all.omitted === 0 ? all.fitting : some.fitting, end);

  function onTrouble(met: Extract<Verdict, { kind: 'trouble' }>): Step {
    const { class: kind, error, hint, retries } = met;
    const was = before.trouble;
    const isSame = was !== undefined && was.error.code === error.code && was.error.layer === error.layer;
    const trouble: Trouble = {
      class: kind,
      error,
      looks: (was?.looks ?? 0) + 1,
      sameLooks: isSame ? was.sameLooks + 1 : 1,
    };
    const state: PollState = { ...without(counted, 'recheck'), trouble };
    const backoff = backoffMs(waitRules.errorBackoffMs, trouble.looks, jitter);
    // Never faster than the schedule: a fault must not raise the rate on the task.
    const wanted = Math.max(backoff, scheduled);
    if (hint !== undefined && (kind === 'throttled' || kind === 'transient')) {
      const pauseMs = clampHint(hint, { floorMs: policy.floorMs, leftMs: leftMs() });
      return again({ ...state, pauseUntilMs: nowMs + pauseMs }, pauseMs, 'hint');
    }
    switch (kind) {
      case 'auth':
      case 'quota':
      case 'clock':
        return hold(state, error);
      case 'wrongTask':
        if (trouble.sameLooks >= waitRules.wrongTaskLooks) return hold(state, error);
        return state.blocked === undefined ? again(state, wanted, 'backoff') : hold(state, state.blocked);
      case 'transient':
      case 'throttled':
        // Says nothing about the key: still blocked, still slow.
        return state.blocked === undefined ? again(state, wanted, 'backoff') : hold(state, state.blocked);
      case 'notFound': {
        const end: PollEnd = { status: 'notFound', error };
        const open = without(state, 'blocked');
        if (before.status !== undefined) return recheck(open, 'notFound', end, []);
        const isGraceOver = nowMs - input.submittedAtMs >= waitRules.notFoundGraceMs;
        return isGraceOver ? report(open, [], end) : again(open, scheduled, 'schedule');
      }
      case 'refused':
      case 'failed': {
        const open = without(state, 'blocked');
        const isBelieved = trouble.sameLooks > retries;
        return isBelieved ? report(open, [], { status: 'failed', error }) : again(open, wanted, 'backoff');
      }
      default:
        return kind satisfies never;
    }
  }

  /** A person must act: holds on and asks slowly, from 5 s doubling to 5 min. */
  function hold(state: PollState, error: TryOnError): Step {
    const looks = before.blocked === undefined ? 1 : (before.trouble?.looks ?? 0) + 1;
    const held: PollState = {
      ...state,
      blocked: error,
      ...(state.trouble === undefined ? {} : { trouble: { ...state.trouble, looks } }),
    };
    return again(held, backoffMs(waitRules.blockedBackoffMs, looks, 0), 'blocked');
  }
}

/** Doubling from `first` to `most`, 20 % of jitter above. Counted in looks, so it neither takes from the schedule nor gives to it. */
export function backoffMs(
  bounds: { readonly first: number; readonly most: number },
  looks: number,
  jitter: number,
): number {
  const doubled = Math.min(bounds.most, bounds.first * 2 ** Math.min(30, looks - 1));
  return Math.round(doubled * (1 + 0.2 * jitter));
}
