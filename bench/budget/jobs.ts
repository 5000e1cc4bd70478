/** Jobs of the budget's benchmark, as they really come: a stream that has run for long, taken on in the middle. */
import { distributionA } from '../lib/distributions.js';
import { exponentialDraw, seeded } from '../lib/random.js';

/** One job. Times are milliseconds from the start of the run. */
export interface Planned {
  readonly taskId: string;
  /** Negative for those that are open at the start. */
  readonly submittedMs: number;
  readonly durationMs: number;
  /** When its wait is started: those that are open already are taken on one after the other before the start. */
  readonly startMs: number;
}

/** All at once would be an outage's end, not a stream. */
export const takeOnMs = 30_000;

/** A Poisson stream of distribution A from so long before the run that none older could be open; those over by then are left out. */
export function stream(seed: number, seconds: number, jobsPerSecond: number): Planned[] {
  const distribution = distributionA();
  const draw = seeded(seed);
  const jobs: Omit<Planned, 'startMs'>[] = [];
  let at = -distribution.horizonSeconds;
  for (let index = 0; ; index++) {
    at += exponentialDraw(draw) / jobsPerSecond;
    if (at >= seconds) break;
    const duration = distribution.draw(draw);
    if (at + duration <= 0) continue;
    jobs.push({
      taskId: `job-${seed}-${index}`,
      submittedMs: Math.round(1000 * at),
      durationMs: Math.round(1000 * duration),
    });
  }
  const stock = jobs.filter(({ submittedMs }) => submittedMs < 0).length;
  return jobs.map((job, index) => ({ ...job, startMs: Math.max(job.submittedMs, (index / stock - 1) * takeOnMs) }));
}
