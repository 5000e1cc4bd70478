/** Reads a pending activity from a workflow's description. Workflow code itself cannot see it. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { defined } from '../defined.js';
import { timestampMs } from './grpc.js';

/** A pending activity with decoded payloads. Times are Unix milliseconds. */
export interface PendingActivity {
  readonly type: string;
  readonly id: string;
  /** The queue of its next attempt. */
  readonly taskQueue?: string;
  /** The attempt that runs or is due next, from 1. */
  readonly attempt: number;
  readonly isRunning: boolean;
  /** Paused by an operator, or for a moment by `pollNow`. */
  readonly isPaused: boolean;
  /** The reason given with the pause. */
  readonly pauseReason?: string;
  /** When this attempt is or was due. */
  readonly dueAtMs?: number;
  readonly lastStartedAtMs?: number;
  readonly heartbeat?: unknown;
  readonly lastFailure?: { readonly message: string; readonly type?: string; readonly details?: unknown };
  readonly lastWorkerIdentity?: string;
}

/** The state `STARTED` in Temporal's API. */
const STARTED = 2;

async function firstOf(converter: LoadedDataConverter, payloads: unknown): Promise<unknown> {
  const given = (payloads ?? []) as Payload[];
  if (given.length === 0) return undefined;
  const [first] = await decodeArrayFromPayloads(converter, given);
  return first;
}

/**
 * Reads the newest pending activity of one type from a workflow's description.
 * @returns `undefined` if none is pending
 */
export async function pendingActivity(
  description: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
  activityType: string,
): Promise<PendingActivity | undefined> {
  // One that was cancelled while its worker died may still be pending beside the newest; ids count up.
  const [raw] = (description.raw.pendingActivities ?? [])
    .filter((one) => one.activityType?.name === activityType)
    .sort((one, other) => Number(other.activityId) - Number(one.activityId));
  if (raw === undefined) return undefined;
  const failure = raw.lastFailure ?? undefined;
  const info = failure?.applicationFailureInfo;
  return {
    type: activityType,
    id: raw.activityId ?? '',
    attempt: raw.attempt ?? 1,
    isRunning: raw.state === STARTED,
    isPaused: raw.paused === true,
    ...defined({
      taskQueue: raw.activityOptions?.taskQueue?.name || undefined,
      pauseReason: raw.pauseInfo?.manual?.reason || undefined,
      dueAtMs: timestampMs(raw.nextAttemptScheduleTime) ?? timestampMs(raw.scheduledTime),
      lastStartedAtMs: timestampMs(raw.lastStartedTime),
      heartbeat: await firstOf(converter, raw.heartbeatDetails?.payloads),
      lastFailure: failure && {
        message: failure.message ?? '',
        ...defined({
          type: info?.type || undefined,
          details: await firstOf(converter, info?.details?.payloads),
        }),
      },
      lastWorkerIdentity: raw.lastWorkerIdentity || undefined,
    }),
  };
}
