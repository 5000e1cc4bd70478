/** One step of a script: how long it answers, and how its answer differs from the normal one. Types only. */
import type { EnvelopeStyle, GatewayError, ServiceFields } from './bodies.js';
import type { DownloadMode } from './downloads.js';

/** How long a step answers. The first limit reached ends it; a step without a limit never ends. */
export interface StepLimit {
  /** Number of queries. */
  readonly polls?: number;
  /** Seconds from the first query that the step answers. */
  readonly forSeconds?: number;
  /** Age of the task in seconds, counted from its submit. */
  readonly untilSeconds?: number;
}

/** How a reply shows the task. A field that is absent is as the task's own clock says. */
export interface TaskView {
  /** `partial`: the last sub-task failed, the others finished. Default `live`. */
  readonly state?: 'live' | 'submitted' | 'running' | 'finished' | 'failed' | 'partial';
  /** With `running`: the number of finished sub-tasks. `per-poll`: one more with each query of the step; then the task finishes. */
  readonly finishedSubTasks?: number | 'per-poll';
  /** Replaces the main status; null sends null. */
  readonly statusWord?: string | null;
  /** Leaves out the main status. */
  readonly noStatus?: boolean;
  /** Replaces the status of each sub-task. */
  readonly subStatusWord?: string;
  /** The outer `taskResult`. Default `list`, or `absent` while the task is submitted. */
  readonly taskResult?: 'list' | 'absent' | 'null' | 'empty';
  /** Which images a finished sub-task has. Default `all`. */
  readonly images?: 'all' | 'none' | 'no-result' | 'fewer' | 'repeated' | 'reordered';
  /** Images per sub-task, in place of the task's own number. */
  readonly imagesPerSubTask?: number;
  /** `re-signed`: the same path with another query string in each reply. Default `same`. */
  readonly urls?: 'same' | 're-signed' | 'cut-escape' | 'odd-escapes' | 'expired' | 'loopback' | 'metadata' | 'file';
  /** How each image's download goes wrong. */
  readonly download?: DownloadMode;
  /** `json-text`: the inner `taskResult` as JSON text; `data-text`: `data` as JSON text; `struct-data` and `url`: shapes of two sibling APIs. */
  readonly shape?: 'nested' | 'json-text' | 'struct-data' | 'url' | 'data-text';
  /** `number`: the id as a number, if it is all digits. Default `same`. */
  readonly taskId?: 'same' | 'other' | 'absent' | 'number';
  /** `resMessage` of an envelope that otherwise reports success. */
  readonly message?: string;
  /** No `data` field, or `data` null. */
  readonly data?: 'absent' | 'null';
}

/** A raw HTTP answer in place of the vendor's JSON. */
export interface HttpAnswer {
  readonly status: number;
  /** Text. Default: empty. */
  readonly body?: string;
  readonly contentType?: string;
  /** `Retry-After`, verbatim. `{seconds}` and `{date}` (that many seconds after the reply's `Date`) are filled in. */
  readonly retryAfter?: string;
  /** Target of a redirect. `trap`: another server, which should never get a request; `loop`: an endless chain of redirects. */
  readonly location?: 'trap' | 'loop';
}

/** A transport fault, or another way to send the answer. */
export type WireMode =
  | 'reset-before-headers'
  | 'reset-mid-body'
  | 'hang'
  | 'hang-after-headers'
  | 'drip'
  | 'endless'
  | 'huge'
  | 'gzip'
  | 'gzip-bomb'
  | 'truncated'
  | 'slow'
  | 'dead-keep-alive';

/**
 * The reply for an unknown task. The vendor does not document one: all three are guesses. `http404`: HTTP 404; `service`: `resCode` 700
 * with a text; `task-failed-text`: a failed task with a text.
 */
export type NotFoundAnswer = 'http404' | 'service' | 'task-failed-text';

/** One step. `http`, `gateway`, `service` and `notFound` replace the task's reply; the other fields change it. */
export interface Step extends StepLimit {
  readonly task?: TaskView;
  readonly http?: HttpAnswer;
  readonly gateway?: GatewayError;
  /** The service refuses. The reply has no task unless `task` is given too. */
  readonly service?: ServiceFields;
  readonly notFound?: NotFoundAnswer;
  readonly envelope?: EnvelopeStyle;
  readonly wire?: WireMode;
  /** Text before the JSON, such as a byte order mark. */
  readonly prefix?: string;
  /** `Content-Type` of a JSON answer. */
  readonly contentType?: string;
  /** The number in throttle texts and `Retry-After`, and the delay of `slow`. */
  readonly seconds?: number;
  /** For a submit: whether the vendor makes the task. Default: yes, unless the step is a refusal. */
  readonly accepted?: boolean;
}
