/** The pending polling activity of the calling workflow: workflow code cannot see its attempts, the server can. */
import { activityInfo, getClient, sleep } from '@temporalio/activity';
import type { PollInput, PollState } from '../poll/poll-state.js';
import { restoreState } from '../poll/restore.js';
import type { SchedulePolicy } from '../schedule/schedule.js';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';
import { type PendingActivity, pendingActivity } from '../temporal/pending-activity.js';

/** Input of the helper activities. */
export interface PollControlInput {
  readonly input: PollInput;
  /** When the workflow scheduled the polling activity. */
  readonly scheduledAtMs: number;
}

/** How far a pending polling activity got. */
export interface DescribedPoll {
  readonly state: PollState;
  /** Whether an attempt is running, which may have a reply soon. */
  readonly isRunning: boolean;
  /** Whether an operator paused it. */
  readonly isPaused: boolean;
}

/**
 * What {@link pollPendingNow} came to. `done`: the next attempt was dispatched, one polls just now, or none may. `restart`: the activity has
 * not begun to poll, is over, or the server cannot pause it; the workflow schedules a new one.
 */
export type PollNowResult = 'done' | 'restart';

const POLL_TYPE = 'tryOnPoll';
const PAUSE_REASON = 'pollNow';

type PolicyOf = (account: string, api?: string) => SchedulePolicy;

async function describe(): Promise<PendingActivity | undefined> {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) return undefined;
  const client = getClient();
  const handle = client.workflow.getHandle(workflowExecution.workflowId, workflowExecution.runId);
  return await pendingActivity(await handle.describe(), client.options.loadedDataConverter, POLL_TYPE);
}

function stateOf(pending: PendingActivity, { input, scheduledAtMs }: PollControlInput, policy: PolicyOf): PollState {
  const heartbeatState = pending.heartbeat as PollState | undefined;
  const times = { scheduledAtMs, dueAtMs: pending.dueAtMs ?? scheduledAtMs };
  return restoreState(input, heartbeatState, policy(input.account, input.api), pending.attempt, times);
}

/** Describes the pending polling activity; `undefined` where none is pending. */
export async function describePendingPoll(
  asked: PollControlInput,
  policy: PolicyOf,
): Promise<DescribedPoll | undefined> {
  const pending = await describe();
  if (pending === undefined) return undefined;
  const isPaused = pending.isPaused && pending.pauseReason !== PAUSE_REASON;
  return { state: stateOf(pending, asked, policy), isRunning: pending.isRunning, isPaused };
}

/**
 * Dispatches the next attempt of the polling activity now: pausing and unpausing does that and keeps attempt number and heartbeat. Leaves
 * alone an attempt that runs, a pause that the vendor ordered and one that an operator ordered. Safe to retry: an activity that an attempt
 * before this one paused is unpaused.
 * @param asked - `delayMs`: wait so long first
 */
export async function pollPendingNow(
  asked: PollControlInput & { readonly delayMs: number },
  { policy, nowMs }: { readonly policy: PolicyOf; readonly nowMs: () => number | Promise<number> },
): Promise<PollNowResult> {
  if (asked.delayMs > 0) await sleep(asked.delayMs);
  const pending = await describe();
  if (pending === undefined) return 'restart';
  const isOurs = pending.isPaused && pending.pauseReason === PAUSE_REASON;
  if (pending.isPaused && !isOurs) return 'done';
  const { workflowExecution: execution = null, namespace } = activityInfo();
  const { workflowService } = getClient();
  const activity = { namespace, execution, id: pending.id, identity: 'temporal-tryon' };
  // First of all: an attempt before this one, of this pollNow or of one before, may have stopped halfway.
  if (isOurs) return await pausing(() => workflowService.unpauseActivity(activity));
  if (pending.isRunning && pending.taskQueue === asked.input.vendorQueue) return 'done';
  // It only finds out when to poll, or has not begun.
  if (pending.isRunning || pending.attempt === 1) return 'restart';
  const { pauseUntilMs = 0 } = stateOf(pending, asked, policy);
  if (pauseUntilMs > (await nowMs())) return 'done';
  return await pausing(async () => {
    await workflowService.pauseActivity({ ...activity, reason: PAUSE_REASON });
    await workflowService.unpauseActivity(activity);
  });
}

/** Calls the server; an activity that is over, and a server that cannot pause, want a new activity. */
async function pausing(calls: () => Promise<unknown>): Promise<PollNowResult> {
  try {
    await calls();
    return 'done';
  } catch (error) {
    const code = grpcCode(error);
    if (code === grpcStatus.unimplemented || code === grpcStatus.notFound) return 'restart';
    throw error;
  }
}
