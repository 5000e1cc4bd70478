/** Events of an undisturbed wait by its number of polls: the same, however many there are. */
import type { Client } from '@temporalio/client';
import { resultsWorkflowId, searchAttributes, workflowTypes } from '../../src/contract.js';
import type { Emulator } from '../../src/testing.js';
import { startDenseWorker } from './dense-worker.js';

/** What was found of one wait. */
export interface WaitEvents {
  readonly polls: number;
  readonly hasSubscriber: boolean;
  readonly events: number;
  /** Types, first to last. */
  readonly types: readonly string[];
}

const eventName = (event: object): string => {
  const key = Object.entries(event).find(([name, value]) => name.endsWith('EventAttributes') && value);
  return key === undefined ? '?' : key[0].replace('EventAttributes', '');
};

/** Runs one wait for each number of polls, without and with a subscriber; a `recorder` workflow must run as `parent`. */
export async function eventsByPolls(
  client: Client,
  emulator: Emulator,
  options: {
    readonly address: string;
    readonly env: Readonly<Record<string, string>>;
    readonly parent: string;
    readonly polls: readonly number[];
  },
): Promise<WaitEvents[]> {
  const names = Object.values(searchAttributes).map(({ name }) => name);
  const taskQueue = 'tryon-dense';
  const worker = await startDenseWorker(options.address, taskQueue, options.env, names);
  try {
    const one = async (polls: number, hasSubscriber: boolean): Promise<WaitEvents> => {
      const running = { polls: polls - 1, task: { state: 'running' } } as const;
      const finished = { task: { state: 'finished' } } as const;
      const taskId = emulator.addTask({ subTasks: 1, script: polls > 1 ? [running, finished] : finished });
      const workflowId = resultsWorkflowId(taskId);
      await client.workflow.execute(workflowTypes.results, {
        taskQueue,
        workflowId,
        args: [{ taskId, ...(hasSubscriber ? { notify: [{ workflowId: options.parent }] } : {}) }],
      });
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
      const types = (events ?? []).map(eventName);
      return { polls: emulator.task(taskId)?.polls ?? 0, hasSubscriber, events: types.length, types };
    };
    return await Promise.all([false, true].flatMap((told) => options.polls.map((polls) => one(polls, told))));
  } finally {
    await worker.stop();
  }
}
