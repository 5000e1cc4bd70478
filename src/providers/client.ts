/** The client of the vendor's HTTP API. */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { accountFor, limits as contractLimits, defaults } from '../contract.js';
import { defined } from '../defined.js';
import { isClockRefused } from '../poll/classify.js';
import type { Fault, Reply } from '../poll/reply.js';
import { type Account, NoKeyError } from './accounts.js';
import { apiOf } from './apis.js';
import { signedCall } from './auth.js';
import type { ApiCall, ApiDescriptor } from './descriptor.js';
import { type AroundExchange, type ExchangeResult, exchange, LimitError } from './exchange.js';
import { ClosedError, type Connection, createPool, type Pool } from './pool.js';
import { readReply } from './read-reply.js';
import { excerptOf, redactor } from './redact.js';
import { errorOf, type SubmitResult, submitResult } from './submit-result.js';
import { UnknownApiError, WrongVendorError } from './wrong-vendor.js';

export type { SubmitResult } from './submit-result.js';
export { UnknownApiError, WrongVendorError } from './wrong-vendor.js';

/** Limits of one attempt: a query or a submit, with its second request. */
export const vendorLimits = {
  /** DNS, TCP, a proxy and TLS together. */
  connectMs: 5_000,
  /** From the start of a request to the headers of its response. */
  headersMs: 10_000,
  /** The whole attempt. Waiting for a free connection does not count. */
  totalMs: 15_000,
  /** Largest response body, after decompression. */
  bodyBytes: contractLimits.replyBytes,
  /** Most connections to one endpoint. */
  connections: 32,
  /** If the vendor's `Date` differs by more than this, the clock explains a refused signature. */
  skewMs: 30_000,
} as const;

/** See {@link vendorLimits}. */
export type VendorLimits = { readonly [Name in keyof typeof vendorLimits]: number };

/** Options of {@link createVendorClient}. */
export interface VendorClientOptions {
  readonly accounts: readonly Account[];
  /** This machine's clock in Unix milliseconds. Default `Date.now`. */
  readonly nowMs?: () => number;
  readonly limits?: Partial<VendorLimits>;
  /** Replaces the client's own connections. The client does not close it. */
  readonly dispatcher?: Dispatcher;
  /** Called around each request, for metrics and traces. */
  readonly aroundExchange?: AroundExchange;
}

/**
 * The vendor's request parameter, one request or a list: `request`, its JSON value; or `requestJson`, its JSON text, which is passed on
 * digit for digit, since a JavaScript number has no more than 53 bits.
 */
export type VendorRequest =
  | { readonly request: unknown; readonly requestJson?: undefined }
  | { readonly requestJson: string };

/** See {@link createVendorClient}. */
export interface VendorClient {
  /**
   * Throws where the other calls reject before anything is sent: {@link WrongVendorError} where the account is of another vendor than the API,
   * {@link UnknownApiError} where there is no descriptor of that name. An account that is not configured here is no error.
   */
  readonly check: (call: { readonly account?: string; readonly api?: string }) => void;
  /**
   * Queries a task's results. Every answer and every fault is a `Reply`; rejects with the signal's reason, after an abort, or as
   * {@link VendorClient.check} throws.
   * `queries`: number of requests sent. 1; 2 after a dead connection or a refused timestamp; 0 if nothing was sent.
   */
  readonly results: (query: {
    readonly account?: string;
    /** Default `tryon`. */
    readonly api?: string;
    readonly taskId: string;
    readonly signal?: AbortSignal;
  }) => Promise<{ readonly reply: Reply; readonly queries: number }>;
  /**
   * Asks the vendor to cancel a task that has not begun. The reply says what came of it: an error is a task that goes on, or a lost answer.
   * Rejects as `results` does; `undefined` where the API has no such call.
   */
  readonly cancel: (query: {
    readonly account?: string;
    readonly api?: string;
    readonly taskId: string;
    readonly signal?: AbortSignal;
  }) => Promise<Reply | undefined>;
  /**
   * Submits a request; never sends it twice. Rejects with the signal's reason, after an abort, when the request may have been sent; or as
   * {@link VendorClient.check} throws.
   */
  readonly submit: (
    submission: VendorRequest & {
      readonly account?: string;
      /** Default `tryon`. */
      readonly api?: string;
      /** Asked once there is a connection, just before the request is sent: false rejects it as never sent. Default: always true. */
      readonly maySend?: () => boolean;
      readonly signal?: AbortSignal;
    },
  ) => Promise<SubmitResult>;
  /** How far the vendor's clock was ahead of ours at the last response, in milliseconds; accurate to a second. */
  readonly clockOffsetMs: (account?: string) => number | undefined;
  /**
   * Waits for the exchanges in progress, at most `totalMs`, then closes the connections. Calls that still wait for a connection, and
   * later calls, are not sent: a query gets `ConnectionFailed`, a submit is rejected as safe to retry.
   */
  readonly close: () => Promise<void>;
}

