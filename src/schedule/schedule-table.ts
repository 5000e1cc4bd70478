/**
 * The best next poll from every age, found by dynamic programming: it minimises poll cost x polls + delay under a floor and a ceiling on the
 * gaps. Pure; a table of about 3,000 ages costs a few milliseconds.
 */
import type { DurationDistribution } from './distribution.js';

/** What a table is made for; seconds. */
export interface TableGoal {
  readonly distribution: Pick<DurationDistribution, 'horizonSeconds' | 'survival'>;
  /** Seconds of mean delay that one poll is worth. */
  readonly pollCostSeconds: number;
  readonly floorSeconds: number;
  readonly ceilingSeconds: number;
  /** The least slope of the map age -> next poll, so that it can be inverted. */
  readonly minSlope: number;
  /**
   * What a job costs, in seconds, from the poll that finds it over, which was `gapSeconds` after the poll before. Default: the
   * delay alone. Given if the end of this distribution is only the beginning of the next phase.
   */
  readonly after?: (gapSeconds: number) => number;
}

/** From each age the next poll; both rise. Between two ages the next poll is interpolated. */
export interface ScheduleTable {
  readonly ageSeconds: Float64Array;
  readonly nextSeconds: Float64Array;
}

// Steps grow with the age as the distribution's detail does: 0.5 % of it. The finest resolves a floor of 1 s, the coarsest a job of the tail.
function gridTo(horizon: number): Float64Array {
  const ages = [0];
  const coarsest = Math.max(1, horizon / 1800);
  for (let age = 0; age < horizon; ) {
    age = Math.min(horizon, age + Math.min(coarsest, Math.max(0.05, 0.005 * age)));
    ages.push(age);
  }
  return Float64Array.from(ages);
}

/** The lowest point of the parabola through three points, within them. */
function vertex(x0: number, y0: number, x1: number, y1: number, x2: number, y2: number): number {
  const left = (y1 - y0) / (x1 - x0);
  const right = (y2 - y1) / (x2 - x1);
  const bend = (right - left) / (x2 - x0);
  if (!(bend > 0)) return x1;
  return Math.min(x2, Math.max(x0, (x0 + x1 - left / bend) / 2));
}

/**
 * Builds the table.
 *
 * With S the survival, R its integral from an age to the horizon and W(i) the least cost still to come at age t(i), counted per job
 * submitted: W(i) = min over j of S(i) (poll cost + t(j) - t(i)) - (R(i) - R(j)) + W(j). What depends on j is S(i) t(j) + U(j) with
 * U = R + W; since S falls, the best j never falls as i rises, which halves the search and makes the map monotone.
 */
export function buildTable(goal: TableGoal): ScheduleTable {
  const { distribution, pollCostSeconds, floorSeconds, ceilingSeconds, minSlope, after } = goal;
  const ages = gridTo(distribution.horizonSeconds);
  const last = ages.length - 1;
  const at = (array: Float64Array, index: number): number => array[index] as number;
  const left = Float64Array.from(ages, (age) => distribution.survival(age));
  const rest = new Float64Array(last + 1);
  for (let i = last - 1; i >= 0; i--)
    rest[i] = at(rest, i + 1) + ((at(left, i) + at(left, i + 1)) / 2) * (at(ages, i + 1) - at(ages, i));

  const u = new Float64Array(last + 1);
  const next = new Float64Array(last + 1);
  next[last] = distribution.horizonSeconds + ceilingSeconds;
  let high = last;
  for (let i = last - 1; i >= 0; i--) {
    const age = at(ages, i);
    const s = at(left, i);
    let low = i + 1;
    // The range that floor and ceiling leave, to the nearest grid point; what is between is clamped below.
    while (low < last && (at(ages, low) + at(ages, low + 1)) / 2 < age + floorSeconds) low++;
    while (high > low && (at(ages, high) + at(ages, high - 1)) / 2 > age + ceilingSeconds) high--;
    let best = low;
    let min = Number.POSITIVE_INFINITY;
    for (let j = low; j <= high; j++) {
      let cost = s * at(ages, j) + at(u, j);
      if (after !== undefined) cost = at(u, j) + (s - at(left, j)) * after(at(ages, j) - age);
      if (cost < min) {
        min = cost;
        best = j;
      }
    }
    // R(i) + W(i); W(i) alone where a cost of its own follows
    u[i] = s * (pollCostSeconds - (after === undefined ? age : 0)) + min;
    let poll = at(ages, best);
    if (after === undefined && best > low && best < high) {
      const [a, b, c] = [at(ages, best - 1), at(ages, best), at(ages, best + 1)];
      poll = vertex(a, s * a + at(u, best - 1), b, min, c, s * c + at(u, best + 1));
    }
    next[i] = Math.min(age + ceilingSeconds, Math.max(age + floorSeconds, poll));
    high = after === undefined ? Math.min(last, Math.max(best, low) + 1) : last;
  }
  for (let i = 1; i <= last; i++)
    next[i] = Math.max(at(next, i), at(next, i - 1) + minSlope * (at(ages, i) - at(ages, i - 1)));
  return { ageSeconds: ages, nextSeconds: next };
}

/** The next poll from an age, in seconds; `ceilingSeconds` ahead from the horizon on. */
export function nextFrom({ ageSeconds, nextSeconds }: ScheduleTable, age: number, ceilingSeconds: number): number {
  const last = ageSeconds.length - 1;
  if (age >= (ageSeconds[last] as number)) return age + ceilingSeconds;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((ageSeconds[middle] as number) <= age) low = middle;
    else high = middle;
  }
  const from = ageSeconds[low] as number;
  const share = (Math.max(0, age) - from) / ((ageSeconds[high] as number) - from);
  return (nextSeconds[low] as number) * (1 - share) + (nextSeconds[high] as number) * share;
}
