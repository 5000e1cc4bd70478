/** The interface of a running emulator. */
import type { ApiName } from '../contract.js';
import type { EmulatedAccount } from './accounts.js';
import type { CancelLogEntry, QueryLogEntry, SubmitLogEntry } from './request-log.js';
import type { Script } from './scripts.js';
import type { TaskModel } from './tasks.js';
import type { EndEvent } from './vendor.js';

/** Counters over the life of an emulator. */
export interface EmulatorStats {
  readonly queries: number;
  readonly submits: number;
  readonly images: number;
  readonly unauthorised: number;
  /** Connections ever accepted. */
  readonly connections: number;
  readonly openConnections: number;
  /** Requests in progress. */
  readonly inFlight: number;
  /** The largest `inFlight` so far. */
  readonly peakInFlight: number;
  /** Requests that followed a redirect to the other server. */
  readonly trapped: number;
  /** Requests that followed a redirect of the endless chain. */
  readonly looped: number;
  /** Requests on a connection after a `dead-keep-alive` answer. */
  readonly onDeadConnections: number;
}

/** A task to make without a submit. */
export interface NewTask {
  /** Default: an id from the seed, in the vendor's form. */
  readonly taskId?: string;
  /** The vendor API that knows it. Default `tryon`. */
  readonly api?: ApiName;
  /** The name of the account that submitted it, for a vendor that hides tasks from other accounts. Default: every account sees it. */
  readonly account?: string;
  readonly script?: Script;
  /** Default: the emulator's, 2; 1 for `dashscope`, `fashn`, `fal` and `aidge-2026`. */
  readonly subTasks?: number;
  /** Default: the emulator's, 4; 1 for `dashscope`, `fashn`, `fal` and `aidge-2026`. */
  readonly imagesPerSubTask?: number;
  /** Default: drawn from the emulator's distribution. */
  readonly durationSeconds?: number;
  /** By the vendor's clock, in Unix milliseconds. Default: now. Required if `nowMs` is asynchronous. */
  readonly submittedAtMs?: number;
}

/** New keys. The app key stays; it is empty for an account without one. */
export interface RotatedKeys extends Pick<EmulatedAccount, 'apiKey' | 'accessKeyId' | 'accessKeySecret'> {
  readonly appKey: string;
  readonly appSecret: string;
}

/** A running emulator. */
export interface Emulator {
  /** The endpoint to configure, with or without `/rest`. Example: `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly port: number;
  /** The accounts with their present keys. */
  readonly accounts: readonly EmulatedAccount[];
  /** The present key of Aidge's first account; empty if there is none. */
  readonly appKey: string;
  readonly appSecret: string;
  /** Oldest first. When the log is full its oldest half is dropped; `stats.queries` counts all. */
  readonly queries: readonly QueryLogEntry[];
  readonly submits: readonly SubmitLogEntry[];
  /** Calls that cancel tasks. They are no queries. */
  readonly cancels: readonly CancelLogEntry[];
  /** One event per ended task, oldest first. */
  readonly ends: readonly EndEvent[];
  readonly stats: EmulatorStats;
  /** Calls `listener` for each query, before its answer is sent. Returns a function that removes the listener. */
  onQuery(listener: (entry: QueryLogEntry) => void): () => void;
  /** Calls `listener` for each submit. Returns a function that removes the listener. */
  onSubmit(listener: (entry: SubmitLogEntry) => void): () => void;
  /** Calls `listener` for each call that cancels a task. Returns a function that removes the listener. */
  onCancel(listener: (entry: CancelLogEntry) => void): () => void;
  /** Calls `listener` once per task, when an answer first shows its end. Returns a function that removes the listener. */
  onEnd(listener: (event: EndEvent) => void): () => void;
  /** The nth query of a task, from 1. Past queries count if the log still has them. */
  waitForQuery(taskId: string, nth?: number): Promise<QueryLogEntry>;
  /** The first query, past or to come, that `matches` accepts. */
  waitForAny(matches: (entry: QueryLogEntry) => boolean): Promise<QueryLogEntry>;
  /** The first answer, past or to come, that shows the task's end. */
  waitForEnd(taskId: string): Promise<EndEvent>;
  /**
   * Makes a task without a submit; returns its id.
   * @throws RangeError if the id is in use, or if the API's face cannot show the script; TypeError if the clock is asynchronous and `submittedAtMs` is missing
   */
  addTask(task?: NewTask): string;
  /** A task as it was made, its number of queries, and when an answer first showed its end (Unix milliseconds). */
  task(taskId: string): (TaskModel & { readonly polls: number; readonly endServedAtMs?: number }) | undefined;
  /** Replaces a task's script from its next query on; without a script its clock decides. Works before the task exists. */
  script(taskId: string, script?: Script): void;
  /** Sets the script of all submits to come; without a script they are accepted. */
  scriptSubmits(script?: Script): void;
  /** Answers every call by a script, before keys are checked. `refuse`: refuses connections. Without a script the outage ends. */
  outage(script?: Script): Promise<void>;
  /** Changes an account: its keys, quota or rate. */
  setAccount(nameOrKey: string, change: Partial<EmulatedAccount>): void;
  /** Gives an account (default: Aidge's first) new secrets and returns them. The old ones are refused from now on. */
  rotateKey(nameOrKey?: string): RotatedKeys;
  /** Sets how far the vendor's clock is ahead of `nowMs`: its `Date` header, its time check and its tasks. */
  setClockSkewMs(skewMs: number): void;
  /** Ends the servers and every connection; resolves when all are closed. */
  close(): Promise<void>;
}
