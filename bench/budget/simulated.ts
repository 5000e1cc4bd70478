/**
 * The same jobs where nothing takes time but the queue: workers that set the poll cost by the polls and the lag of the queue, and a queue held to
 * a rate, with a token bucket in each of its partitions. The feedback loop was tuned with it; the real stack is compared with it.
 */
import { learningSettings, nextLagSeconds } from '../../src/learning/learning.js';
import { jitterOf } from '../../src/schedule/jitter.js';
import { nextPollCost, pollCostSettings, roundedPollCost, vendorQueueRate } from '../../src/schedule/poll-cost.js';
import { firstPollMs, nextPoll, policyOf, type SchedulePolicy } from '../../src/schedule/schedule.js';
import { distributionA } from '../lib/distributions.js';
import { seeded } from '../lib/random.js';
import { meanOf } from '../lib/stats.js';
import { type Planned, takeOnMs } from './jobs.js';

/** What is simulated. */
export interface Simulation {
  readonly jobs: readonly Planned[];
  readonly seed: number;
  readonly queriesPerSecond: number;
  readonly workers: number;
  /** Of the vendor's queue; the server's default is 4. */
  readonly partitions: number;
  /** The part of the run that counts, in milliseconds from its start. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What came of it. */
export interface Simulated {
  readonly pollsPerSecond: number;
  readonly delaySeconds: number;
  readonly lagSeconds: number;
}

/** The server's rates of a queue are means over this. */
const RATE_WINDOW_MS = 30_000;

/** Dispatch and start of an attempt on an idle server. */
const DISPATCH_MS = 8;

/** Things to come, the earliest first. */
class Agenda {
  readonly #heap: { readonly atMs: number; readonly run: (nowMs: number) => void }[] = [];

  add(atMs: number, run: (nowMs: number) => void): void {
    const heap = this.#heap;
    let at = heap.push({ atMs, run }) - 1;
    for (let above = (at - 1) >> 1; at > 0 && this.#isSooner(at, above); above = (at - 1) >> 1) {
      this.#swap(at, above);
      at = above;
    }
  }

  /** Runs what comes up to a time. */
  runUntil(endMs: number): void {
    for (let next = this.#take(endMs); next !== undefined; next = this.#take(endMs)) next.run(next.atMs);
  }

  #take(endMs: number) {
    const [first] = this.#heap;
    if (first === undefined || first.atMs > endMs) return undefined;
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return first;
    this.#heap[0] = last;
    for (let at = 0; ; ) {
      let min = at;
      for (const below of [2 * at + 1, 2 * at + 2]) if (this.#isSooner(below, min)) min = below;
      if (min === at) return first;
      this.#swap(at, min);
      at = min;
    }
  }

  #isSooner(one: number, other: number): boolean {
    return (this.#heap[one]?.atMs ?? Number.POSITIVE_INFINITY) < (this.#heap[other]?.atMs ?? Number.POSITIVE_INFINITY);
  }

  #swap(one: number, other: number): void {
    const heap = this.#heap;
    [heap[one], heap[other]] = [heap[other] as (typeof heap)[0], heap[one] as (typeof heap)[0]];
  }
}

/** A queue held to a rate: says when what is due now leaves it. Tasks go to partitions by chance, in each first come first served. */
function limitedQueue(perSecond: number, partitions: number, draw: () => number): (nowMs: number) => number {
  const gapMs = (1000 * partitions) / perSecond;
  // A second's worth may leave at once after a quiet spell.
  const burstMs = 1000 - gapMs;
  const nextMs = new Array<number>(partitions).fill(Number.NEGATIVE_INFINITY);
  return (nowMs) => {
    const at = Math.floor(partitions * draw());
    const tokenMs = Math.max(nextMs[at] as number, nowMs - Math.max(0, burstMs));
    nextMs[at] = tokenMs + gapMs;
    return Math.max(nowMs, tokenMs) + DISPATCH_MS;
  };
}

/** Runs it, from the take-on of the jobs that are open at the start. */
export function simulateBudget(simulation: Simulation): Simulated {
  const { jobs, queriesPerSecond, partitions, fromMs, untilMs } = simulation;
  const { model } = distributionA();
  const draw = seeded(simulation.seed + 1);
  const agenda = new Agenda();
  const leaves = limitedQueue(vendorQueueRate(queriesPerSecond, partitions), partitions, draw);
  const workers = Array.from({ length: simulation.workers }, () => ({
    lagSeconds: 0,
    pollCost: pollCostSettings.minSeconds as number,
    policy: policyOf({ model }),
  }));
  const one = () => workers[Math.floor(workers.length * draw())] as (typeof workers)[0];
  const pollsMs: number[] = [];
  const delays: number[] = [];
  const lags: number[] = [];

  const publishMs = learningSettings.publishTicks * learningSettings.tickMs;
  for (const worker of workers) {
    const publish = (nowMs: number): void => {
      const recent = pollsMs.filter((ms) => ms > nowMs - RATE_WINDOW_MS).length;
      const load = { pollsPerSecond: (1000 * recent) / RATE_WINDOW_MS, lagSeconds: worker.lagSeconds };
      worker.pollCost = nextPollCost(worker.pollCost, load, queriesPerSecond);
      worker.policy = policyOf({ model, pollCostSeconds: roundedPollCost(worker.pollCost) });
      agenda.add(nowMs + publishMs * (0.9 + 0.2 * draw()), publish);
    };
    agenda.add(-takeOnMs + publishMs * draw(), publish);
  }

  const delayOf = (policy: SchedulePolicy, { taskId, submittedMs }: Planned, nowMs: number, attempt: number): number =>
    nextPoll({ ageMs: nowMs - submittedMs, policy, jitter: jitterOf(taskId, attempt) }).delayMs;
  const due = (job: Planned, attempt: number, dueMs: number): void =>
    agenda.add(dueMs, () => agenda.add(leaves(dueMs), (nowMs) => poll(job, attempt, dueMs, nowMs)));
  const poll = (job: Planned, attempt: number, dueMs: number, nowMs: number): void => {
    const worker = one();
    worker.lagSeconds = nextLagSeconds(worker.lagSeconds, nowMs - dueMs);
    pollsMs.push(nowMs);
    const isCounted = nowMs >= fromMs;
    if (isCounted) {
      lags.push(nowMs - dueMs);
    }
    const endMs = job.submittedMs + job.durationMs;
    if (nowMs < endMs) due(job, attempt + 1, nowMs + delayOf(worker.policy, job, nowMs, attempt));
    else if (isCounted) delays.push(nowMs - endMs);
  };
  for (const job of jobs) {
    agenda.add(job.startMs, (nowMs) => {
      const firstMs = job.submittedMs + firstPollMs(one().policy, jitterOf(job.taskId, 0));
      due(job, 2, Math.max(nowMs, firstMs));
    });
  }
  agenda.runUntil(untilMs);
  return {
    pollsPerSecond: (1000 * lags.length) / (untilMs - fromMs),
    delaySeconds: meanOf(delays) / 1000,
    lagSeconds: meanOf(lags) / 1000,
  };
}
