/** Finds out whether workers can do their work now. Needs `@temporalio/worker` for its types alone. */
import type { NativeConnection, Worker } from '@temporalio/worker';
import type { Readiness } from '../telemetry/health.js';

/** The server is called at most this often, however often readiness is checked. */
const CALL_EVERY_MS = 3_000;
const ANSWER_WITHIN_MS = 2_000;

type ReadableWorker = Pick<Worker, 'getStatus'> & { readonly options: { readonly taskQueue?: string | undefined } };

/** Whether a worker runs and polls. A worker without workflows polls for activities alone, and reports its other poller as shut down. */
function isPolling(worker: ReadableWorker): boolean {
  const { runState, workflowPollerState, activityPollerState } = worker.getStatus();
  const pollers = [workflowPollerState, activityPollerState];
  return runState === 'RUNNING' && pollers.includes('POLLING') && !pollers.includes('FAILED');
}

/** Makes the readiness check: ready means that every worker polls and the server answers. A worker that drains is not ready. */
export function readinessOf(
  workers: readonly ReadableWorker[],
  connection: Pick<NativeConnection, 'withDeadline' | 'workflowService'>,
): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly answer: Promise<boolean> } | undefined;
  const doesServerAnswer = (): Promise<boolean> => {
    const nowMs = performance.now();
    if (last !== undefined && nowMs - last.atMs < CALL_EVERY_MS) return last.answer;
    const answer = connection
      .withDeadline(Date.now() + ANSWER_WITHIN_MS, () => connection.workflowService.getSystemInfo({}))
      .then(
        () => true,
        () => false,
      );
    last = { atMs: nowMs, answer };
    return answer;
  };
  return async () => {
    const queues = workers.map((worker) => [worker.options.taskQueue ?? '', isPolling(worker)] as const);
    const polling = queues.every(([, polls]) => polls);
    // A connection that is about to close gets no more calls.
    const server = polling && (await doesServerAnswer());
    return { isReady: polling && server, checks: { ...Object.fromEntries(queues), server } };
  };
}
