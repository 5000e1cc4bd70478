/** Parents of many waits each, and what reached them when. */
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Received } from './lean-workflows.js';
import type { BenchProcess } from './processes.js';

/** Some recorder workflows. */
export interface Recorders {
  /** The workflow id of the parent of the nth wait. */
  parentOf(index: number): string;
  /** When the outcome of each task reached its parent, first time; Unix milliseconds. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Resolves when so many outcomes have come. */
  until(count: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts them.
 * @param worker - a bench worker on `taskQueue`
 */
export async function startRecorders(
  client: Client,
  worker: BenchProcess,
  { taskQueue, count, name }: { readonly taskQueue: string; readonly count: number; readonly name: string },
): Promise<Recorders> {
  const outcomes = new Map<string, number>();
  const waiting = new Set<() => void>();
  worker.onMessage((message) => {
    const { taskId, kind, atMs } = message as Received;
    if (kind !== 'outcome' || outcomes.has(taskId)) return;
    outcomes.set(taskId, atMs);
    for (const poll of waiting) poll();
  });
  const handles: WorkflowHandle[] = await Promise.all(
    Array.from({ length: count }, (_, index) =>
      client.workflow.start('recorder', { taskQueue, workflowId: `${name}-${index}` }),
    ),
  );
  return {
    parentOf: (index) => `${name}-${index % count}`,
    outcomes,
    until: (wanted) =>
      new Promise((resolve) => {
        const poll = (): void => {
          if (outcomes.size < wanted) return;
          waiting.delete(poll);
          resolve();
        };
        waiting.add(poll);
        poll();
      }),
    async stop() {
      await Promise.all(handles.map((handle) => handle.signal('stop')));
    },
  };
}
