/** Schedules that other clients ship, as their published code has them; seconds since submission, the first poll at 0. */
import type { Draw } from '../lib/random.js';

/** A schedule: the times of polls, without end. */
export interface Peer {
  readonly name: string;
  readonly source: string;
  readonly times: (draw: Draw) => Generator<number, never>;
}

function* growing(first: number, factor: number, max: number): Generator<number, never> {
  let time = 0;
  for (let gap = first; ; gap = Math.min(max, gap * factor)) {
    yield time;
    time += gap;
  }
}

function* every(gap: number): Generator<number, never> {
  for (let time = 0; ; time += gap) yield time;
}

function* awsWaiter(draw: Draw): Generator<number, never> {
  const [min, max] = [2, 120];
  const ceiling = Math.log2(max / min) + 1;
  let time = 0;
  yield time;
  for (let attempt = 1; ; attempt++) {
    time += attempt > ceiling ? max : min + draw() * (min * 2 ** (attempt - 1) - min);
    yield time;
  }
}

/** The peers of the table. */
export const peers: readonly Peer[] = [
  { name: 'fixed 1 s', source: 'fashn 0.11, samples of the vendor', times: () => every(1) },
  { name: 'fixed 5 s', source: 'openai 6 pollers, pro sample of the vendor', times: () => every(5) },
  { name: 'doubling to 5 s', source: '1 s, doubled, at most 5 s', times: () => growing(1, 2, 5) },
  { name: 'google-gax', source: 'google-gax 5: 100 ms x 1.3, at most 60 s', times: () => growing(0.1, 1.3, 60) },
  { name: 'AWS waiter', source: '@smithy/core waiter: 2 to 120 s, doubled, jitter', times: awsWaiter },
  { name: 'Temporal retry', source: 'default retry policy: 1 s x 2, at most 100 s', times: () => growing(1, 2, 100) },
];
