/** For tests in `test/time`: hours pass in a moment. */
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { inject } from 'vitest';

/**
 * A test environment on a time-skipping server of its own; the caller tears it down. A slow start of the JVM is tried again: the
 * SDK's limit of about 5 s cannot be set.
 */
export async function timeSkippingEnvironment(): Promise<TestWorkflowEnvironment> {
  const server = { executable: inject('testServer') };
  for (let triesLeft = 2; ; triesLeft -= 1) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server });
    } catch (error) {
      if (triesLeft === 0) throw error;
    }
  }
}
