import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `isTrue`, asking every 25 ms: for states that a server tells only when asked. The test's own time-out is the limit. */
export async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isTrue())) await sleep(25);
}
