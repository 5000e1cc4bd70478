/** The state of a job: what continue-as-new carries to the next run. Plain JSON. */
import type {
  ApiName,
  ArchivedImage,
  ArchiveError,
  SubscriberStatus,
  TryOnError,
  TryOnJobEventResult,
} from '../contract.js';
import type { Inbox } from '../wait/inbox.js';
import type { Submission } from './submission.js';

/** See the file's description. Times are Unix milliseconds of workflow time. */
export interface JobState {
  /** The job's first run id. */
  readonly waitId: string;
  readonly sequence: number;
  readonly requestId: string;
  readonly account: string;
  readonly api: ApiName;
  /** The wait cancels its task too. */
  readonly cancelTask?: true;
  readonly startedAtMs: number;
  readonly deadlineMs: number;
  readonly expectedImages?: number;
  readonly subscribers: readonly SubscriberStatus[];
  readonly submission: Submission;
  /** What the wait has sent. */
  readonly inbox: Inbox;
  readonly isWaitJoined: boolean;
  /** The deadline was set while the wait was not joined, so that the wait does not know it yet. */
  readonly isTimeoutOwed?: boolean;
  /** Somebody cancelled the wait, not the job. */
  readonly isWaitCancelled?: boolean;
  /** Why a worker refused the input: the account is of another vendor than the API. */
  readonly refusal?: string;
  /** The last workflow has left a job that was started as a child: it submits nothing any more. */
  readonly isAbandoned?: boolean;
  /** Search attributes that the namespace has. */
  readonly searchAttributes: readonly string[];
  /** The archive, by image id. Absent: this job archives nothing. */
  readonly archive?: Readonly<Record<string, ArchiveRecord>>;
  /** Whether it archives, where neither the input nor a worker has said so yet. */
  readonly isArchiveUndecided?: boolean;
  /** How the job ends once all its images are archived. */
  readonly closing?: JobEnd;
  readonly end?: JobEnd;
}

/** How and when a job ended. */
export interface JobEnd {
  readonly status: TryOnJobEventResult['status'];
  readonly error?: TryOnError;
  readonly atMs: number;
}

/** What the job knows of an image's archive. Neither `archived` nor `archiveError`: it is being archived. */
export interface ArchiveRecord {
  readonly archived?: ArchivedImage;
  readonly archiveError?: ArchiveError;
  /** The address that the vendor signed again, where the first had expired. */
  readonly imageUrl?: string;
}
