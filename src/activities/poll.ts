/** The polling activity: each attempt sends at most one query to the vendor. */
import { activityInfo, cancellationSignal, heartbeat, log } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { defined } from '../defined.js';
import { deferByThrottle, deferToVendorQueue, deferUntilDue } from '../poll/admit.js';
import { type Classification, classify } from '../poll/classify.js';
import { decide } from '../poll/decide.js';
import { knownImages, type PollInput, type PollReport, type PollState } from '../poll/poll-state.js';
import type { Reply } from '../poll/reply.js';
import { restoreState } from '../poll/restore.js';
import { type Attempt, isFinalPoll, type PollStep } from '../poll/step.js';
import { apiOf } from '../providers/apis.js';
import type { AdmittedPoll } from './account-throttles.js';
import type { PollDeps } from './deps.js';
import { moveTo } from './move.js';
import { pendingFailure } from './pending-failure.js';
import { checkVendor } from './vendor-check.js';

/** An attempt as it began, with what its end is reported by. */
interface BegunAttempt extends Attempt {
  readonly heartbeatState: PollState | undefined;
  readonly dueAtMs: number;
  readonly isOnVendorQueue: boolean;
}

/** A query that was sent, and what came of it. */
interface Polled {
  readonly reply: Reply;
  readonly classification: Classification;
  readonly queries: number;
  readonly repliedAtMs: number;
}

/** A poll slower than this heartbeats, so that a cancellation reaches it. */
const SLOW_POLL_MS = 500;

/** Makes `tryOnPoll`. */
export function createTryOnPoll(deps: PollDeps): (input: PollInput) => Promise<PollReport> {
  const { vendor, policy: policyOf, acceptsOtherTaskId, searchAttributes, clock, throttles, onAttempt } = deps;

  async function restore(input: PollInput): Promise<BegunAttempt> {
    const info = activityInfo();
    const { attempt, scheduledTimestampMs: scheduledAtMs, currentAttemptScheduledTimestampMs } = info;
    const heartbeatState = info.heartbeatDetails as PollState | undefined;
    clock.observe(currentAttemptScheduledTimestampMs, attempt === 1);
    const nowMs = await clock.now();
    const dueAtMs = clock.dueAt?.(currentAttemptScheduledTimestampMs, nowMs) ?? currentAttemptScheduledTimestampMs;
    const policy = policyOf(input.account, input.api);
    const before = restoreState(input, heartbeatState, policy, attempt, { scheduledAtMs, dueAtMs });
    const isOnVendorQueue = (input.vendorQueue ?? info.taskQueue) === info.taskQueue;
    return { input, before, policy, attempt, scheduledAtMs, nowMs, heartbeatState, dueAtMs, isOnVendorQueue };
  }

  /** Admits the attempt to the vendor, or defers it: not due, not on the vendor's queue, or held back by the account's throttle. */
  async function admit(
    attempt: BegunAttempt,
  ): Promise<AdmittedPoll | { readonly kind: 'deferred'; readonly step: PollStep }> {
    const { input, nowMs } = attempt;
    const isFinal = isFinalPoll(attempt);
    if (!attempt.isOnVendorQueue) {
      const move = await moveTo(input.vendorQueue as string);
      // An activity that cannot move polls where it is. The queue's rate limit does not count that, the account's throttle does.
      const mayPollHere = move === 'unsupported' || (move === 'failed' && isFinal);
      if (!mayPollHere) return { kind: 'deferred', step: deferToVendorQueue(attempt, move === 'moved') };
    }
    const notDue = deferUntilDue(attempt);
    if (notDue !== undefined) return { kind: 'deferred', step: notDue };
    const { account, taskId } = input;
    const admission = throttles.enter({ account, taskId, nowMs, isFinal });
    return admission.kind === 'admitted'
      ? admission
      : { kind: 'deferred', step: deferByThrottle(attempt, admission.untilMs) };
  }

  async function poll({ input, heartbeatState }: BegunAttempt, admitted: AdmittedPoll): Promise<Polled> {
    const { account, api, taskId } = input;
    let polled: Polled | undefined;
    try {
      const { reply, queries } = await cancellable(heartbeatState, (signal) =>
        vendor.results({ account, taskId, signal, ...defined({ api }) }),
      );
      const repliedAtMs = await clock.now();
      const acceptOtherTaskId = acceptsOtherTaskId(account);
      const classification = classify(reply, apiOf(api), { taskId, acceptOtherTaskId, nowMs: repliedAtMs });
      polled = { reply, classification, queries, repliedAtMs };
      return polled;
    } finally {
      const change = admitted.release(polled);
      if (change !== undefined) log.warn(change, { account });
    }
  }

  function reportOrRetry(attempt: BegunAttempt, step: PollStep, polled?: Polled): PollReport {
    const nowMs = polled?.repliedAtMs ?? attempt.nowMs;
    const { state, decision } = step;
    observe(attempt, step, nowMs, polled);
    if (decision.kind === 'report') {
      const { kind: _kind, ...rest } = decision;
      return { ...rest, state, atMs: nowMs, searchAttributes: searchAttributes() };
    }
    if (decision.heartbeat) heartbeat(state);
    throw pendingFailure(state, decision, attempt.policy, nowMs);
  }

  /** Passes the attempt to metrics and learning. What they throw must not lose the reply. */
  function observe(attempt: BegunAttempt, { state, decision }: PollStep, endedAtMs: number, polled?: Polled): void {
    const { input, dueAtMs, isOnVendorQueue, nowMs: startedAtMs } = attempt;
    const { taskId, account, submittedAtMs } = input;
    try {
      onAttempt({
        taskId,
        account,
        api: apiOf(input.api).name,
        submittedAtMs,
        isFirst: attempt.attempt === 1 && input.from.polls === 0,
        isOnVendorQueue,
        dueAtMs,
        startedAtMs,
        endedAtMs,
        state,
        ...(polled === undefined ? {} : { poll: { classification: polled.classification, queries: polled.queries } }),
        ...(decision.kind === 'report'
          ? defined({ end: decision.end, newImages: countNew(input, decision.images) })
          : {}),
      });
    } catch (error) {
      log.warn('an observer of attempts failed; the poll counts all the same', { taskId, error });
    }
  }

  return async (input) => {
    checkVendor(vendor, input);
    const attempt = await restore(input);
    const admission = await admit(attempt);
    if (admission.kind === 'deferred') return reportOrRetry(attempt, admission.step);
    const polled = await poll(attempt, admission);
    const { reply, classification, queries, repliedAtMs: nowMs } = polled;
    return reportOrRetry(attempt, decide({ ...attempt, nowMs, queries }, reply, classification), polled);
  };
}

const countNew = (input: PollInput, images: PollReport['images']): number => {
  const isKnown = knownImages(input);
  return images.filter((image) => !isKnown(image)).length;
};

/** Heartbeats while a call is slow, with the details of the last heartbeat, so that none is lost. */
async function cancellable<T>(state: PollState | undefined, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = cancellationSignal();
  let timer = setTimeout(function tick() {
    if (state === undefined) heartbeat();
    else heartbeat(state);
    timer = setTimeout(tick, 2 * SLOW_POLL_MS);
  }, SLOW_POLL_MS);
  try {
    return await call(signal);
  } catch (error) {
    throw signal.aborted ? new CancelledFailure('the poll was cancelled') : error;
  } finally {
    clearTimeout(timer);
  }
}
