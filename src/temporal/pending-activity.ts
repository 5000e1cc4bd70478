/** What the server knows of a polling activity that is pending: workflow code cannot see it, a description can. */
import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';

/** A pending activity, its payloads decoded. Times are Unix milliseconds. */
export interface PendingActivity {
  readonly type: string;
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

const STARTED = 2;

type Timestamp = { seconds?: { toNumber?(): number } | number | null; nanos?: number | null } | null | undefined;

function milliseconds(time: Timestamp): number | undefined {
  if (time?.seconds === undefined || time.seconds === null) return undefined;
  const seconds = typeof time.seconds === 'number' ? time.seconds : Number(time.seconds);
  return seconds * 1000 + Math.floor((time.nanos ?? 0) / 1e6);
}

async function firstOf(converter: LoadedDataConverter, payloads: Payload[] | null | undefined): Promise<unknown> {
  if (payloads === null || payloads === undefined || payloads.length === 0) return undefined;
  const [first] = await decodeArrayFromPayloads(converter, payloads);
  return first;
}

/**
 * Reads the pending activity of one type from a workflow's description.
 * @returns `undefined` where none is pending
 */
export async function pendingActivity(
  description: WorkflowExecutionDescription,
  converter: LoadedDataConverter,
  activityType: string,
): Promise<PendingActivity | undefined> {
  const raw = description.raw.pendingActivities?.find((one) => one.activityType?.name === activityType);
  if (raw === undefined) return undefined;
  const heartbeat = await firstOf(converter, raw.heartbeatDetails?.payloads as Payload[] | undefined);
  const failure = raw.lastFailure;
  const dueAtMs =
    milliseconds(raw.nextAttemptScheduleTime as Timestamp) ?? milliseconds(raw.scheduledTime as Timestamp);
  const lastStartedAtMs = milliseconds(raw.lastStartedTime as Timestamp);
  const info = failure?.applicationFailureInfo;
  const details = await firstOf(converter, info?.details?.payloads as Payload[] | undefined);
  return {
    type: activityType,
    attempt: raw.attempt ?? 1,
    isRunning: raw.state === STARTED,
    isPaused: raw.paused === true,
    ...(raw.pauseInfo?.manual?.reason ? { pauseReason: raw.pauseInfo.manual.reason } : {}),
    ...(dueAtMs === undefined ? {} : { dueAtMs }),
    ...(lastStartedAtMs === undefined ? {} : { lastStartedAtMs }),
    ...(heartbeat === undefined ? {} : { heartbeat }),
    ...(failure === null || failure === undefined
      ? {}
      : {
          lastFailure: {
            message: failure.message ?? '',
            ...(typeof info?.type === 'string' && info.type !== '' ? { type: info.type } : {}),
            ...(details === undefined ? {} : { details }),
          },
        }),
    ...(raw.lastWorkerIdentity ? { lastWorkerIdentity: raw.lastWorkerIdentity } : {}),
  };
}
