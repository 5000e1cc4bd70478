/** A pending activity changes its queue: the server dispatches the attempts that follow there. */
import { activityInfo, getClient, log } from '@temporalio/activity';

/** A server that takes longer has other work. */
const MOVE_WITHIN_MS = 5_000;

/**
 * Moves the calling activity: the attempts after this one run on `taskQueue`. By `UpdateActivityOptions`, which servers have from 1.28 on.
 * @returns false where the server cannot, or would not
 */
export async function moveTo(taskQueue: string): Promise<boolean> {
  const { workflowExecution: execution, activityId: id, namespace } = activityInfo();
  if (execution === undefined) return false;
  const client = getClient();
  try {
    await client.withDeadline(Date.now() + MOVE_WITHIN_MS, () =>
      client.workflowService.updateActivityOptions({
        namespace,
        execution,
        id,
        activityOptions: { taskQueue: { name: taskQueue } },
        updateMask: { paths: ['task_queue.name'] },
      }),
    );
    return true;
  } catch (error) {
    log.debug('the server moves no activity to another queue; it is scheduled there', { taskQueue, error });
    return false;
  }
}