/** The state that all accounts of one origin share. */
interface Endpoint {
  readonly pool: Pool;
  /** Added to our clock for signing. Learned from a refused signature. */
  signingOffsetMs: number;
  /** The vendor's clock less ours, at the last response with a date. */
  clockOffsetMs?: number;
}

interface VendorResponse {
  readonly reply: Reply;
  readonly result: ExchangeResult;
  /** The vendor's clock less the signed time; absent if the response has no date. */
  readonly skewMs?: number;
}

/** One attempt: the connection for its requests, and the controller that ends them. */
interface Attempt {
  readonly connection: Connection;
  readonly abort: AbortController;
}

const notSentInTime: Fault = { kind: 'fault', code: 'Timeout', message: 'the request could not be sent in time' };

const noKey = (message: string): Fault => ({ kind: 'fault', code: 'NoKey', message });

/**
 * Makes a client for all accounts of this process. It connects with the first request.
 * @throws TypeError if an account's endpoint is not a URL
 * @see https://docs.aidc-ai.com/aidge-resource/ the API's pages
 */
export const createVendorClient = (options: VendorClientOptions): VendorClient => {
  const { nowMs = Date.now, aroundExchange = (_info, send) => send() } = options;
  const limits: VendorLimits = { ...vendorLimits, ...options.limits };
  const accounts = new Map(options.accounts.map((account) => [account.name, account]));
  const endpoints = new Map<string, Endpoint>();
  for (const account of options.accounts) {
    const { origin } = new URL(account.endpoint);
    if (endpoints.has(origin)) continue;
    const { connections, connectMs } = limits;
    const pool = createPool({ origin, connections, connectMs, proxy: account.proxy, dispatcher: options.dispatcher });
    endpoints.set(origin, { pool, signingOffsetMs: 0 });
  }
  const endpointOf = (account: Account): Endpoint => endpoints.get(new URL(account.endpoint).origin) as Endpoint;

  /** Sends one request. Reads the credentials and signs for each request. */
  const send = async (
    account: Account,
    { connection, abort }: Attempt,
    api: ApiDescriptor,
    call: ApiCall,
  ): Promise<VendorResponse> => {
    const endpoint = endpointOf(account);
    const credentials = await account.credentials().catch((error: unknown) => {
      throw error instanceof NoKeyError ? error : new NoKeyError('the credentials could not be read');
    });
    const timestampMs = nowMs() + endpoint.signingOffsetMs;
    const { origin, host, pathname } = new URL(account.endpoint);
    const { authorization = 'Bearer' } = api;
    const signed = signedCall(call, credentials, { host, timestampMs, nonce: randomUUID(), authorization });
    const pathPrefix = pathname.replace(/\/$/, '');
    const [path = ''] = `${pathPrefix}${signed.path}`.split('?', 1);
    const result = await aroundExchange({ account: account.name, origin, path }, () =>
      exchange({
        connection,
        origin,
        pathPrefix,
        call: signed,
        headers: {
          accept: 'application/json',
          'accept-encoding': 'gzip, deflate, br',
          'user-agent': 'temporal-tryon',
          ...(account.trial ? { 'x-iop-trial': 'true' } : {}),
        },
        abort,
        headersMs: limits.headersMs,
        bodyBytes: limits.bodyBytes,
        ...defined({ retryAfterMsHeader: api.retryAfterMsHeader }),
      }),
    );
    const reply = readReply(result, api, redactor(signed.secrets));
    const { vendorDateMs } = reply;
    if (vendorDateMs === undefined) return { reply, result };
    endpoint.clockOffsetMs = vendorDateMs - nowMs();
    return { reply, result, skewMs: vendorDateMs - timestampMs };
  };

  /** Learns the vendor's clock if it refused a signature or its time, and the date of the response explains why. */
  const learnClock = (account: Account, api: ApiDescriptor, { reply, skewMs }: VendorResponse): boolean => {
    const endpoint = endpointOf(account);
    if (!isClockRefused(reply, api) || skewMs === undefined || Math.abs(skewMs) <= limits.skewMs) return false;
    endpoint.signingOffsetMs = endpoint.clockOffsetMs ?? 0;
    return true;
  };

  /**
   * Takes a connection and runs `work` within the attempt's limit. One controller with its own listener and timer, not
   * `AbortSignal.any`: on Node 20 that leaks memory for each call if the caller's signal lives long.
   */
  const runAttempt = <T>(account: Account, signal: AbortSignal | undefined, work: (attempt: Attempt) => Promise<T>) =>
    endpointOf(account).pool.use(signal, async (connection) => {
      const abort = new AbortController();
      const onAbort = () => abort.abort(signal?.reason);
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      const timer = setTimeout(() => {
        abort.abort(new LimitError(`no complete answer within ${limits.totalMs / 1000} s`));
      }, limits.totalMs);
      try {
        return await work({ connection, abort });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      }
    });

  const faultOf = (error: unknown): Fault => {
    if (error instanceof NoKeyError) return noKey(error.message);
    if (error instanceof ClosedError) return { kind: 'fault', code: 'ConnectionFailed', message: error.message };
    const name = error instanceof Error ? error.name : 'unknown error';
    return { kind: 'fault', code: 'ConnectionFailed', message: `the exchange failed (${excerptOf(name, 60)})` };
  };

  /**
   * Who is asked, and how. The account is absent where none of that name is configured.
   * @throws {WrongVendorError}
   * @throws {UnknownApiError}
   */
  const addressee = ({ account: given, api: apiName }: { readonly account?: string; readonly api?: string }) => {
    const api = apiOf(apiName);
    if (apiName !== undefined && api.name !== apiName) throw new UnknownApiError(apiName);
    const name = accountFor({ account: given, api: api.name });
    const account = accounts.get(name);
    if (account !== undefined && account.vendor !== api.vendor) throw new WrongVendorError(account, api);
    return { api, name, account };
  };

  /** Sends a call that may be sent again: after a dead connection or a refused timestamp it is, once. */
  const ask = async (
    account: Account,
    api: ApiDescriptor,
    call: ApiCall,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly reply: Reply; readonly queries: number }> => {
    let queries = 0;
    try {
      const reply = await runAttempt(account, signal, async (attempt) => {
        const query = async () => {
          const response = await send(account, attempt, api, call);
          queries += 1;
          return response;
        };
        const first = await query();
        const isStale = first.result.kind === 'fault' && first.result.staleSocket;
        return isStale || learnClock(account, api, first) ? (await query()).reply : first.reply;
      });
      return { reply, queries };
    } catch (error) {
      signal?.throwIfAborted();
      return { reply: faultOf(error), queries };
    }
  };

  const results: VendorClient['results'] = async ({ taskId, signal, ...whom }) => {
    signal?.throwIfAborted();
    const { api, name, account } = addressee(whom);
    if (!account) return { reply: noKey(`no account ${name} is configured here`), queries: 0 };
    return await ask(account, api, api.poll(taskId), signal);
  };

  const cancel: VendorClient['cancel'] = async ({ taskId, signal, ...whom }) => {
    signal?.throwIfAborted();
    const { api, name, account } = addressee(whom);
    if (api.cancel === undefined) return undefined;
    if (!account) return noKey(`no account ${name} is configured here`);
    return (await ask(account, api, api.cancel(taskId), signal)).reply;
  };

  const submit: VendorClient['submit'] = async ({ maySend = () => true, signal, ...submission }) => {
    signal?.throwIfAborted();
    const rejected = (fault: Fault, retrySafe = false): SubmitResult => ({
      kind: 'rejected',
      error: errorOf(fault),
      retrySafe,
    });
    const { api, name, account } = addressee(submission);
    if (!account) return rejected(noKey(`no account ${name} is configured here`));
    const json = submission.requestJson ?? JSON.stringify(submission.request ?? null);
    try {
      return await runAttempt(account, signal, async (attempt) => {
        if (!maySend()) return rejected(notSentInTime, true);
        const response = await send(account, attempt, api, api.submit(json));
        const { reply, result } = response;
        const neverSent = result.kind === 'fault' && result.neverSent;
        return submitResult(reply, api, { neverSent, isClockLearned: learnClock(account, api, response) });
      });
    } catch (error) {
      signal?.throwIfAborted();
      const fault = faultOf(error);
      if (error instanceof NoKeyError) return rejected(fault);
      if (error instanceof ClosedError) return rejected(fault, true);
      return { kind: 'maybe', error: errorOf(fault) };
    }
  };

  return {
    check: (call) => void addressee(call),
    results,
    cancel,
    submit,
    clockOffsetMs: (name = defaults.account) => {
      const account = accounts.get(name);
      return account && endpointOf(account).clockOffsetMs;
    },
    close: async () => {
      await Promise.all([...endpoints.values()].map(({ pool }) => pool.close(limits.totalMs)));
    },
  };
};
