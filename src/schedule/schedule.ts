/**
 * When to poll next: from the age of a job, the duration distribution and the poll cost. Pure and deterministic; the same inputs
 * give the same answer on every worker, so a schedule needs no state but the age.
 */
import { type DurationModel, distributionOf, type PhaseModels, priorModel } from './distribution.js';
import { buildTable, nextFrom, type ScheduleTable, type TableGoal } from './schedule-table.js';

/** Everything that a schedule depends on; plain JSON. */
export interface SchedulePolicy {
  readonly model: DurationModel;
  /** Seconds of mean delay that one poll is worth; default 0.5. */
  readonly pollCostSeconds: number;
  /** Least gap between two polls; default 1000. */
  readonly floorMs: number;
  /** Largest gap between two polls; default 60000. */
  readonly ceilingMs: number;
  /** A gap is stretched or shortened by up to this share; 0 to 0.2, default 0.03. */
  readonly jitterShare: number;
}

/** The policy if nothing is known or set. */
export const defaultPolicy: SchedulePolicy = {
  model: priorModel,
  pollCostSeconds: 0.5,
  floorMs: 1000,
  ceilingMs: 60_000,
  jitterShare: 0.03,
};

/** Fills in what a policy leaves out. */
export const policyOf = (part: Partial<SchedulePolicy> = {}): SchedulePolicy => ({ ...defaultPolicy, ...part });

/** The least gap between two polls of an API whose vendor asks for `minPollMs`, in milliseconds; never below the default. */
export const floorOf = (minPollMs = 0): number => Math.max(defaultPolicy.floorMs, minPollMs);

/** The age of a job and what its schedule depends on. */
export interface NextPollInput {
  /** Milliseconds since the vendor accepted the job. */
  readonly ageMs: number;
  readonly policy: SchedulePolicy;
  /** In [0, 1); 0.5 leaves a gap as it is. See {@link jitterOf}. */
  readonly jitter: number;
  /** What the last reply showed; counts if the model has distributions of the phases. Default `unknown`. */
  readonly phase?: 'submitted' | 'running' | 'unknown';
  /**
   * Milliseconds, at `ageMs`, since the phase began: since the middle between the last poll that did not see it and the first that
   * did. Without it, `running` counts as `unknown`.
   */
  readonly phaseForMs?: number;
  /** Milliseconds between those two polls; default 0, the beginning is known. */
  readonly phaseGapMs?: number;
}

const maxTables = 48;
const tables = new Map<string, ScheduleTable>();

const minSlope = (jitterShare: number): number => (1.35 * jitterShare) / (1 + jitterShare) + 0.01;

const goalOf = (
  { model, pollCostSeconds, floorMs, ceilingMs, jitterShare }: SchedulePolicy,
  distribution: TableGoal['distribution'] = distributionOf(model),
): TableGoal => ({
  distribution,
  pollCostSeconds,
  floorSeconds: floorMs / 1000,
  ceilingSeconds: ceilingMs / 1000,
  minSlope: minSlope(jitterShare),
});

const gapStep = 1.25;

/** The distribution of a phase that began somewhere in a gap, counted from its middle: the mean of the distribution moved over the gap. */
function begunWithin(gapSeconds: number, model: DurationModel): TableGoal['distribution'] {
  const distribution = distributionOf(model);
  const parts = 8;
  return {
    horizonSeconds: distribution.horizonSeconds,
    survival: (age) => {
      if (age <= 0) return 1;
      let sum = 0;
      for (let k = 0; k < parts; k++) sum += distribution.survival(age + ((k + 0.5) / parts - 0.5) * gapSeconds);
      return sum / parts;
    },
  };
}

