/**
 * What a vendor's API is made of, as data and pure functions. A new API is one object of this type: its row in `apis.ts`, and the settings of
 * its vendor in `vendors.ts` where that is new too. Nothing else knows one vendor from another. Safe in the workflow sandbox.
 */
import type { ApiName, VendorName } from '../contract.js';
import type { VendorApi } from '../poll/reply.js';
import type { DurationGuess } from '../schedule/distribution.js';

/** One call, before it is signed. */
export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Begins with `/`; put after the account's endpoint. Percent-encode what comes from callers, such as a task id. */
  readonly path: string;
  /**
   * Parameters by name, as text. Where they go is a matter of the signature: Aidge's gateway takes them in a JSON body (V2) or a form body
   * (V1), Alibaba Cloud's OpenAPI in the query string. Not for calls with an API key: such calls have `query` and `json`.
   */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Name of the same call in Alibaba Cloud's OpenAPI, for accounts with a RAM AccessKey; the path does not count there. */
  readonly action?: { readonly name: string; readonly version: string };
  /** Query string, decoded. */
  readonly query?: Readonly<Record<string, string>>;
  /** JSON text of the body: a caller's digits stay as they are. With a V2 signature it replaces `parameters`. */
  readonly json?: string;
  /** Further headers, lower-case names. No key or signature: those are the account's. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Facts that a user of the API should know. Each has its source in the descriptor's docstring. */
export interface ApiFacts {
  /** Whether the same request can be submitted twice and is paid once. None of the known APIs can. */
  readonly isSubmitSafeToRepeat: boolean;
  /** Whether tasks can be listed, so that a lost id could be found again. */
  readonly canListTasks: boolean;
  /** How long an image's URL is valid; absent where the vendor does not say. */
  readonly urlLifeSeconds?: number;
  /** How long the vendor knows a task; absent where it does not say. */
  readonly taskLifeSeconds?: number;
  /** The least time between two polls of one task that the vendor asks for, in milliseconds. Default 1,000, which is also the least. */
  readonly minPollMs?: number;
  /** How long tasks take, until there is data. Absent: `TRYON_PRIOR_*` alone decides. */
  readonly prior?: DurationGuess;
}

/** One vendor API: how it is called, how its replies are read ({@link VendorApi}), and what is known of it. */
export interface ApiDescriptor extends VendorApi {
  readonly name: ApiName;
  /** The vendor whose accounts may call it. */
  readonly vendor: VendorName;
  /** The word before an API key in the `Authorization` header. Default `Bearer`. */
  readonly authorization?: string;
  /** A response header with the time to wait, in whole milliseconds, beside `Retry-After`. Default: none. */
  readonly retryAfterMsHeader?: string;
  /** The call that polls one task. */
  readonly poll: (taskId: string) => ApiCall;
  /**
   * The call that submits one request.
   * @param requestJson - JSON text of the caller's request, as the vendor documents it
   */
  readonly submit: (requestJson: string) => ApiCall;
  /** The call that cancels a task that has not begun. Absent: the vendor has none. */
  readonly cancel?: (taskId: string) => ApiCall;
  readonly facts: ApiFacts;
}
