/** What the emulator remembers of the requests it got: a bounded list, exact counters, and promises of what is yet to come. */

/** One request to the query path, or to a path that does not exist. */
export interface QueryLogEntry {
  /** From 1, over the life of the emulator; goes on where the list was cut. */
  readonly number: number;
  /** The vendor's clock, Unix milliseconds. */
  readonly atMs: number;
  readonly path: string;
  readonly taskId?: string;
  /** Queries that named this task, this one included, from 1; 0 where none was named. */
  readonly poll: number;
  /** The script that the answer came from. */
  readonly script?: string;
  /** A status word, `gateway:<code>`, `service:<code>`, `http:<status>`, `not-found` or `nothing`. */
  readonly answered: string;
  /** The fault of transport, where there was one. */
  readonly wire?: string;
  /** Key, time and signature were good, or nobody polled. */
  readonly authorised: boolean;
  /** Name of the account. */
  readonly account?: string;
  readonly scheme: 'v1' | 'v2';
  readonly trial: boolean;
  /** The answer tells that the task has ended. */
  readonly ends: boolean;
}

/** One submit. */
export interface SubmitLogEntry {
  readonly number: number;
  readonly atMs: number;
  readonly path: string;
  /** The task that came into being; absent where none did. */
  readonly taskId?: string;
  readonly answered: string;
  readonly wire?: string;
  readonly authorised: boolean;
  readonly account?: string;
}

/** A list that forgets its oldest half when it is full. */
export class BoundedLog<T> {
  readonly entries: T[] = [];
  readonly #most: number;
  /** Entries ever added. */
  count = 0;

  constructor(max: number) {
    this.#most = Math.max(2, max);
  }

  add(entry: T): void {
    if (this.entries.length >= this.#most) this.entries.splice(0, Math.ceil(this.#most / 2));
    this.entries.push(entry);
    this.count += 1;
  }
}

interface Waiter<T> {
  readonly wants: (entry: T) => boolean;
  readonly resolve: (entry: T) => void;
  readonly reject: (error: Error) => void;
}

/** Tells listeners and waiting promises of entries as they come. */
export class Announcer<T> {
  readonly #listeners = new Set<(entry: T) => void>();
  readonly #waiters = new Set<Waiter<T>>();

  /** Returns how to stop listening. */
  listen(listener: (entry: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The first of `past` that `wants` likes, or else of those to come; rejects when the emulator closes first. */
  wait(past: readonly T[], wants: (entry: T) => boolean): Promise<T> {
    const found = past.find(wants);
    if (found !== undefined) return Promise.resolve(found);
    const promise = new Promise<T>((resolve, reject) => this.#waiters.add({ wants, resolve, reject }));
    promise.catch(() => undefined); // one that nobody awaits any more is no unhandled rejection
    return promise;
  }

  tell(entry: T): void {
    for (const listener of this.#listeners) listener(entry);
    for (const waiter of this.#waiters) {
      if (!waiter.wants(entry)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(entry);
    }
  }

  close(): void {
    for (const { reject } of this.#waiters) reject(new Error('the emulator was closed before that came'));
    this.#waiters.clear();
    this.#listeners.clear();
  }
}
