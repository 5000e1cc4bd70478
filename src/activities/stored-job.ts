/** Reads how a job ended, for listings: workflow code cannot read the result of a workflow that it did not start. */
import { getClient } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { jobWorkflowId, type TryOnJobEventResult, type TryOnJobResult } from '../contract.js';

/** Input of the activity `tryOnStoredJob`: which job, and what a result says of it where it left none. */
export interface StoredJobInput {
  readonly requestId: string;
  readonly account: string;
  readonly api: string;
}

/** A job that runs, or that nobody knows, or how it ended; `waitId` is its first run's id. */
export type StoredJob =
  | { readonly kind: 'running' | 'unknown' }
  | { readonly kind: 'ended'; readonly waitId: string; readonly outcome: TryOnJobEventResult };

type Ending = Pick<TryOnJobEventResult, 'status' | 'error'>;

const refused: Ending = {
  status: 'rejected',
  error: { layer: 'task', code: 'InvalidTryOnInput', message: 'the job of this request id refused its input' },
};

/** How a job without a result ended. One that was terminated may have submitted its request. */
const endings: Readonly<Record<string, Ending>> = { CANCELLED: { status: 'cancelled' }, FAILED: refused };
const lost: Ending = {
  status: 'unresolved',
  error: { layer: 'task', code: 'Terminated', message: 'the job of this request id was terminated' },
};

/** See the file's description. */
export async function storedJob({ requestId, account, api }: StoredJobInput): Promise<StoredJob> {
  const { workflow } = getClient();
  const workflowId = jobWorkflowId(requestId);
  try {
    const { status, runId, startTime, closeTime, raw } = await workflow.getHandle(workflowId).describe();
    if (status.name === 'RUNNING' || status.name === 'PAUSED') return { kind: 'running' };
    const waitId = raw.workflowExecutionInfo?.firstRunId || runId;
    if (status.name === 'COMPLETED') {
      const outcome: TryOnJobResult = await workflow.getHandle(workflowId, runId).result();
      return { kind: 'ended', waitId, outcome };
    }
    const outcome: TryOnJobEventResult = {
      requestId,
      ...(endings[status.name] ?? lost),
      ...{ images: [], subTasks: [], polls: 0, timing: {}, account, api },
      submittedAt: startTime.toISOString(),
      finishedAt: (closeTime ?? startTime).toISOString(),
    };
    return { kind: 'ended', waitId, outcome };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { kind: 'unknown' };
    throw error;
  }
}
