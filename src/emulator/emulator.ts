/** What a running emulator offers to tests, trials and benchmarks. */
import type { EmulatedAccount } from './gateway.js';
import type { QueryLogEntry, SubmitLogEntry } from './journal.js';
import type { Script } from './scripts.js';
import type { TaskModel } from './tasks.js';
import type { EndEvent } from './vendor.js';

/** Counters over the life of an emulator. */
export interface EmulatorStats {
  readonly queries: number;
  readonly submits: number;
  readonly images: number;
  readonly unauthorised: number;
  /** Connections ever accepted, and those open now. */
  readonly connections: number;
  readonly openConnections: number;
  /** Requests that are being answered now, and most of them at a time. */
  readonly inFlight: number;
  readonly peakInFlight: number;
  /** Requests that followed a redirect: to the other server, or once more around the loop. */
  readonly trapped: number;
  readonly looped: number;
  /** Requests on a connection that a `dead-keep-alive` had doomed. */
  readonly onDeadConnections: number;
}

/** What a task made by hand is like. */
export interface NewTask {
  /** Default: a UUID from the seed. */
  readonly taskId?: string;
  readonly script?: Script;
  /** Default: the emulator's, 2. */
  readonly subTasks?: number;
  /** Default: the emulator's, 4. */
  readonly imagesPerSubTask?: number;
  /** Default: drawn from the distribution. */
  readonly durationSeconds?: number;
  /** By the vendor's clock; default now. Needed where `nowMs` is asynchronous. */
  readonly submittedAtMs?: number;
}

/** A running emulator. */
export interface Emulator {
  /** Such as `http://127.0.0.1:40123`: the endpoint to configure, with or without `/rest`. */
  readonly url: string;
  readonly port: number;
  /** The first account's present key. */
  readonly appKey: string;
  readonly appSecret: string;
  /** Oldest first; beyond `logEntries` the oldest half is dropped. `stats.queries` counts them all. */
  readonly queries: readonly QueryLogEntry[];
  readonly submits: readonly SubmitLogEntry[];
  /** First tellings of tasks' ends, oldest first. */
  readonly ends: readonly EndEvent[];
  readonly stats: EmulatorStats;
  /** Called for each query as it is decided, before its answer is sent. Returns how to stop. */
  onQuery(listener: (entry: QueryLogEntry) => void): () => void;
  /** Called for each submit as it is decided. Returns how to stop. */
  onSubmit(listener: (entry: SubmitLogEntry) => void): () => void;
  /** Called once for each task, when an answer first tells its end. */
  onEnd(listener: (event: EndEvent) => void): () => void;
  /** The nth query of a task, from 1, also one that is long past (where the log still has it). */
  waitForQuery(taskId: string, nth?: number): Promise<QueryLogEntry>;
  /** The first query, past or to come, that `wants` likes. */
  waitForAny(wants: (entry: QueryLogEntry) => boolean): Promise<QueryLogEntry>;
  /** The first telling of a task's end. */
  waitForEnd(taskId: string): Promise<EndEvent>;
  /** Makes a task without a submit; returns its id. */
  addTask(task?: NewTask): string;
  /** A task as it was made, how often it was asked for, and when its end was told (Unix milliseconds). */
  task(taskId: string): (TaskModel & { readonly polls: number; readonly toldEndAtMs?: number }) | undefined;
  /** Another script for a task, from its next query on; none: by its clock. A task to come may be given one as well. */
  script(taskId: string, script?: Script): void;
  /** A script for the submits to come; none: they are accepted. */
  scriptSubmits(script?: Script): void;
  /** A script that answers every call before keys are polled; `refuse`: connections are refused; none: it is over. */
  outage(script?: Script): Promise<void>;
  /** Changes an account from now on: its keys, quota or rate. */
  setAccount(nameOrKey: string, change: Partial<EmulatedAccount>): void;
  /** Gives an account (default: the first) a new secret and returns it; the old one is refused from now on. */
  rotateKey(nameOrKey?: string): { readonly appKey: string; readonly appSecret: string };
  /** Moves the vendor's clock ahead of `nowMs`: its `Date` header, its time check and its tasks. */
  setClockSkewMs(skewMs: number): void;
  /** Ends the servers and every connection; resolves when all are gone. */
  close(): Promise<void>;
}
