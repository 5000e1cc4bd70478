/** What the same schedules would do to the same jobs if nothing took time: no network, no server, no worker. */
import { jitterOf } from '../../src/schedule/jitter.js';
import { firstPollMs, nextPoll, type SchedulePolicy } from '../../src/schedule/schedule.js';

/** A job of the benchmark. */
export interface Job {
  readonly taskId: string;
  readonly durationMs: number;
}

/** Requests and mean delay. */
export interface Outcome {
  readonly requests: number;
  readonly delayMs: number;
}

/** One job under this package's schedule, attempt by attempt as the activity counts them: the first is silent. */
export function ourPolls({ taskId, durationMs }: Job, policy: SchedulePolicy): Outcome {
  let ageMs = firstPollMs(policy, jitterOf(taskId, 0));
  let requests = 1;
  for (let attempt = 2; ageMs < durationMs; attempt++, requests++)
    ageMs += nextPoll({ ageMs, policy, jitter: jitterOf(taskId, attempt) }).delayMs;
  return { requests, delayMs: ageMs - durationMs };
}

/** One job under a fixed interval whose first poll is at once. */
export function fixedPolls({ durationMs }: Job, everyMs: number): Outcome {
  const gaps = Math.ceil(durationMs / everyMs);
  return { requests: gaps + 1, delayMs: gaps * everyMs - durationMs };
}

/** Means over jobs; their product is what schedules are compared by. */
export function summed(outcomes: readonly Outcome[]): {
  readonly requests: number;
  readonly delaySeconds: number;
  readonly product: number;
} {
  let [requests, delay] = [0, 0];
  for (const one of outcomes) {
    requests += one.requests;
    delay += one.delayMs;
  }
  requests /= outcomes.length;
  const delaySeconds = delay / outcomes.length / 1000;
  return { requests, delaySeconds, product: requests * delaySeconds };
}
