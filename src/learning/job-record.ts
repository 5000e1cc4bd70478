/** From what is known of a job to what a duration model learns from. Pure. */
import type { OutcomeStatus, TryOnError } from '../contract.js';
import { defined } from '../defined.js';
import type { DurationModel } from '../schedule/distribution.js';
import { learnModel, type Observation } from './estimate.js';

/** One job, as its wait observed it. */
export interface JobRecord extends Observation {
  /** The task's id. */
  readonly id: string;
  readonly account: string;
  /** Which vendor API has the task; absent: {@link defaultApi}. */
  readonly api?: string;
  readonly submittedAtMs: number;
  /** Of a job that is not over: until when nobody polls it again. What is known of it is out of date then. */
  readonly validUntilMs?: number;
  /** Age at which its work began: between the last poll that saw it queued and the first that saw it running. Absent if never seen. */
  readonly queued?: Observation;
  /** How long its work took, counted from the middle of those two polls. */
  readonly running?: Observation;
}

/** The API of jobs that name none. */
export const defaultApi = 'tryon';

/** The API of a job. */
export const apiOfJob = ({ api = defaultApi }: Pick<JobRecord, 'api'>): string => api;

/** What is known of one job. Times are Unix milliseconds. */
export interface KnownJob {
  readonly taskId: string;
  readonly account: string;
  /** Default {@link defaultApi}. */
  readonly api?: string | undefined;
  readonly submittedAtMs: number;
  /** When its wait began. Default: at submission. */
  readonly joinedAtMs?: number | undefined;
  /** Last time it was seen unfinished. */
  readonly pendingUntilMs?: number | undefined;
  /** Last time it was seen submitted and not yet running. */
  readonly queuedUntilMs?: number | undefined;
  /** First time it was seen running. */
  readonly runningSeenAtMs?: number | undefined;
  /** When the next poll is due, for a job that is not over. */
  readonly nextPollAtMs?: number | undefined;
  /** When the wait ended, and how; absent for one that is open. */
  readonly end?: { readonly atMs: number; readonly status: OutcomeStatus; readonly error?: TryOnError } | undefined;
}

/** A poll may run this much later than planned. */
const lateMs = 5_000;

/**
 * Whether a wait that ended this way saw the vendor's work end. A job that failed in its work is one that ended; a refusal, an error of the
 * account or an unknown task says nothing of durations.
 */
function sawEnd({ status, error }: NonNullable<KnownJob['end']>): boolean {
  if (status === 'finished' || status === 'partial') return true;
  return status === 'failed' && error?.layer === 'task';
}

/**
 * The record of a job: it ended after it was last seen unfinished and by the time its end was seen. Of a wait that timed out it is only known
 * that the job was not over. A wait that began late says nothing of the ages before.
 * @returns `undefined` where nothing is known, also for a wait that began so late that its first poll found the job over
 */
export function jobRecord(job: KnownJob): JobRecord | undefined {
  const { taskId, account, api, submittedAtMs, joinedAtMs = submittedAtMs, pendingUntilMs, nextPollAtMs, end } = job;
  const age = (ms: number, fromMs = submittedAtMs): number => Math.max(0, (ms - fromMs) / 1000);
  const endedAtMs = end !== undefined && sawEnd(end) ? end.atMs : undefined;
  if (endedAtMs === undefined && pendingUntilMs === undefined) return undefined;
  const fromSeconds = age(joinedAtMs);
  if (endedAtMs !== undefined && pendingUntilMs === undefined && fromSeconds > age(endedAtMs) / 2) return undefined;
  const lowSeconds = pendingUntilMs === undefined ? 0 : age(pendingUntilMs);
  return {
    id: taskId,
    account,
    submittedAtMs,
    lowSeconds,
    ...defined({
      api: api === defaultApi ? undefined : api,
      highSeconds: endedAtMs === undefined ? undefined : Math.max(lowSeconds, age(endedAtMs)),
      // Less than a second is how long a start takes.
      fromSeconds: fromSeconds < 1 ? undefined : Math.min(fromSeconds, lowSeconds),
      validUntilMs: end === undefined && nextPollAtMs !== undefined ? nextPollAtMs + lateMs : undefined,
    }),
    ...phasesOf(job, endedAtMs, age),
  };
}

/** If the work was never seen, but the queue was, the work lies between that and the end. */
function phasesOf(
  { submittedAtMs, pendingUntilMs, queuedUntilMs, runningSeenAtMs }: KnownJob,
  endedAtMs: number | undefined,
  age: (ms: number, fromMs?: number) => number,
): Pick<JobRecord, 'queued' | 'running'> {
  const begunAtMs = runningSeenAtMs ?? (queuedUntilMs === undefined ? undefined : endedAtMs);
  if (begunAtMs === undefined) return {};
  const low = queuedUntilMs === undefined ? 0 : age(queuedUntilMs);
  const queued = { lowSeconds: low, highSeconds: Math.max(low, age(begunAtMs)) };
  const middleMs = submittedAtMs + 500 * (queued.lowSeconds + queued.highSeconds);
  const seen = runningSeenAtMs === undefined || pendingUntilMs === undefined ? 0 : age(pendingUntilMs, middleMs);
  const highSeconds = endedAtMs === undefined ? undefined : Math.max(seen, age(endedAtMs, middleMs));
  return { queued, running: { lowSeconds: seen, ...defined({ highSeconds }) } };
}

/** Phases are modelled if this many jobs showed them, and this share of all. */
const minPhased = 30;
const minPhasedShare = 0.8;

/**
 * Learns the durations of jobs, and those of their phases if replies show them. The prior of a phase has half of the prior's median.
 * @param records - oldest submission first
 */
export function learnFromRecords(records: readonly JobRecord[], prior: DurationModel): DurationModel {
  const model = learnModel(records, prior);
  const phased = records.filter(({ queued, running }) => queued !== undefined && running !== undefined);
  if (phased.length < minPhased || phased.length < minPhasedShare * records.length) return model;
  const { phases: _phases, tailFromSeconds: _from, ...whole } = prior;
  const half = { ...whole, logMedian: prior.logMedian - Math.LN2 };
  const learned = (phase: 'queued' | 'running'): DurationModel =>
    learnModel(
      phased.flatMap((record) => record[phase] ?? []),
      half,
    );
  return { ...model, phases: { queued: learned('queued'), running: learned('running') } };
}
