/** Starts many waits, as a process of its own: the worker's memory must hold nothing of the client's. */
import { Client, Connection } from '@temporalio/client';
import { resultsWorkflowId, workflowTypes } from '../../src/contract.js';

/** What the starter is told. */
export interface StarterInput {
  readonly address: string;
  readonly prefix: string;
  readonly count: number;
  readonly perSecond: number;
}

/** What it says after each start. */
export interface StarterSays {
  readonly started: number;
}

const { address, prefix, count, perSecond } = JSON.parse(process.argv[2] ?? '{}') as StarterInput;
const connection = await Connection.connect({ address });
const client = new Client({ connection });
process.stderr.write('starter runs\n');
const beganMs = performance.now();
let next = 0;
let started = 0;
const lane = async (): Promise<void> => {
  while (next < count) {
    const index = next;
    next += 1;
    const early = (1000 * index) / perSecond - (performance.now() - beganMs);
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const taskId = `${prefix}-${index}`;
    await client.workflow.start(workflowTypes.results, {
      taskQueue: 'tryon',
      workflowId: resultsWorkflowId(taskId),
      args: [{ taskId, timeoutSeconds: 86_400 }],
    });
    started += 1;
    await new Promise<void>((resolve) => process.send?.({ started } satisfies StarterSays, () => resolve()));
  }
};
await Promise.all(Array.from({ length: 40 }, lane));
await connection.close();
process.exit(0);
