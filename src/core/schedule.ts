/**
 * When to look next: from the age of a job, the law of durations and the price of a look. Pure and deterministic; the same inputs
 * give the same answer on every worker, so a schedule needs no state but the age.
 */
import { type DurationModel, lawOf, priorModel } from './duration.js';
import { buildTable, nextFrom, type ScheduleTable } from './schedule-table.js';

/** Everything that shapes a schedule; plain JSON. */
export interface SchedulePolicy {
  readonly model: DurationModel;
  /** Seconds of mean delay that one look is worth; default 0.5. */
  readonly priceSeconds: number;
  /** Least gap between two looks; default 1000. */
  readonly floorMs: number;
  /** Largest gap between two looks; default 60000. */
  readonly ceilingMs: number;
  /** A gap is stretched or shortened by up to this share; 0 to 0.2, default 0.03. */
  readonly jitterShare: number;
}

/** The policy where nothing is known or set. */
export const defaultPolicy: SchedulePolicy = {
  model: priorModel,
  priceSeconds: 0.5,
  floorMs: 1000,
  ceilingMs: 60_000,
  jitterShare: 0.03,
};

/** Fills in what a policy leaves out. */
export const policyOf = (part: Partial<SchedulePolicy> = {}): SchedulePolicy => ({ ...defaultPolicy, ...part });

/** Where a job is and what shapes its schedule. */
export interface LookInput {
  /** Milliseconds since the vendor accepted the job. */
  readonly ageMs: number;
  readonly policy: SchedulePolicy;
  /** In [0, 1); 0.5 leaves a gap as it is. See {@link jitterOf}. */
  readonly jitter: number;
}

const keptTables = 16;
const tables = new Map<string, ScheduleTable>();

const leastSlope = (jitterShare: number): number => (1.35 * jitterShare) / (1 + jitterShare) + 0.01;

// Tables are remembered by what they depend on: a worker has one policy per account and API at a time, and asks it often.
function tableOf({ model, priceSeconds, floorMs, ceilingMs, jitterShare }: SchedulePolicy): ScheduleTable {
  const { source: _source, jobs: _jobs, ...law } = model;
  const key = JSON.stringify([law, priceSeconds, floorMs, ceilingMs, jitterShare]);
  let table = tables.get(key);
  if (table === undefined) {
    table = buildTable({
      model,
      priceSeconds,
      floorSeconds: floorMs / 1000,
      ceilingSeconds: ceilingMs / 1000,
      leastSlope: leastSlope(jitterShare),
    });
    const oldest = tables.keys().next();
    if (tables.size >= keptTables && !oldest.done) tables.delete(oldest.value);
    tables.set(key, table);
  }
  return table;
}

// Jitter scales the gap, then floor and ceiling hold. Each step keeps the map monotone: the table's slope is at least `leastSlope`.
function advance(table: ScheduleTable, policy: SchedulePolicy, jitter: number, ageMs: number): number {
  const gap = 1000 * nextFrom(table, ageMs / 1000, policy.ceilingMs / 1000) - ageMs;
  const scaled = gap * (1 + policy.jitterShare * (2 * jitter - 1));
  return ageMs + Math.min(policy.ceilingMs, Math.max(policy.floorMs, scaled));
}

/** How long to wait from now, at `ageMs`, to the next look. Never throws. */
export function nextLook({ ageMs, policy, jitter }: LookInput): { delayMs: number } {
  const age = Math.max(0, ageMs);
  return { delayMs: Math.round(advance(tableOf(policy), policy, jitter, age) - age) };
}

/** The age of the first look at a job; a job older than that, not looked at yet, is looked at at once. */
export const firstLookMs = (policy: SchedulePolicy, jitter: number): number =>
  nextLook({ ageMs: 0, policy, jitter }).delayMs;

/**
 * The age from which {@link nextLook} leads to `ageMs`: where the look before was taken, if this one was due at `ageMs` by a plain
 * schedule. It tells when a job was last seen unfinished without carrying that from attempt to attempt.
 * @param input - `ageMs`: when this look was due; `jitter`: the one of the look before
 * @returns milliseconds, with a fraction; `undefined` where this is the first look or earlier
 */
export function previousLook({ ageMs, policy, jitter }: LookInput): number | undefined {
  const table = tableOf(policy);
  let low = Math.max(0, ageMs - policy.ceilingMs);
  let high = Math.max(0, ageMs - policy.floorMs);
  if (advance(table, policy, jitter, 0) >= ageMs) return undefined;
  for (let step = 0; step < 60 && high - low > 1e-4; step++) {
    const middle = (low + high) / 2;
    if (advance(table, policy, jitter, middle) < ageMs) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The ages in seconds of the looks at a job that never ends, without jitter, from the first to `untilSeconds`. */
export function lookTimes(policy: SchedulePolicy, untilSeconds: number = policy.model.horizonSeconds): number[] {
  const table = tableOf(policy);
  const times: number[] = [];
  for (let age = advance(table, policy, 0.5, 0); age <= untilSeconds * 1000; age = advance(table, policy, 0.5, age))
    times.push(age / 1000);
  return times;
}

/** How many looks a schedule without jitter takes after `fromMs` and up to `toMs`, for a look taken at `fromMs`. */
export function looksBetween({
  fromMs,
  toMs,
  policy,
}: {
  fromMs: number;
  toMs: number;
  policy: SchedulePolicy;
}): number {
  const table = tableOf(policy);
  let looks = 0;
  for (let age = advance(table, policy, 0.5, Math.max(0, fromMs)); age <= toMs; age = advance(table, policy, 0.5, age))
    looks++;
  return looks;
}

/** What a schedule costs on average. */
export interface ScheduleCost {
  /** Mean number of looks, the one that sees the end included. */
  readonly looks: number;
  /** Mean time in seconds from a job's end to the look that sees it. */
  readonly delaySeconds: number;
}

/** The mean cost of a policy's schedule, should durations follow `model`; default: the policy's own. */
export function scheduleCost(policy: SchedulePolicy, model: DurationModel = policy.model): ScheduleCost {
  const law = lawOf(model);
  const table = tableOf(policy);
  let looks = 0;
  let delaySeconds = 0;
  let age = 0;
  // The delay within a gap is the integral of S(start) - S(t); Simpson's rule, eight parts to a gap.
  for (let left = 1; left > 1e-9; ) {
    const until = advance(table, policy, 0.5, 1000 * age) / 1000;
    const width = (until - age) / 8;
    let sum = 0;
    for (let k = 0; k <= 8; k++) {
      const weight = k === 0 || k === 8 ? 1 : k % 2 === 1 ? 4 : 2;
      sum += weight * (left - law.survival(age + k * width));
    }
    looks += left;
    delaySeconds += (sum * width) / 3;
    age = until;
    left = law.survival(age);
  }
  return { looks, delaySeconds };
}
