/** A parent as a user writes one, with this package's pieces. Sandbox code. */
import { proxySinks } from '@temporalio/workflow';
import { receiveTryOnEvents, startOrJoinTryOn, type TryOnResultsInput } from '../../src/workflow.js';
import type { BenchSinks } from './lean-workflows.js';

const { bench } = proxySinks<BenchSinks>();

/** Starts a wait as its child and takes its events until the outcome is there. */
export async function parentOfOne(input: TryOnResultsInput, taskQueue: string): Promise<void> {
  const inbox = receiveTryOnEvents({ onEvent: ({ taskId, kind }) => bench.received(taskId, kind) });
  await startOrJoinTryOn(input, { taskQueue });
  await inbox.outcome(input.taskId);
}