/** What a job costs once it is seen to run, by the gap in which its work began; some of it may be over by then. */
function costOfRunning(policy: SchedulePolicy, running: DurationModel): (gapSeconds: number) => number {
  const alone = distributionOf(running);
  const costs = new Map<number, number>();
  const costAfter = (gap: number): number => {
    const distribution = begunWithin(gap, running);
    const table = buildTable(goalOf(policy, distribution));
    let cost = 0;
    // What is over when it is first seen costs its delay.
    for (let k = 0; k < 16; k++)
      cost += ((1 - alone.survival(((k + 0.5) / 16) * gap)) * (1 - (k + 0.5) / 16) * gap) / 16;
    let age = gap / 2;
    for (let left = distribution.survival(age); left > 1e-6; left = distribution.survival(age)) {
      const until = advance(table, policy, 0.5, 1000 * age) / 1000;
      const width = (until - age) / 4;
      cost += policy.pollCostSeconds * left;
      for (let k = 0; k < 4; k++) cost += (left - distribution.survival(age + (k + 0.5) * width)) * width;
      age = until;
    }
    return cost;
  };
  const costAt = (step: number): number => {
    const known = costs.get(step) ?? costAfter(gapStep ** step);
    costs.set(step, known);
    return known;
  };
  return (gap) => {
    const place = Math.log(Math.max(0.5, gap)) / Math.log(gapStep);
    const step = Math.floor(place);
    return costAt(step) * (1 - place + step) + costAt(step + 1) * (place - step);
  };
}

// Tables are cached by what they depend on: a worker has one policy per account at a time, and asks it often.
function cachedTable(what: unknown, build: () => ScheduleTable): ScheduleTable {
  const key = JSON.stringify(what);
  const known = tables.get(key);
  if (known !== undefined) return known;
  const oldest = tables.keys().next();
  if (tables.size >= maxTables && !oldest.done) tables.delete(oldest.value);
  const table = build();
  tables.set(key, table);
  return table;
}

// What a table depends on of a model and of a policy.
const distributionKey = ({ source: _source, jobs: _jobs, phases: _phases, ...distribution }: DurationModel): unknown =>
  distribution;
const boundsKey = ({ pollCostSeconds, floorMs, ceilingMs, jitterShare }: SchedulePolicy): unknown => [
  pollCostSeconds,
  floorMs,
  ceilingMs,
  jitterShare,
];

// The same policy object is asked often: policies are not changed, and to make a key of one costs microseconds.
const ofPolicy = new WeakMap<SchedulePolicy, ScheduleTable>();

function tableOf(policy: SchedulePolicy): ScheduleTable {
  const known = ofPolicy.get(policy);
  if (known !== undefined) return known;
  const table = cachedTable([boundsKey(policy), distributionKey(policy.model)], () => buildTable(goalOf(policy)));
  ofPolicy.set(policy, table);
  return table;
}

const queuedTable = (policy: SchedulePolicy, { queued, running }: PhaseModels): ScheduleTable =>
  cachedTable(['queued', boundsKey(policy), distributionKey(queued), distributionKey(running)], () =>
    buildTable({ ...goalOf(policy, distributionOf(queued)), after: costOfRunning(policy, running) }),
  );

function begunTable(policy: SchedulePolicy, model: DurationModel, gapSeconds: number): ScheduleTable {
  // Gaps in steps of a quarter, so that few tables are in use.
  const gap = gapSeconds > 0.5 ? gapStep ** Math.round(Math.log(gapSeconds) / Math.log(gapStep)) : 0;
  return cachedTable(['begun', boundsKey(policy), distributionKey(model), gap], () =>
    buildTable(goalOf(policy, begunWithin(gap, model))),
  );
}

// Jitter scales the gap, then floor and ceiling hold. Each step keeps the map monotone: the table's slope is at least `minSlope`.
function advance(table: ScheduleTable, policy: SchedulePolicy, jitter: number, ageMs: number): number {
  const gap = 1000 * nextFrom(table, ageMs / 1000, policy.ceilingMs / 1000) - ageMs;
  const scaled = gap * (1 + policy.jitterShare * (2 * jitter - 1));
  return ageMs + Math.min(policy.ceilingMs, Math.max(policy.floorMs, scaled));
}

