/**
 * What a polling activity knows of its task from one attempt to the next. Plain JSON: it rides in heartbeat details between
 * attempts and in the activity's result to the workflow.
 */
import type { OutcomeStatus, SubTask, SubTaskStatus, TryOnError } from '../contract.js';
import type { ErrorClass, PollImage } from './reply.js';

/** The error that the last poll met, and how many polls in a row met one. */
export interface PollError {
  readonly class: ErrorClass | 'wrongTask';
  readonly error: TryOnError;
  /** Polls in a row that met any error. */
  readonly count: number;
  /** Polls in a row that met this very layer and code. */
  readonly sameCount: number;
}

/** Why a task said to be over is polled again. */
export interface Recheck {
  readonly why: 'empty' | 'unsettled' | 'failed' | 'notFound';
  /** Polls that count, far enough apart. */
  readonly polls: number;
  /** When the last of them was. */
  readonly atMs: number;
}

/** See the file's description. Times are Unix milliseconds of the Temporal server. */
export interface PollState {
  /** Queries sent up to and including attempt `asOfAttempt`. */
  readonly polls: number;
  /** The attempt that this state was made by; 0 is before the first one of this activity. */
  readonly asOfAttempt: number;
  /** The task's own status by the last reply; absent until the vendor has known the task. */
  readonly status?: SubTaskStatus;
  readonly vendorStatus?: string;
  readonly subTasks: readonly SubTask[];
  readonly runningSeenAtMs?: number;
  /** Last time a reply showed it unfinished. */
  readonly pendingUntilMs?: number;
  /** Last time it was seen submitted, once it was seen to be further. */
  readonly queuedUntilMs?: number;
  readonly pollError?: PollError;
  /** Set while a person must act. */
  readonly blocked?: TryOnError;
  readonly recheck?: Recheck;
  /** No poll before this, not even by `pollNow`: the vendor ordered a pause. */
  readonly pauseUntilMs?: number;
  /** When the next poll is planned; for the first attempt of an activity that goes on from a report. */
  readonly nextPollAtMs?: number;
  /** A reply that contradicts what is known, kept for the reader: `finished after failed`. */
  readonly conflict?: string;
  /** An operator reset the activity: attempt numbers do not count the polls before. */
  readonly isReset?: true;
}

/** What the workflow hands to the activity. */
export interface PollInput {
  readonly taskId: string;
  readonly account: string;
  readonly submittedAtMs: number;
  readonly deadlineMs: number;
  /** First 12 hex digits of the id of each image already reported, joined. */
  readonly known: string;
  /** The same of the keys of these images, where they have one. */
  readonly knownKeys?: string;
  readonly from: PollState;
  /** The queue on which the vendor is asked. An attempt on another one moves there; absent: wherever it runs. */
  readonly vendorQueue?: string;
  /** Which vendor API has the task; absent: `tryon`. */
  readonly api?: string;
}

/** How the task ended. */
export interface PollEnd {
  readonly status: OutcomeStatus;
  readonly error?: TryOnError;
}

/** What the activity returns, when the workflow must know something. */
export interface PollReport {
  readonly state: PollState;
  readonly atMs: number;
  /** Images not known before; at the end all of them where they fit, each with its newest URL. */
  readonly images: readonly PollImage[];
  readonly end?: PollEnd;
  /** Search attributes that the worker's namespace has registered; recorded so that replay takes the same turn. */
  readonly searchAttributes?: readonly string[];
}

/** The state of a wait that has not polled yet. */
export const unpolled: PollState = { polls: 0, asOfAttempt: 0, subTasks: [] };

const KNOWN_DIGITS = 12;

/** Packs image ids for {@link PollInput}: 48 bits each. Among ten thousand images two are confused with a probability of 1 in 5 million. */
export const packKnown = (ids: readonly string[]): string => ids.map((id) => id.slice(0, KNOWN_DIGITS)).join('');

/** How many images are packed. */
export const countKnown = (known: string): number => known.length / KNOWN_DIGITS;

/** The inverse of {@link packKnown}, as a test for one image. */
export function knownImages({
  known,
  knownKeys = '',
}: Pick<PollInput, 'known' | 'knownKeys'>): (image: PollImage) => boolean {
  const ids = new Set<string>();
  const all = known + knownKeys;
  for (let at = 0; at < all.length; at += KNOWN_DIGITS) ids.add(all.slice(at, at + KNOWN_DIGITS));
  return ({ id, key = id }) => ids.has(id.slice(0, KNOWN_DIGITS)) || ids.has(key.slice(0, KNOWN_DIGITS));
}
