/** Asks the vendor over HTTP. */
import type { Dispatcher } from 'undici';
import { limits as contractLimits, defaults } from '../contract.js';
import { classify } from '../poll/classify.js';
import type { Fault, Reply, VendorApi } from '../poll/reply.js';
import { type Account, NoKeyError } from './accounts.js';
import { type SignedCall, signCall } from './aidge/sign.js';
import { errorOf, type SubmitResult, submitResult } from './aidge/submit-result.js';
import { tryOnApi } from './aidge/tryon.js';
import { type AroundExchange, type Exchanged, exchange, LimitError } from './exchange.js';
import { createPool, type Pool, type Slot } from './pool.js';
import { readReply } from './read-reply.js';
import { excerptOf, redactor } from './redact.js';

export type { SubmitResult } from './aidge/submit-result.js';

/** Limits of one attempt; lengths in milliseconds. */
export const vendorLimits = {
  /** DNS, TCP and TLS together. */
  connectMs: 5_000,
  /** From the start of a request to the headers of its answer. */
  headersMs: 10_000,
  /** The whole attempt, with its second request; waiting for a free connection is not counted. */
  totalMs: 15_000,
  /** Of an answer, after decompression. */
  bodyBytes: contractLimits.replyBytes,
  /** To one endpoint. */
  connections: 32,
  /** A `Date` that is further off than this explains why a signature was refused. */
  skewMs: 30_000,
} as const;

/** See {@link vendorLimits}. */
export type VendorLimits = { readonly [Name in keyof typeof vendorLimits]: number };

/** What the client is made of. */
export interface VendorClientOptions {
  readonly accounts: readonly Account[];
  readonly api?: VendorApi;
  /** This machine's clock in Unix milliseconds. */
  readonly nowMs?: () => number;
  readonly limits?: Partial<VendorLimits>;
  /** Sends in place of the client's own connections, and is not closed by it. */
  readonly dispatcher?: Dispatcher;
  /** Put around each request, for metrics and traces. */
  readonly aroundExchange?: AroundExchange;
}

/** See {@link createVendorClient}. */
export interface VendorClient {
  /**
   * Asks for a task's results. Rejects only with the signal's reason, when cancelled; every answer and every fault is a `Reply`.
   * `queries`: how many requests went out: 1, or 2 after a dead connection or a refused time; 0 without a key.
   */
  readonly results: (query: {
    readonly account?: string;
    readonly taskId: string;
    readonly signal?: AbortSignal;
  }) => Promise<{ readonly reply: Reply; readonly queries: number }>;
  /**
   * Submits one request, never twice. `request` is the JSON value of the vendor's parameter: one request or a list. Rejects only
   * with the signal's reason, when cancelled: the request may have left by then.
   */
  readonly submit: (submission: {
    readonly account?: string;
    readonly request: unknown;
    /** The newer of the two calls. Default false. */
    readonly pro?: boolean;
    readonly signal?: AbortSignal;
  }) => Promise<SubmitResult>;
  /** How far the vendor's clock was ahead of ours at the last answer, in milliseconds, give or take a second. */
  readonly clockOffsetMs: (account?: string) => number | undefined;
  /** Closes the connections, once the exchanges under way are over. */
  readonly close: () => Promise<void>;
}

/** What is shared by all accounts of one origin. */
interface Endpoint {
  readonly pool: Pool;
  /** Added to our clock for signing: learned when a signature was refused. */
  signingOffsetMs: number;
  seenOffsetMs?: number;
}

interface Admission {
  readonly reply: Reply;
  readonly exchanged: Exchanged;
  /** The vendor's clock less the time that was signed; absent where the reply has no date. */
  readonly skewMs?: number;
}

const noKey = (message: string): Fault => ({ kind: 'fault', code: 'NoKey', message });

/**
 * Makes a client for all accounts of this process.
 * @see https://docs.aidc-ai.com/aidge-resource/ the API's pages
 */