/** The table that holds for a job, and the age at which its clock began. */
function clockOf(input: NextPollInput): { table: ScheduleTable; beganMs: number } {
  const { ageMs, policy, phase, phaseForMs, phaseGapMs = 0 } = input;
  const phases = policy.model.phases;
  if (phases !== undefined && phase === 'submitted') return { table: queuedTable(policy, phases), beganMs: 0 };
  if (phases === undefined || phase !== 'running' || phaseForMs === undefined)
    return { table: tableOf(policy), beganMs: 0 };
  const beganMs = Math.max(0, ageMs - Math.max(0, phaseForMs));
  return { table: begunTable(policy, phases.running, phaseGapMs / 1000), beganMs };
}

/** How long to wait from now, at `ageMs`, to the next poll. Never throws. */
export function nextPoll(input: NextPollInput): { delayMs: number } {
  const { table, beganMs } = clockOf(input);
  const age = Math.max(0, input.ageMs - beganMs);
  return { delayMs: Math.round(advance(table, input.policy, input.jitter, age) - age) };
}

/** The age of the first poll at a job; a job older than that, not polled yet, is polled at once. */
export const firstPollMs = (policy: SchedulePolicy, jitter: number): number =>
  nextPoll({ ageMs: 0, policy, jitter, phase: 'submitted' }).delayMs;

/**
 * The age from which {@link nextPoll} leads to `ageMs`: where the poll before was taken, if this one was due at `ageMs` by a plain
 * schedule. So it is known when a job was last seen unfinished, without carrying that from attempt to attempt.
 * @param input - `ageMs`: when this poll was due; `phaseForMs`: at that age; `jitter`, `phase`: those of the poll before
 * @returns milliseconds, with a fraction; `undefined` where no poll of that phase leads there, as for the first poll of a job
 */
export function previousPoll(input: NextPollInput): number | undefined {
  const { policy, jitter } = input;
  const { table, beganMs } = clockOf(input);
  const age = input.ageMs - beganMs;
  if (advance(table, policy, jitter, 0) >= age) return undefined;
  let low = Math.max(0, age - policy.ceilingMs);
  let high = Math.max(0, age - policy.floorMs);
  for (let step = 0; step < 60 && high - low > 1e-4; step++) {
    const middle = (low + high) / 2;
    if (advance(table, policy, jitter, middle) < age) low = middle;
    else high = middle;
  }
  return beganMs + (low + high) / 2;
}

/** The ages in seconds of the polls at a job that never ends, without jitter, from the first to `untilSeconds`. */
export function pollTimes(policy: SchedulePolicy, untilSeconds: number = policy.model.horizonSeconds): number[] {
  const table = tableOf(policy);
  const times: number[] = [];
  for (let age = advance(table, policy, 0.5, 0); age <= untilSeconds * 1000; age = advance(table, policy, 0.5, age))
    times.push(age / 1000);
  return times;
}

/** What a schedule costs on average. */
export interface ScheduleCost {
  /** Mean number of polls, the one that sees the end included. */
  readonly polls: number;
  /** Mean time in seconds from a job's end to the poll that sees it. */
  readonly delaySeconds: number;
}

/** The mean cost of a policy's schedule, should durations follow `model`; default: the policy's own. */
export function scheduleCost(policy: SchedulePolicy, model: DurationModel = policy.model): ScheduleCost {
  const distribution = distributionOf(model);
  const table = tableOf(policy);
  let polls = 0;
  let delaySeconds = 0;
  let age = 0;
  // The delay within a gap is the integral of S(start) - S(t); Simpson's rule, eight parts to a gap.
  for (let left = 1; left > 1e-9; ) {
    const until = advance(table, policy, 0.5, 1000 * age) / 1000;
    const width = (until - age) / 8;
    let sum = 0;
    for (let k = 0; k <= 8; k++) {
      const weight = k === 0 || k === 8 ? 1 : k % 2 === 1 ? 4 : 2;
      sum += weight * (left - distribution.survival(age + k * width));
    }
    polls += left;
    delaySeconds += (sum * width) / 3;
    age = until;
    left = distribution.survival(age);
  }
  return { polls, delaySeconds };
}
