/**
 * What one exchange with the vendor came to. The client builds it; {@link classify} says what it means. Pure data, so that it can
 * be recorded, replayed and fuzzed.
 */
import type { SubTaskStatus, TryOnImage } from '../contract.js';

/**
 * What went wrong before there was a readable answer. `Http<status>`: an answer whose body says no more than its status. `NoKey`:
 * nothing was sent, since the account's key or secret could not be read.
 */
export type TransportCode =
  | 'Timeout'
  | 'ConnectionFailed'
  | 'DnsFailed'
  | 'TlsFailed'
  | 'TooLarge'
  | 'BadBody'
  | 'Redirected'
  | 'NoKey'
  | `Http${number}`;

/** What every exchange that got HTTP headers knows, whatever its body. */
export interface HttpFacts {
  readonly httpStatus?: number;
  /** The vendor's `Retry-After` header, verbatim. */
  readonly retryAfter?: string;
  /** The vendor's `Date` header in Unix milliseconds, where it can be read. */
  readonly vendorDateMs?: number;
}

/** No readable answer. */
export interface Fault extends HttpFacts {
  readonly kind: 'fault';
  readonly code: TransportCode;
  /** In words; without URL, key or signature. */
  readonly message: string;
  /** Up to 200 characters of the body, control characters replaced. */
  readonly excerpt?: string;
}

/** What an image is known by: {@link PollImage} without the image. */
export type ImageIds = Pick<PollImage, 'id' | 'key'>;

/** An image of a reply. */
export interface PollImage extends TryOnImage {
  /** The hash of the URL up to its query. Where images of one reply share it, their `key`. */
  readonly id: string;
  /** The hash of all that tells the image apart from others; absent where that is `id`. */
  readonly key?: string;
}

/** What tells an image apart from all others of its task. */
export const keyOfImage = ({ id, key = id }: ImageIds): string => key;

/** One sub-task as the vendor reports it. */
export interface SubTaskReply {
  readonly index: number;
  readonly status: SubTaskStatus;
  /** The vendor's word, where it is none of ours or of another case. */
  readonly vendorStatus?: string;
  /** In the vendor's order, each `id` once per sub-task. */
  readonly images: readonly PollImage[];
}

/** The task as the vendor reports it. */
export interface TaskReply {
  readonly taskId?: string;
  readonly status: SubTaskStatus;
  /** The vendor's own word, verbatim; absent where the reply had none. */
  readonly vendorStatus?: string;
  /** The vendor's code for why it failed; absent where it has none. */
  readonly code?: string;
  readonly message?: string;
  readonly subTasks: readonly SubTaskReply[];
}

/** A JSON answer, its layers normalised: codes as text, spellings and types as one. */
export interface Answer extends HttpFacts {
  readonly kind: 'answer';
  /** Gateway layer: `code`; absent where the reply had none. TOP-style errors keep `sub_code` beside it. */
  readonly gatewayCode?: string;
  readonly gatewaySubCode?: string;
  /** The gateway's own text: `message`, `msg`, `sub_msg`. */
  readonly gatewayMessage?: string;
  /** Service layer: `success` as a boolean, `resCode` or `rescode` as text, `resMessage`. */
  readonly success?: boolean;
  readonly serviceCode?: string;
  readonly serviceMessage?: string;
  readonly requestId?: string;
  readonly task?: TaskReply;
  /** Where no task or no known status was found: up to 200 characters of the body, redacted, control characters replaced. */
  readonly excerpt?: string;
}

/** What one exchange came to. */
export type Reply = Answer | Fault;

/**
 * What a code means for a wait.
 * - `ok`: no errors at this layer
 * - `transient`: ask again with error backoff, until the deadline
 * - `throttled`: as transient, but the whole account slows down; a hint is obeyed
 * - `clock`: the signature or its time was refused; signed again once, then like `auth`
 * - `auth`, `quota`: a person must act; the wait is `blocked`
 * - `refused`: the request will never be accepted; outcome `failed`
 * - `failed`: the vendor says that the task itself failed; outcome `failed`
 * - `notFound`: the vendor does not know the task
 */
export type ErrorClass = 'transient' | 'throttled' | 'clock' | 'auth' | 'quota' | 'refused' | 'failed' | 'notFound';

/** One row of a code table. */
export interface CodeRow {
  readonly class: 'ok' | ErrorClass;
  /** How often the same code is asked again before a `refused` or `failed` is believed; default 0. */
  readonly retries?: number;
  /** How long to wait where the reply itself names no time, in milliseconds. */
  readonly waitMs?: number;
  /** What the code means, for `docs` and `doctor`. */
  readonly description: string;
  /** What the user should do. */
  readonly remedy?: string;
}

/** How the replies of one vendor API are read, and what their codes mean. Part of a descriptor, see `providers/descriptor.ts`. */
export interface VendorApi {
  readonly name: string;
  /**
   * Gateway codes; a code that is not a row is `unknownCode`. `15/isv.*` is code `15` with a `sub_code` that begins `isv.`; `Throttling.*` is
   * every code that begins `Throttling.` and has no row of its own.
   */
  readonly gatewayCodes: Readonly<Record<string, CodeRow>>;
  /**
   * Whether the vendor's HTTP statuses say what kind of error it is: then a gateway code without a row is what the row of its status says,
   * where that is not 2xx. Default false: it is `unknownCode`.
   */
  readonly hasErrorStatuses?: boolean;
  readonly serviceCodes: Readonly<Record<string, CodeRow>>;
  /** Codes that a failed task gives as its reason, see {@link TaskReply.code}. One without a row is `failed`. Default: none. */
  readonly taskCodes?: Readonly<Record<string, CodeRow>>;
  /** HTTP statuses as text: `404`, else the hundred `4xx`. */
  readonly httpStatuses: Readonly<Record<string, CodeRow>>;
  readonly transportCodes: Readonly<Record<string, CodeRow>>;
  readonly unknownCode: CodeRow;
  /** Texts that say that a task is unknown where no code does; matched on a failed layer's message. */
  readonly notFoundMessages: readonly RegExp[];
  /** Texts that say how long throttling lasts; group 1 is seconds. */
  readonly throttleMessages: readonly RegExp[];
  /** Vendor words, lower case, to ours. */
  readonly statusWords: Readonly<Record<string, SubTaskStatus>>;
  /** JSON value of a body to an answer; throws nothing, gives `undefined` where the value is no object. */
  readonly parse: (
    body: unknown,
    imageIds: (imageUrl: string) => ImageIds,
  ) => Omit<Answer, keyof HttpFacts> | undefined;
}
