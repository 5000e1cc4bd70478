/** What an emulator can be started with. */
import type { ScalarTypes } from './bodies.js';
import type { DurationDistribution } from './durations.js';
import type { EmulatedAccount } from './gateway.js';
import type { RateLimit } from './limiter.js';
import type { Script } from './scripts.js';
import type { NotFoundAnswer } from './step.js';

/** Options of `startEmulator`; all have defaults that answer at once and by the distribution of the prior. */
export interface EmulatorOptions {
  /** Default 0: a free port. */
  readonly port?: number;
  /** Only the loopback interface; default `127.0.0.1`. */
  readonly host?: '127.0.0.1' | '::1' | 'localhost';
  /** Default: one account named `default`, with key `512345`. */
  readonly accounts?: readonly (Omit<EmulatedAccount, 'name'> & { readonly name?: string })[];
  /** Decides task ids, durations, image ids and addresses; default 1. */
  readonly seed?: number;
  readonly distribution?: DurationDistribution;
  /**
   * True, the default: each client mistake is answered as the vendor does, by signature, time, parameter and content type.
   * False: any call of a known path is let in, by GET too, and `taskId` is as good as `task_id`; for playing with curl.
   */
  readonly strict?: boolean;
  /** Query by GET is fine, as the vendor's Chinese page says; default: where not strict. */
  readonly allowGet?: boolean;
  /** The wall clock in Unix milliseconds, or that of a time-skipping server; default `Date.now`. */
  readonly nowMs?: () => number | Promise<number>;
  /** How far the vendor's clock is ahead of `nowMs`; default 0. */
  readonly clockSkewMs?: number;
  /** Furthest that a timestamp may be off; default 7,200, the figure of the platform's family. */
  readonly timeWindowSeconds?: number;
  /** From an image's making to the end of its address; default 1,000,000,000, as in all published samples. */
  readonly imageTtlSeconds?: number;
  /** Default `text`, as in the query page's sample. */
  readonly types?: ScalarTypes;
  /** Answer for an unknown task; default `http404`. A guess in each case. */
  readonly notFound?: NotFoundAnswer;
  /** Ended tasks are unknown so long after their end; default: never. */
  readonly retentionSeconds?: number;
  /** More submits are answered `resCode` 501. The vendor's figure for pro is 3 in 60 s; default: no limit. */
  readonly submitRate?: RateLimit;
  /** More queries are answered `ApiCallLimit`; default: no limit, as the vendor states none. */
  readonly queryRate?: RateLimit;
  /** Sub-tasks of a task made by `addTask`; default 2. */
  readonly subTasks?: number;
  /** Images of a sub-task where nobody says; default 4. The vendor's text says 8 for each garment. */
  readonly imagesPerSubTask?: number;
  /** Script of each task that has none of its own. */
  readonly script?: Script;
  /** Every answer comes so much later; default 0. */
  readonly latencyMs?: number;
  /** Most entries that each log keeps; default 100,000. */
  readonly logEntries?: number;
  /** Called with one line for each query and submit; never with a key or signature. */
  readonly log?: (line: string) => void;
}
