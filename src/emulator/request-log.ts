/** The emulator's log of requests: bounded lists with exact counters, and listeners and promises for entries to come. */
import type { ApiName, VendorName } from '../contract.js';

/** How a call is signed: the two schemes of Aidge's gateway, ACS3-HMAC-SHA256 under a RAM AccessKey, or an API key in `Authorization`. */
export type Scheme = 'v1' | 'v2' | 'acs3' | 'bearer';

/** One request to the query path, or to a path that does not exist. */
export interface QueryLogEntry {
  /** Counts from 1 over the life of the emulator, also after the list was cut. */
  readonly number: number;
  /** The vendor's clock, in Unix milliseconds. */
  readonly atMs: number;
  /** The API of the path. */
  readonly api: ApiName;
  readonly vendor: VendorName;
  readonly path: string;
  readonly taskId?: string;
  /** Queries that named this task, this one included, from 1; 0 if the request names none. */
  readonly poll: number;
  /** The script that decided the answer. */
  readonly script?: string;
  /** A status word, `gateway:<code>`, `service:<code>`, `http:<status>`, `not-found` or `nothing`. */
  readonly answered: string;
  /** The {@link WireMode} of the answer. */
  readonly wire?: string;
  /** False if the gateway refused the key, the time, the signature or the account. */
  readonly authorised: boolean;
  /** Name of the account. */
  readonly account?: string;
  readonly scheme: Scheme;
  readonly trial: boolean;
  /** The answer shows that the task has ended. */
  readonly ends: boolean;
}

/** One submit. */
export interface SubmitLogEntry {
  readonly number: number;
  readonly atMs: number;
  readonly api: ApiName;
  readonly vendor: VendorName;
  readonly path: string;
  /** The new task; absent if the vendor made none. */
  readonly taskId?: string;
  readonly answered: string;
  readonly wire?: string;
  readonly authorised: boolean;
  readonly account?: string;
}

/** One call that cancels a task. */
export interface CancelLogEntry extends Omit<SubmitLogEntry, 'taskId'> {
  readonly taskId?: string;
  /** The task was pending and is cancelled now. */
  readonly cancelled: boolean;
}

/** A list that drops its oldest half when it is full. */
export class BoundedLog<T> {
  readonly entries: T[] = [];
  readonly #maxEntries: number;
  /** Entries ever added. */
  count = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = Math.max(2, maxEntries);
  }

  add(entry: T): void {
    if (this.entries.length >= this.#maxEntries) this.entries.splice(0, Math.ceil(this.#maxEntries / 2));
    this.entries.push(entry);
    this.count += 1;
  }
}

interface Waiter<T> {
  readonly matches: (entry: T) => boolean;
  readonly resolve: (entry: T) => void;
  readonly reject: (error: Error) => void;
}

/** Passes entries to listeners and waiting promises. */
export class Emitter<T> {
  readonly #listeners = new Set<(entry: T) => void>();
  readonly #waiters = new Set<Waiter<T>>();

  /** Returns a function that removes the listener. */
  listen(listener: (entry: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first match in `past`, else the first match to come. Rejects if the emulator closes first. */
  wait(past: readonly T[], matches: (entry: T) => boolean): Promise<T> {
    const found = past.find(matches);
    if (found !== undefined) return Promise.resolve(found);
    const promise = new Promise<T>((resolve, reject) => this.#waiters.add({ matches, resolve, reject }));
    promise.catch(() => undefined); // a promise that nobody awaits is not an unhandled rejection
    return promise;
  }

  emit(entry: T): void {
    for (const listener of this.#listeners) listener(entry);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(entry)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(entry);
    }
  }

  close(): void {
    for (const { reject } of this.#waiters) reject(new Error('the emulator closed before a matching entry came'));
    this.#waiters.clear();
    this.#listeners.clear();
  }
}
