/** A pinned wait moves to the version that the server now sends tasks to, where it continues as new. Server 1.29 says nothing of a new version. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { workflowSource } from '../../src/worker/bundle.js';

interface Event {
  eventId: string;
  eventTime: string;
  workflowTaskStartedEventAttributes?: {
    suggestContinueAsNew?: boolean;
    targetWorkerDeploymentVersionChanged?: boolean;
  };
}

const recorded = readFileSync(fileURLToPath(new URL('../histories/continue-as-new.json', import.meta.url)), 'utf8');

let workflowBundle: WorkflowBundle;
beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({ ...workflowSource, logger: new DefaultLogger('ERROR') });
});

/** The recorded run that continued as new for a full history, as if its version had changed instead, so many seconds after it had begun. */
function changedAfter(seconds: number): { events: Event[] } {
  const history = JSON.parse(recorded) as { events: Event[] };
  let laterMs = 0;
  for (const event of history.events) {
    const started = event.workflowTaskStartedEventAttributes;
    if (started?.suggestContinueAsNew) {
      laterMs = 1000 * seconds;
      delete started.suggestContinueAsNew;
      started.targetWorkerDeploymentVersionChanged = true;
    }
    event.eventTime = new Date(Date.parse(event.eventTime) + laterMs).toISOString();
  }
  return history;
}

describe('a run whose worker has a newer version', () => {
  test('continues as new', async () => {
    await Worker.runReplayHistory({ workflowBundle }, changedAfter(60));
  });

  test('does not in its first minute, so that it never moves in circles', async () => {
    await expect(Worker.runReplayHistory({ workflowBundle }, changedAfter(30))).rejects.toThrow();
  });
});
