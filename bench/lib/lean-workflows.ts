/** Workflows to compare with: one that does nothing, and the leanest wait that one would write by hand. Sandbox code. */
import {
  condition,
  defineSignal,
  getExternalWorkflowHandle,
  proxyActivities,
  proxySinks,
  type Sinks,
  setHandler,
} from '@temporalio/workflow';
import type { createLeanActivities } from './lean-activities.js';

/** What a workflow tells the process that it runs in. */
export interface BenchSinks extends Sinks {
  bench: { received(taskId: string, kind: string): void };
}

/** The same as a message between processes. */
export interface Received {
  readonly taskId: string;
  readonly kind: string;
  /** Unix milliseconds by the machine's clock: when the workflow's code had it in hand. */
  readonly atMs: number;
}

const { bench } = proxySinks<BenchSinks>();

/** Does nothing. */
export async function trivial(): Promise<void> {}

/** Input of {@link leanWait}. */
export interface LeanInput {
  readonly taskId: string;
  readonly parent: string;
  readonly everySeconds: number;
}

/** One activity that the server retries at a fixed interval, one signal. */
export async function leanWait({ taskId, parent, everySeconds }: LeanInput): Promise<void> {
  const { poll } = proxyActivities<ReturnType<typeof createLeanActivities>>({
    startToCloseTimeout: '20 seconds',
    scheduleToCloseTimeout: '1 hour',
    retry: { initialInterval: everySeconds * 1000, backoffCoefficient: 1 },
  });
  const images = await poll(taskId);
  await getExternalWorkflowHandle(parent).signal('tryOnEvent', { taskId, kind: 'outcome', images });
}

/** Receives events of both kinds of wait until it is told to stop. */
export async function recorder(): Promise<void> {
  let isStopped = false;
  setHandler(defineSignal<[{ taskId: string; kind: string }]>('tryOnEvent'), ({ taskId, kind }) => {
    bench.received(taskId, kind);
  });
  setHandler(defineSignal('stop'), () => {
    isStopped = true;
  });
  await condition(() => isStopped);
}
