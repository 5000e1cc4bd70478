/**
 * What finished waits teach, kept by group: all jobs of an API, those of an account, those with so many sub-tasks. A group leans on
 * the larger one until it has jobs of its own. Holds records in memory and nothing else; knows no clock.
 */
import type { DurationModel } from '../schedule/distribution.js';
import type { Observation } from './fit.js';
import { type LearnOptions, learnModel } from './model.js';

export type { Observation } from './fit.js';
export { type LearnOptions, learnModel } from './model.js';

/** Which jobs are alike. */
export interface JobGroup {
  readonly api: string;
  readonly account: string;
  /** Number of sub-tasks, where the reply told it. */
  readonly subTasks?: number;
}

/** One job, as its wait saw it. */
export interface JobRecord extends JobGroup, Observation {
  /** The wait's workflow id, or whatever else is the same when the job is told again. */
  readonly id: string;
  /** Orders the records, in Unix milliseconds: when the job was submitted, or whatever has nothing to do with how long it took. */
  readonly atMs: number;
  /**
   * Age at which its work began: between the last poll that saw it submitted and the first that saw it running. Absent where the
   * replies did not tell.
   */
  readonly queued?: Observation;
  /** How long its work took, counted from the middle of those two polls. */
  readonly running?: Observation;
}

/** Settings of a learner. */
export interface LearnerOptions extends LearnOptions {
  /** Holds where there are no data. */
  readonly prior: DurationModel;
  /** Records kept over all groups, the newest; default 2000. */
  readonly maxRecords?: number;
}

/** Learns durations from records. */
export interface DurationLearner {
  /**
   * Takes records in; one with a known id replaces the older one if it is newer or tells the end. A record without `highSeconds` is
   * a job not seen to end: still open, timed out or cancelled.
   * @returns how many were new or changed
   */
  observe(records: Iterable<JobRecord>): number;
  /** The distribution for jobs of a group, learned again only after a twentieth of its records is new. */
  modelFor(group: JobGroup): DurationModel;
  /** How many records there are, and what was learned for each group with records, largest first. */
  summary(): { readonly records: number; readonly groups: readonly LearnedGroup[] };
}

/** A group with its distribution. */
export interface LearnedGroup {
  readonly api: string;
  readonly account?: string;
  readonly subTasks?: number;
  readonly jobs: number;
  readonly model: DurationModel;
}

interface Level {
  readonly group: Omit<LearnedGroup, 'jobs' | 'model'>;
  records: JobRecord[];
  changed: number;
  parent?: DurationModel;
  model?: DurationModel;
}

/** Phases are modelled where this many jobs told them, and this share of all. */
const minPhased = 30;
const minPhasedShare = 0.8;

// Laws of the phases lean on the larger group's; where that has none, on a phase of half the whole's length.
function phasesOf(
  records: readonly JobRecord[],
  parent: DurationModel,
  options: LearnOptions,
): DurationModel['phases'] {
  const told = records.filter(({ queued, running }) => queued !== undefined && running !== undefined);
  if (told.length < minPhased || told.length < minPhasedShare * records.length) return parent.phases;
  const { phases, modes: _modes, tailFromSeconds: _from, ...whole } = parent;
  const half: DurationModel = { ...whole, logMedian: whole.logMedian - Math.LN2 };
  const distributions = (phase: 'queued' | 'running'): Observation[] => told.flatMap((record) => record[phase] ?? []);
  return {
    queued: learnModel(distributions('queued'), phases?.queued ?? half, options),
    running: learnModel(distributions('running'), phases?.running ?? half, options),
    ...(phases?.finishing && { finishing: phases.finishing }),
  };
}

const keyOf = (...parts: (string | number)[]): string => JSON.stringify(parts);

/** A learner without records. */
export function createLearner({ prior, maxRecords = 2000, ...options }: LearnerOptions): DurationLearner {
  const known = new Map<string, JobRecord>();
  let levels = new Map<string, Level>();

  // From the largest group to the smallest.
  const namesOf = ({ api, account, subTasks }: JobGroup): [key: string, group: Level['group']][] => [
    [keyOf(api), { api }],
    [keyOf(api, account), { api, account }],
    ...(subTasks === undefined
      ? []
      : [[keyOf(api, account, subTasks), { api, account, subTasks }] as [string, Level['group']]]),
  ];

  const place = (record: JobRecord): void => {
    for (const [key, group] of namesOf(record)) {
      const level = levels.get(key) ?? { group, records: [], changed: 0 };
      levels.set(key, level);
      level.records.push(record);
      level.changed++;
    }
  };

  const isNews = (record: JobRecord, before: JobRecord | undefined): boolean => {
    if (before === undefined) return true;
    if (before.highSeconds !== undefined) return record.highSeconds !== undefined && record.atMs > before.atMs;
    return record.highSeconds !== undefined || record.atMs > before.atMs;
  };

  const remove = (record: JobRecord): void => {
    known.delete(record.id);
    for (const [key] of namesOf(record)) {
      const level = levels.get(key);
      if (level !== undefined) level.records = level.records.filter(({ id }) => id !== record.id);
    }
  };

  const trim = (): void => {
    if (known.size <= 1.1 * maxRecords) return;
    const newest = [...known.values()].sort((a, b) => b.atMs - a.atMs).slice(0, maxRecords);
    const before = levels;
    levels = new Map();
    known.clear();
    for (const record of newest.reverse()) {
      known.set(record.id, record);
      place(record);
    }
    for (const [key, level] of levels) {
      const { model, parent, changed = level.changed } = before.get(key) ?? {};
      Object.assign(level, { changed }, model && { model }, parent && { parent });
    }
  };

  const learned = (level: Level, parent: DurationModel): DurationModel => {
    const enough = Math.max(1, Math.floor(level.records.length / 20));
    if (level.model === undefined || level.changed >= enough || level.parent !== parent) {
      level.records.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
      const phases = phasesOf(level.records, parent, options);
      const model = learnModel(level.records, parent, options);
      level.model = phases === model.phases ? model : { ...model, ...(phases && { phases }) };
      level.parent = parent;
      level.changed = 0;
    }
    return level.model;
  };

  const modelFor = (group: JobGroup): DurationModel => {
    let model = prior;
    let larger = 0;
    for (const [key] of namesOf(group)) {
      const level = levels.get(key);
      // A group that is the whole of the larger one has nothing to add, and must not count its jobs twice.
      if (level === undefined || level.records.length === larger) continue;
      larger = level.records.length;
      model = learned(level, model);
    }
    return model;
  };

  return {
    observe(records) {
      let news = 0;
      for (const record of records) {
        const before = known.get(record.id);
        if (!isNews(record, before)) continue;
        if (before !== undefined) remove(before);
        known.set(record.id, record);
        place(record);
        news++;
      }
      trim();
      return news;
    },
    modelFor,
    summary: () => ({
      records: known.size,
      groups: [...levels.values()]
        .filter(({ records }) => records.length > 0)
        .map(({ group, records }) => ({
          ...group,
          jobs: records.length,
          model: modelFor({ account: '', ...group }),
        }))
        .sort((a, b) => b.jobs - a.jobs),
    }),
  };
}
