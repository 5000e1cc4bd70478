/** The whole stack on a time-skipping server of its own. */
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { quiet, type Stack, type StackOptions, startStack } from './stack.js';
import { timeSkippingEnvironment } from './time-skipping.js';

/** A stack whose hours pass in a moment; the emulator goes by the server's time. */
export interface TimeStack extends Stack {
  readonly environment: TestWorkflowEnvironment;
}

/** Starts it with the package's own prior for durations. */
export async function startTimeStack(
  options: Omit<Partial<StackOptions>, 'client' | 'workers'> = {},
): Promise<TimeStack> {
  quiet();
  const environment = await timeSkippingEnvironment();
  const namespace = environment.namespace ?? 'default';
  const stack = await startStack({
    ...options,
    address: environment.address,
    namespace,
    client: environment.client,
    emulator: { nowMs: () => environment.currentTimeMs(), ...options.emulator },
    workers: {
      clock: { observe: () => undefined, now: () => environment.currentTimeMs(), dueAt: (_told, nowMs) => nowMs },
    },
    env: { TRYON_PRIOR_MEDIAN_SECONDS: '40', TRYON_PRIOR_P95_SECONDS: '120', ...options.env },
  });
  return {
    ...stack,
    environment,
    async stop() {
      await stack.stop();
      await environment.teardown();
    },
  };
}
