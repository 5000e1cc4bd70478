/** From what a wait knew at its end, or knows of a job that is open, to what a duration model learns from. Pure. */
import type { OutcomeStatus, TryOnError } from '../contract.js';
import type { JobRecord } from './learner.js';

/** What is known of one job. Times are Unix milliseconds. */
export interface KnownJob {
  readonly taskId: string;
  readonly account: string;
  readonly api: string;
  readonly submittedAtMs: number;
  /** Last time it was seen unfinished. */
  readonly pendingUntilMs?: number | undefined;
  /** Last time it was seen submitted and not yet running. */
  readonly queuedUntilMs?: number | undefined;
  /** First time it was seen running. */
  readonly runningSeenAtMs?: number | undefined;
  /** How many sub-tasks it has, as far as that was told. */
  readonly subTasks?: number | undefined;
  /** When the wait ended, and how; absent for one that is open. */
  readonly end?: { readonly atMs: number; readonly status: OutcomeStatus | 'cancelled'; readonly error?: TryOnError };
}

/**
 * Whether a wait that ended so saw the vendor's work end. A job that failed in its work is one that ended; a refusal, an account's
 * errors or an unknown task say nothing of durations.
 */
function sawEnd({ status, error }: NonNullable<KnownJob['end']>): boolean {
  if (status === 'finished' || status === 'partial') return true;
  return status === 'failed' && error?.layer === 'task';
}

/**
 * The record of a job: it ended after it was last seen unfinished and by the time its end was seen. Waits that timed out or were
 * cancelled know only that it was not over when last seen.
 * @returns `undefined` where nothing is known
 */
export function jobRecord(job: KnownJob): JobRecord | undefined {
  const {
    taskId,
    account,
    api,
    submittedAtMs,
    pendingUntilMs,
    queuedUntilMs,
    runningSeenAtMs,
    subTasks = 0,
    end,
  } = job;
  const age = (ms: number, fromMs = submittedAtMs): number => Math.max(0, (ms - fromMs) / 1000);
  const isOver = end !== undefined && sawEnd(end);
  if (!isOver && pendingUntilMs === undefined) return undefined;
  const lowSeconds = pendingUntilMs === undefined ? 0 : age(pendingUntilMs);
  const endedAtMs = isOver ? end.atMs : undefined;
  return {
    id: taskId,
    account,
    api,
    atMs: submittedAtMs,
    lowSeconds,
    ...(endedAtMs === undefined ? {} : { highSeconds: Math.max(lowSeconds, age(endedAtMs)) }),
    ...(subTasks > 0 ? { subTasks } : {}),
    ...phases(),
  };

  /** Where the work was never seen, but the queue was, it lies between that and the end. */
  function phases(): Pick<JobRecord, 'queued' | 'running'> {
    const begunAtMs = runningSeenAtMs ?? (queuedUntilMs === undefined ? undefined : endedAtMs);
    if (begunAtMs === undefined) return {};
    const low = queuedUntilMs === undefined ? 0 : age(queuedUntilMs);
    const queued = { lowSeconds: low, highSeconds: Math.max(low, age(begunAtMs)) };
    const middleMs = submittedAtMs + 500 * (queued.lowSeconds + queued.highSeconds);
    const seen = runningSeenAtMs === undefined || pendingUntilMs === undefined ? 0 : age(pendingUntilMs, middleMs);
    const running = {
      lowSeconds: seen,
      ...(endedAtMs === undefined ? {} : { highSeconds: Math.max(seen, age(endedAtMs, middleMs)) }),
    };
    return { queued, running };
  }
}
