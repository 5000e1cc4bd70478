/** Parents of waits, as test workflows. Sandbox code. */
import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';
import {
  leaveTryOn,
  receiveTryOnEvents,
  startOrJoinTryOn,
  type TryOnEvent,
  type TryOnEventOutcome,
  type TryOnResultsInput,
} from '../../src/workflow.js';

export const received = defineQuery<TryOnEvent[]>('received');
export const stop = defineSignal('stop');
export const leave = defineSignal<[string]>('leave');

/** Keeps every signal as it came, repeats too, until it is told to stop. */
export async function recorder(): Promise<TryOnEvent[]> {
  const events: TryOnEvent[] = [];
  let isStopped = false;
  setHandler(defineSignal<[TryOnEvent]>('tryOnEvent'), (event) => {
    events.push(event);
  });
  setHandler(received, () => events);
  setHandler(stop, () => {
    isStopped = true;
  });
  await condition(() => isStopped);
  return events;
}

/** A parent of one's own: starts or joins a wait, keeps its events, returns its outcome. */
export async function parent(
  input: TryOnResultsInput,
  taskQueue: string,
): Promise<{ how: string; events: TryOnEvent[]; outcome: TryOnEventOutcome }> {
  const events: TryOnEvent[] = [];
  const inbox = receiveTryOnEvents({ onEvent: (event) => events.push(event) });
  setHandler(received, () => events);
  setHandler(leave, async (taskId) => await leaveTryOn(taskId));
  const how = await startOrJoinTryOn(input, { taskQueue });
  const outcome = await inbox.outcome(input.taskId);
  return { how, events, outcome };
}
