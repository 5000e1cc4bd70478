/** Options of an emulator. */
import type { AccountOptions } from './accounts.js';
import type { ScalarTypes } from './bodies.js';
import type { TaskDurations } from './durations.js';
import type { RateLimit } from './limiter.js';
import type { Script } from './scripts.js';
import type { NotFoundAnswer } from './step.js';

/** Options of `startEmulator`. All have defaults. */
export interface EmulatorOptions {
  /** Default 0: a free port. */
  readonly port?: number;
  /** Only the loopback interface. Default `127.0.0.1`. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost';
  /** Default: one account of each vendor, named as the contract names it; Aidge's has the key `512345` and a RAM AccessKey. */
  readonly accounts?: readonly AccountOptions[];
  /** Decides task ids, durations, image ids and URLs. Default 1. */
  readonly seed?: number;
  /** How long tasks take. */
  readonly distribution?: TaskDurations;
  /**
   * True: the emulator checks signature, time, parameters and content type, and answers a client's mistake as the vendor does.
   * False: it accepts any call of a known path by GET or POST, and `taskId` in place of `task_id`; for use with curl. Default true.
   */
  readonly strict?: boolean;
  /** The clock in Unix milliseconds: the wall clock, or that of a time-skipping server. Default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** How far the vendor's clock is ahead of `nowMs`. Default 0. */
  readonly clockSkewMs?: number;
  /** Largest accepted difference between a call's timestamp and the vendor's clock. Default 7,200, the platform's figure; 900 with `acs3`. */
  readonly timeWindowSeconds?: number;
  /** How long an image's URL is valid. Default: 24 hours for `dashscope`, 72 for `fashn`; else 1,000,000,000, as in all published samples. */
  readonly imageTtlSeconds?: number;
  /** Smallest size of an image, in bytes. Default: that of a plain PNG, under a kilobyte. */
  readonly imageBytes?: number;
  /** Default `text`, as in the query page's sample. */
  readonly types?: ScalarTypes;
  /** The reply for an unknown task. Default `http404` for Aidge, and what the other vendors document. */
  readonly notFound?: NotFoundAnswer;
  /** A task is unknown this long after its end. Default: 24 hours for `dashscope`, 1 for `fal`; else never. */
  readonly retentionSeconds?: number;
  /** An account's submits above this rate are refused (Aidge: `resCode` 501). The vendor's figure for pro is 3 in 60 s. Default: no limit. */
  readonly submitRate?: RateLimit;
  /** An account's queries above this rate are refused (Aidge: `ApiCallLimit`). Default: no limit, since the vendor states none. */
  readonly queryRate?: RateLimit;
  /** Sub-tasks of a task that `addTask` makes. Default 2; 1 for the other vendors and `aidge-2026`. */
  readonly subTasks?: number;
  /** Images of a sub-task if neither submit nor `addTask` gives a number. Default 4 (the vendor's text says 8 for each garment); 1 for the others. */
  readonly imagesPerSubTask?: number;
  /** Script of every task that has no script of its own. */
  readonly script?: Script;
  /** Script of the submits. Default: they are accepted. */
  readonly submitScript?: Script;
  /** Delay of every answer. Default 0. */
  readonly latencyMs?: number;
  /** Largest number of entries in each log. Default 100,000. */
  readonly logEntries?: number;
  /** Called with one line for each query and submit. No line has a key or a signature. */
  readonly log?: (line: string) => void;
}
