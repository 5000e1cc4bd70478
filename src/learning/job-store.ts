/**
 * The jobs that a worker knows of, and which of them a model may be learned from at a time. Knows no clock.
 *
 * Jobs are taken in the order of their submission, and only once nearly all of their time have ended. In the order of their ends, the
 * jobs of a batch would come sorted by duration, and look like a vendor that becomes slower and slower; and of those submitted just now,
 * only the quick ones have ended.
 */
import type { JobRecord } from './learner.js';

/** See the file's description. */
export interface JobStore {
  /** Takes records in. One that is known is replaced by its end, or by a later poll at it. */
  take(records: Iterable<JobRecord>): void;
  /** Whether the end of a task is known. */
  hasEnded(taskId: string): boolean;
  /** Ended jobs by account. */
  ended(account: string): number;
  endedAll(): number;
  /** Ended jobs of an account by their number of sub-tasks, the most frequent first. */
  bySubTasks(account: string): readonly (readonly [subTasks: number, jobs: number])[];
  /**
   * The jobs to learn from, oldest submission first: those submitted before `untilMs`, and of the open ones those of the same time as
   * the ended. Where hardly any job of that time has ended, all jobs.
   */
  settled(untilMs: number): JobRecord[];
}

/** Where fewer jobs than this have ended before the limit, all are taken, open ones too: then there is nothing better. */
const minSettled = 30;
/** Ended jobs that are taken: a model polls at no more. */
const maxEnded = 300;

/** What two waits for the same submission saw. */
const joined = (before: JobRecord, record: JobRecord): JobRecord =>
  before.atMs === record.atMs && before.lowSeconds <= (record.highSeconds ?? Number.POSITIVE_INFINITY)
    ? { ...record, lowSeconds: Math.max(before.lowSeconds, record.lowSeconds) }
    : record;

/** @param most - jobs kept, the latest heard of; default 4000 */
export function createJobStore(max = 4_000): JobStore {
  const jobs = new Map<string, JobRecord>();
  const isOver = ({ highSeconds }: JobRecord): boolean => highSeconds !== undefined;
  const over = (account?: string): JobRecord[] =>
    [...jobs.values()].filter((job) => isOver(job) && (account === undefined || job.account === account));

  return {
    take(records) {
      for (const record of records) {
        const before = jobs.get(record.id);
        // The first end that was told is the nearest to the truth: a wait begun anew finds the task over.
        if (before !== undefined && isOver(before)) continue;
        if (before !== undefined && !isOver(record) && record.lowSeconds < before.lowSeconds) continue;
        jobs.delete(record.id);
        jobs.set(record.id, before === undefined ? record : joined(before, record));
        const [oldest] = jobs.keys();
        if (jobs.size > max && oldest !== undefined) jobs.delete(oldest);
      }
    },
    hasEnded: (taskId) => {
      const job = jobs.get(taskId);
      return job !== undefined && isOver(job);
    },
    ended: (account) => over(account).length,
    endedAll: () => over().length,
    bySubTasks(account) {
      const counts = new Map<number, number>();
      for (const { subTasks } of over(account)) {
        if (subTasks !== undefined) counts.set(subTasks, (counts.get(subTasks) ?? 0) + 1);
      }
      return [...counts].sort(([, a], [, b]) => b - a);
    },
    settled(untilMs) {
      const all = [...jobs.values()].sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
      const before = all.filter(({ atMs }) => atMs <= untilMs);
      const ended = before.filter(isOver);
      if (ended.length < minSettled) return all;
      const from = ended[Math.max(0, ended.length - maxEnded)]?.atMs ?? 0;
      return before.filter(({ atMs }) => atMs >= from);
    },
  };
}
