/** Moves a pending activity to another task queue. */
import { activityInfo, getClient, log } from '@temporalio/activity';
import { grpcCode, grpcStatus } from '../temporal/grpc.js';

const MOVE_WITHIN_MS = 5_000;

/** `failed`: try again later. `unsupported`: the server has no such method, as the time-skipping test server, or refuses it. */
export type Move = 'moved' | 'failed' | 'unsupported';

/** Moves the calling activity by `UpdateActivityOptions`: the server dispatches the attempts after this one on `taskQueue`. */
export async function moveTo(taskQueue: string): Promise<Move> {
  const { workflowExecution: execution, activityId: id, namespace } = activityInfo();
  const client = getClient();
  try {
    await client.withDeadline(Date.now() + MOVE_WITHIN_MS, () =>
      client.workflowService.updateActivityOptions({
        namespace,
        execution: execution ?? null,
        id,
        activityOptions: { taskQueue: { name: taskQueue } },
        updateMask: { paths: ['task_queue.name'] },
      }),
    );
    return 'moved';
  } catch (error) {
    const code = grpcCode(error);
    if (code === grpcStatus.unimplemented) return 'unsupported';
    log.warn('the polling activity could not be moved to its queue', { taskQueue, error });
    return code === grpcStatus.permissionDenied ? 'unsupported' : 'failed';
  }
}
