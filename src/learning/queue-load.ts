/** Reads the load of a vendor queue from the server's own statistics. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';

const READ_WITHIN_MS = 5_000;

/**
 * Polls per second that the server lately dispatched from an activity queue, to all workers: a mean over about half a minute. Each attempt
 * counts, since the server dispatches every retry.
 * @returns `undefined` if the server has no such figure
 * @throws if the queue cannot be described within 5 s
 */
export async function readPollsPerSecond(
  client: Client,
  queue: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const request = {
    namespace: client.options.namespace,
    taskQueue: { name: queue },
    taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    reportStats: true,
  };
  const describe = () => client.workflowService.describeTaskQueue(request);
  const { stats } = await client.withDeadline(Date.now() + READ_WITHIN_MS, () =>
    signal === undefined ? describe() : client.withAbortSignal(signal, describe),
  );
  return stats?.tasksDispatchRate ?? undefined;
}
