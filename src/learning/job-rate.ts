/** How many jobs start per second, from counts over several windows. Pure. */

/** So many jobs started in the last so many seconds. */
export interface JobCount {
  readonly windowSeconds: number;
  readonly jobs: number;
}

/** Windows that are worth counting: the shortest sees a change within half a minute, the longest steadies the rest. */
export const rateWindowsSeconds = [20, 60, 180, 600] as const;

/** A window agrees with a shorter one within so many standard deviations of the shorter one's count. */
const agreement = 2.5;

/**
 * The rate of the longest window that agrees with all shorter ones: steady where the load is, quick where it has changed.
 * @param counts - in any order; those of no length are left out
 * @returns jobs per second; 0 without counts
 */
export function jobRate(counts: readonly JobCount[]): number {
  const sorted = counts
    .filter(({ windowSeconds, jobs }) => windowSeconds > 0 && jobs >= 0)
    .sort((a, b) => a.windowSeconds - b.windowSeconds);
  let rate = 0;
  const bounds: { low: number; high: number }[] = [];
  for (const { windowSeconds, jobs } of sorted) {
    const now = jobs / windowSeconds;
    if (bounds.some(({ low, high }) => now < low || now > high)) break;
    rate = now;
    const away = (agreement * Math.sqrt(jobs + 1)) / windowSeconds;
    bounds.push({ low: now - away, high: now + away });
  }
  return rate;
}

/** The rate of starts is believed within this factor of what the open jobs tell. */
const openAgreement = 1.5;

/**
 * The rate of jobs that a poll cost is made for: that of starts, kept near the steady rate at which so many jobs would be open (Little's distribution).
 * Polls are taken at open jobs: a burst of starts is no stream as fast as the burst, and its jobs want polls when it is over.
 * @param startedPerSecond - see {@link jobRate}
 * @param openJobs - jobs that are open now
 * @param meanSeconds - mean duration of a job
 * @returns jobs per second
 */
export function loadRate(startedPerSecond: number, openJobs: number, meanSeconds: number): number {
  const steady = openJobs / Math.max(1, meanSeconds);
  return Math.min(openAgreement * steady, Math.max(steady / openAgreement, startedPerSecond));
}