export const createVendorClient = (options: VendorClientOptions): VendorClient => {
  const { api = tryOnApi, nowMs = Date.now, aroundExchange = (_about, send) => send() } = options;
  const limits: VendorLimits = { ...vendorLimits, ...options.limits };
  const accounts = new Map(options.accounts.map((account) => [account.name, account]));
  const endpoints = new Map<string, Endpoint>();

  const endpointOf = (account: Account): Endpoint => {
    const { origin } = new URL(account.endpoint);
    const known = endpoints.get(origin);
    if (known) return known;
    const { connections, connectMs } = limits;
    const { dispatcher } = options;
    const pool = createPool({ origin, connections, connectMs, ...(dispatcher ? { dispatcher } : {}) });
    const endpoint: Endpoint = { pool, signingOffsetMs: 0 };
    endpoints.set(origin, endpoint);
    return endpoint;
  };

  /** One request: key and secret read anew, signed anew. */
  const ask = async (
    account: Account,
    slot: Slot,
    signal: AbortSignal,
    apiName: string,
    parameters: Readonly<Record<string, string>>,
  ): Promise<Admission> => {
    const endpoint = endpointOf(account);
    const { appKey, appSecret } = await account.credentials().catch((error: unknown) => {
      throw error instanceof NoKeyError ? error : new NoKeyError('key and secret could not be read');
    });
    const timestampMs = nowMs() + endpoint.signingOffsetMs;
    const call: SignedCall = signCall({
      scheme: account.signature,
      apiName,
      parameters,
      appKey,
      appSecret,
      timestampMs,
    });
    const { origin, pathname } = new URL(account.endpoint);
    const pathPrefix = pathname.replace(/\/$/, '');
    const [path = ''] = `${pathPrefix}${call.path}`.split('?', 1);
    const exchanged = await aroundExchange({ account: account.name, origin, path }, () =>
      exchange({
        slot,
        origin,
        pathPrefix,
        call,
        headers: {
          accept: 'application/json',
          'accept-encoding': 'gzip, deflate, br',
          'user-agent': 'temporal-tryon',
          ...(account.trial ? { 'x-iop-trial': 'true' } : {}),
        },
        signal,
        headersMs: limits.headersMs,
        bodyBytes: limits.bodyBytes,
      }),
    );
    const reply = readReply(exchanged, api, redactor([appKey, appSecret, call.sign]));
    const { vendorDateMs } = reply;
    if (vendorDateMs === undefined) return { reply, exchanged };
    endpoint.seenOffsetMs = vendorDateMs - nowMs();
    return { reply, exchanged, skewMs: vendorDateMs - timestampMs };
  };

  /** Whether a reply says that its time or signature was refused, and its date says why; if so, the time is learned. */
  const learnClock = (account: Account, asked: Admission): boolean => {
    const endpoint = endpointOf(account);
    const classification = classify(asked.reply, api, { taskId: '', acceptOtherTaskId: true });
    if (classification.kind !== 'error' || classification.class !== 'clock') return false;
    if (asked.skewMs === undefined || Math.abs(asked.skewMs) <= limits.skewMs) return false;
    endpoint.signingOffsetMs = endpoint.seenOffsetMs ?? 0;
    return true;
  };

  /** Lends a connection and starts the clock of the attempt. */
  const attempt = async <T>(
    account: Account,
    signal: AbortSignal | undefined,
    work: (slot: Slot, signal: AbortSignal) => Promise<T>,
  ): Promise<T> =>
    endpointOf(account).pool.use(signal, async (slot) => {
      const limited = new AbortController();
      const cancel = () => limited.abort(signal?.reason);
      if (signal?.aborted) cancel();
      signal?.addEventListener('abort', cancel, { once: true });
      const timer = setTimeout(() => {
        limited.abort(new LimitError(`no whole answer within ${limits.totalMs / 1000} s`));
      }, limits.totalMs);
      try {
        return await work(slot, limited.signal);
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      }
    });

  const faultOf = (error: unknown): Fault => {
    if (error instanceof NoKeyError) return noKey(error.message);
    const name = error instanceof Error ? error.name : 'unknown error';
    return { kind: 'fault', code: 'ConnectionFailed', message: `the exchange failed (${excerptOf(name, 60)})` };
  };

  const results: VendorClient['results'] = async ({ account: name = defaults.account, taskId, signal }) => {
    signal?.throwIfAborted();
    const account = accounts.get(name);
    if (!account) return { reply: noKey(`no account ${name} is configured here`), queries: 0 };
    let queries = 0;
    try {
      const reply = await attempt(account, signal, async (slot, limited) => {
        const poll = async () => {
          const asked = await ask(account, slot, limited, api.queryPath, { [api.taskIdParameter]: taskId });
          queries += 1;
          return asked;
        };
        const first = await poll();
        const isStale = first.exchanged.kind === 'fault' && first.exchanged.staleSocket;
        return isStale || learnClock(account, first) ? (await poll()).reply : first.reply;
      });
      return { reply, queries };
    } catch (error) {
      signal?.throwIfAborted();
      return { reply: faultOf(error), queries };
    }
  };

  const submit: VendorClient['submit'] = async ({ account: name = defaults.account, request, pro = false, signal }) => {
    signal?.throwIfAborted();
    const rejected = (fault: Fault): SubmitResult => ({ kind: 'rejected', error: errorOf(fault), retrySafe: false });
    const account = accounts.get(name);
    if (!account) return rejected(noKey(`no account ${name} is configured here`));
    const kind = pro ? 'pro' : 'standard';
    const value = JSON.stringify(Array.isArray(request) ? request : [request]);
    try {
      return await attempt(account, signal, async (slot, limited) => {
        const asked = await ask(account, slot, limited, api.submitPaths[kind], { [api.submitParameters[kind]]: value });
        const neverSent = asked.exchanged.kind === 'fault' && asked.exchanged.neverSent;
        return submitResult(asked.reply, api, { neverSent, isClockLearned: learnClock(account, asked) });
      });
    } catch (error) {
      signal?.throwIfAborted();
      return error instanceof NoKeyError ? rejected(faultOf(error)) : { kind: 'maybe', error: errorOf(faultOf(error)) };
    }
  };

  return {
    results,
    submit,
    clockOffsetMs: (name = defaults.account) => {
      const account = accounts.get(name);
      return account && endpointOf(account).seenOffsetMs;
    },
    close: async () => {
      await Promise.all([...endpoints.values()].map(({ pool }) => pool.close()));
    },
  };
};
