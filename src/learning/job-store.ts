/**
 * The jobs that a worker knows of, and from which of them a model is learned. Knows no clock.
 *
 * Jobs are taken in the order of their submission, and only once nearly all of their time have ended. In the order of their ends, the
 * jobs of a batch would come sorted by duration and seem to become slower and slower; and of those submitted just now, only the quick ones
 * have ended.
 *
 * A job belongs to the worker that took its latest poll. So each of N workers has a random 1/N of the jobs, ended and open alike.
 */
import { apiOfJob, defaultApi, type JobRecord } from './job-record.js';

/** See the file's description. */
export interface JobStore {
  /** Takes records in. A known job is replaced by its end, or by a later poll. */
  add(records: Iterable<JobRecord>): void;
  /**
   * The jobs of an account and an API to learn from, oldest submission first: those submitted before `untilMs`, and of the open ones those that were
   * submitted in the same time as the ended. If hardly any job of that time has ended, all jobs.
   * @param nowMs - open jobs that somebody else has polled by then are left out
   * @param api - default `tryon`
   */
  settled(account: string, untilMs: number, nowMs: number, api?: string): JobRecord[];
}

/** Jobs that a store holds, the latest heard of. */
const maxJobs = 4_000;
/** Where fewer jobs than this have ended before the limit, all are taken, open ones too: then there is nothing better. */
const minSettled = 30;
/** Ended jobs that are taken: the estimator uses no more. */
const maxEnded = 300;

const isOver = ({ highSeconds }: JobRecord): boolean => highSeconds !== undefined;

/** What two waits for the same submission saw. */
const merged = (before: JobRecord, record: JobRecord): JobRecord =>
  before.submittedAtMs === record.submittedAtMs && before.lowSeconds <= (record.highSeconds ?? Number.POSITIVE_INFINITY)
    ? { ...record, lowSeconds: Math.max(before.lowSeconds, record.lowSeconds) }
    : record;

/** An empty store. */
export function createJobStore(): JobStore {
  const jobs = new Map<string, JobRecord>();

  return {
    add(records) {
      for (const record of records) {
        const before = jobs.get(record.id);
        // The first end that was seen is the nearest to the truth: a second wait finds the task over.
        if (before !== undefined && isOver(before)) continue;
        if (before !== undefined && !isOver(record) && record.lowSeconds < before.lowSeconds) continue;
        jobs.delete(record.id);
        jobs.set(record.id, before === undefined ? record : merged(before, record));
        const [oldest] = jobs.keys();
        if (jobs.size > maxJobs && oldest !== undefined) jobs.delete(oldest);
      }
    },
    settled(account, untilMs, nowMs, api = defaultApi) {
      const all = [...jobs.values()]
        .filter((job) => job.account === account && apiOfJob(job) === api && (job.validUntilMs ?? nowMs) >= nowMs)
        .sort((a, b) => a.submittedAtMs - b.submittedAtMs || (a.id < b.id ? -1 : 1));
      const before = all.filter(({ submittedAtMs }) => submittedAtMs <= untilMs);
      const ended = before.filter(isOver);
      if (ended.length < minSettled) return all;
      const from = ended[Math.max(0, ended.length - maxEnded)]?.submittedAtMs ?? 0;
      return before.filter(({ submittedAtMs }) => submittedAtMs >= from);
    },
  };
}
