/** Whether workers can do their work now. Needs `@temporalio/worker` for its types alone. */
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { Readiness } from '../telemetry/health.js';

/** The server is asked at most so often, however often readiness is. */
const ASK_EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 2_000;

type Watched = Pick<Worker, 'getStatus'> & { readonly options: { readonly taskQueue?: string | undefined } };

/** True where a worker runs and polls. One without workflows polls for activities alone, and says of the other that it is shut down. */
function isPolling(worker: Watched): boolean {
  const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
  const pollers = [workflowPollerState, activityPollerState];
  return runState === 'RUNNING' && pollers.includes('POLLING') && !pollers.includes('FAILED');
}

/** Ready: every worker polls, and the server answers. A worker that drains is not. */
export function readinessOf(
  workers: readonly Watched[],
  connection: Pick<NativeConnection, 'withDeadline' | 'workflowService'>,
): () => Promise<Readiness> {
  let asked: { readonly atMs: number; readonly answer: Promise<boolean> } | undefined;
  const isServerThere = (): Promise<boolean> => {
    const nowMs = performance.now();
    if (asked !== undefined && nowMs - asked.atMs < ASK_EVERY_MS) return asked.answer;
    const answer = connection
      .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => true,
        () => false,
      );
    asked = { atMs: nowMs, answer };
    return answer;
  };
  return async () => {
    const queues = workers.map((worker) => [worker.options.taskQueue ?? '', isPolling(worker)] as const);
    const polling = queues.every(([, polls]) => polls);
    // Nothing is asked of a connection that is about to close.
    const server = polling && (await isServerThere());
    return { isReady: polling && server, checks: { ...Object.fromEntries(queues), server } };
  };
}
