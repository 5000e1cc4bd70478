/**
 * One attempt to submit a job's request. It sends only after its workflow has accepted its claim, and at once, so that an attempt that was given up,
 * or a process that was frozen, does not send a request that another attempt sends too.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, CompleteAsyncError, cancellationSignal, getClient, heartbeat, log } from '@temporalio/activity';
import { ActivityNotFoundError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { TryOnError } from '../contract.js';
import { defined } from '../defined.js';
import {
  type ClaimAnswer,
  type ClaimInput,
  type LateReport,
  type SubmitInput,
  submitMessages,
} from '../job/protocol.js';
import type { SubmitReport } from '../job/submission.js';
import type { SubmitResult } from '../providers/submit-result.js';
import type { TryOnDeps } from './deps.js';
import { checkVendor } from './vendor-check.js';

/** Times of one attempt, in milliseconds. */
export const submitLimits = {
  /** The request is sent within so long after the answer to the claim, */
  sendWithinMs: 2_000,
  /** and within so long after the claim was sent: it was accepted in between. A claim is not asked again after this. */
  claimWithinMs: 10_000,
  heartbeatEveryMs: 2_000,
  /** A report is tried for so long while the server is away. */
  reportWithinMs: 600_000,
  /** And for so long once the worker wants to end. */
  leaveWithinMs: 20_000,
  retryMs: 500,
  /** Before another attempt if key or secret could not be read. */
  noKeyRetryMs: 60_000,
  /** Before another attempt if the vendor throttles and does not say for how long: its limit is 3 in 60 s. */
  throttledRetryMs: 20_000,
} as const;

type SubmitDeps = Pick<Required<TryOnDeps>, 'vendor' | 'clock'>;

/** The time that has passed, by the clock that says more: a monotonic one may stand still while the machine sleeps, a wall clock may step back. */
function startStopwatch(): () => number {
  const [monotonicMs, wallMs] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - monotonicMs, Date.now() - wallMs);
}

/** Asks the workflow whether this attempt may send. `unknown`: the answer was lost, so it may have been accepted. */
async function claim(input: ClaimInput, elapsedMs: () => number): Promise<'accepted' | 'refused' | 'unknown'> {
  const client = getClient();
  const { workflowExecution } = activityInfo();
  // By run id: another run of this workflow id has other tokens.
  const { workflowId = '', runId } = workflowExecution ?? {};
  const handle = client.workflow.getHandle(workflowId, runId);
  for (;;) {
    const leftMs = submitLimits.claimWithinMs - elapsedMs();
    if (leftMs <= 0) return 'unknown';
    try {
      // Under one update id the server carries out one update, however often it is sent.
      const options = { args: [input] as [ClaimInput], updateId: input.id };
      await client.withDeadline(Date.now() + leftMs, () =>
        handle.executeUpdate<ClaimAnswer, [ClaimInput]>(submitMessages.claim, options),
      );
      return 'accepted';
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError) return 'refused';
      log.info('the claim was not answered; asked again', { reason: String(error) });
      await sleep(submitLimits.retryMs);
    }
  }
}

/** What a reply of the vendor proves. Pure. */
export function reportOf(result: SubmitResult, acceptedAtMs: number): SubmitReport {
  switch (result.kind) {
    case 'accepted':
      return { kind: 'accepted', taskId: result.taskId, atMs: acceptedAtMs };
    case 'maybe':
      return result;
    case 'rejected': {
      const { error, retrySafe, retryAfterMs } = result;
      // A key file that is just being replaced.
      const isNoKey = error.layer === 'transport' && error.code === 'NoKey';
      const isThrottled = retrySafe && error.layer !== 'transport';
      const delayMs = isNoKey
        ? submitLimits.noKeyRetryMs
        : retrySafe
          ? (retryAfterMs ?? (isThrottled ? submitLimits.throttledRetryMs : 0))
          : undefined;
      return { kind: 'rejected', error, ...defined({ retryAfterMs: delayMs }) };
    }
    default:
      return result satisfies never;
  }
}

/**
 * Completes the attempt through the client, which says whether the server still knows it; the return of an attempt that was given up would
 * vanish. Then the report goes to the workflow as a signal, so that a paid task is not lost.
 */
async function deliver({ jobId, token }: SubmitInput, report: SubmitReport): Promise<never> {
  const client = getClient();
  const { taskToken, workflowExecution } = activityInfo();
  const stopwatch = startStopwatch();
  const isLate = report.kind === 'accepted' || report.kind === 'notSent';
  let isKnown = true;
  for (;;) {
    try {
      if (isKnown) await client.activity.complete(taskToken, report);
      else if (isLate) {
        const late: LateReport = { jobId, token, report };
        const name = report.kind === 'accepted' ? submitMessages.submitted : submitMessages.notSent;
        await client.workflow.getHandle(workflowExecution?.workflowId ?? '').signal(name, late);
      }
      throw new CompleteAsyncError();
    } catch (error) {
      if (error instanceof CompleteAsyncError) throw error;
      if (error instanceof ActivityNotFoundError) {
        isKnown = false;
        continue;
      }
      const isLeaving = cancellationSignal().aborted && stopwatch() > submitLimits.leaveWithinMs;
      const isOver = isLeaving || stopwatch() > submitLimits.reportWithinMs;
      if (error instanceof WorkflowNotFoundError || isOver) {
        const taskId = report.kind === 'accepted' ? report.taskId : undefined;
        log.error('the job did not get the report of its submission', { jobId, token, ...defined({ taskId }), error });
        throw new CompleteAsyncError();
      }
      await sleep(submitLimits.retryMs);
    }
  }
}

const lateError: TryOnError = {
  layer: 'transport',
  code: 'Timeout',
  message: 'the attempt had too little time to send the request',
};

/** Makes `tryOnSubmit`. */
export function createTryOnSubmit({ vendor, clock }: SubmitDeps) {
  async function attempt(input: SubmitInput): Promise<SubmitReport> {
    if (vendor.submit === undefined) {
      const message = 'this worker has a vendor client that cannot submit';
      return { kind: 'rejected', error: { layer: 'transport', code: 'NoSubmit', message } };
    }
    const { token, account, api, request } = input;
    const id = randomUUID();
    const sinceAsked = startStopwatch();
    const answer = await claim({ token, id }, sinceAsked);
    if (answer === 'refused') return { kind: 'lost' };
    const notSent: SubmitReport = { kind: 'notSent', claimId: id, error: lateError };
    if (answer === 'unknown') return notSent;
    const sinceAnswered = startStopwatch();
    let isSent = false;
    const maySend = (): boolean => {
      const isInTime = sinceAnswered() <= submitLimits.sendWithinMs && sinceAsked() <= submitLimits.claimWithinMs;
      isSent = isInTime;
      return isInTime;
    };
    // Not cancelled by anything: from here on there may be a task that was paid for.
    const result = await vendor.submit({ account, request, api, maySend });
    const isRefusedUnsent = !isSent && result.kind === 'rejected' && result.retrySafe;
    return isRefusedUnsent ? notSent : reportOf(result, await clock.now());
  }

  return async (input: SubmitInput): Promise<SubmitReport> => {
    clock.observe(activityInfo().currentAttemptScheduledTimestampMs);
    if (cancellationSignal().aborted) return { kind: 'lost' };
    // Before the claim: nothing was sent, and this attempt fails for good.
    checkVendor(vendor, input);
    const timer = setInterval(() => heartbeat(), submitLimits.heartbeatEveryMs);
    try {
      return await deliver(input, await attempt(input));
    } finally {
      clearInterval(timer);
    }
  };
}
