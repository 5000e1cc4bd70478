/** Posts events to webhooks: signed, guarded against private addresses, bounded in time and size. */
import { createHash } from 'node:crypto';
import { Agent, buildConnector } from 'undici';
import type { WebhookError } from '../contract.js';
import { defined } from '../defined.js';
import { type AllowList, checkHost, forbiddenAddressIn, guardedLookup } from '../providers/guarded-address.js';
import { transportError } from '../providers/transport-errors.js';
import { eventId, type WebhookEvent } from './delivery.js';
import { type Webhook, WebhookSettingError } from './settings.js';
import { signedHeaders } from './sign.js';

/** The post was not accepted. `retryAfterMs`: the receiver asked to wait so long. */
export interface PostFailure {
  readonly error: WebhookError;
  readonly retryAfterMs?: number;
}

/** See {@link createWebhookPoster}. */
export interface WebhookPoster {
  /** Whether the name is configured here. */
  knows(webhook: string): boolean;
  /**
   * Posts an event once. Rejects only with the signal's reason.
   * @returns why it was not accepted; nothing where it was
   */
  post(webhook: string, event: WebhookEvent, signal?: AbortSignal): Promise<PostFailure | undefined>;
  /** Ends the connections. */
  close(): Promise<void>;
}

/** A post ends within this. */
const POST_MS = 15_000;
/** Posts of one webhook at a time, so that a receiver that hangs leaves the worker to the others. */
const CONCURRENT_POSTS = 10;
const BUSY_PAUSE_MS = 1_000;
/** Of an answer's body so much is read, to use the connection again. */
const ANSWER_BYTES = 64 * 1024;

/** Where the receiver keeps asking for more time, one try a day is made. */
const LONGEST_PAUSE_MS = 86_400_000;

/** The pause that `Retry-After` asks for: seconds, or a date. `undefined` where it makes no sense. Pure. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  // `Date.parse` takes nearly anything that holds a number; an HTTP date begins with the day's name.
  const isDate = /^[a-z]{3,9},? .*\d/i.test(text);
  const ms = isDate ? Date.parse(text) - nowMs : /^\d{1,9}$/.test(text) ? Number(text) * 1000 : 0;
  return ms > 0 ? Math.min(ms, LONGEST_PAUSE_MS) : undefined;
}

/**
 * The id of an event's post, the same for each try. A snapshot shares its number with an event that a receiver may have seen, so its content
 * tells it apart.
 */
export function postId(event: WebhookEvent, body: string): string {
  if (event.kind !== 'snapshot') return eventId(event);
  return `${eventId(event)}-snapshot-${createHash('sha256').update(body).digest('hex').slice(0, 16)}`;
}

/** Makes the poster of this process. No connection is opened before the first post. */
export function createWebhookPoster({
  webhooks,
  allow,
  nowMs = Date.now,
  timeoutMs = POST_MS,
  random = Math.random,
}: {
  readonly webhooks: readonly Webhook[];
  readonly allow: AllowList;
  readonly nowMs?: () => number;
  readonly timeoutMs?: number;
  /** In [0, 1); spreads posts that have to wait for their turn. */
  readonly random?: () => number;
}): WebhookPoster {
  const byName = new Map(webhooks.map((webhook) => [webhook.name, webhook]));
  const running = new Map<string, number>();
  const agent = new Agent({
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 would otherwise turn the check off.
    connect: buildConnector({ timeout: timeoutMs, rejectUnauthorized: true, lookup: guardedLookup(allow) }),
    allowH2: false,
    pipelining: 1,
    keepAliveTimeout: 4_000,
  });

  const failure = (webhook: string, code: string, problem: string, afterMs?: number): PostFailure => ({
    error: { layer: 'webhook', code, message: `webhook ${webhook}: ${problem}` },
    ...defined({ retryAfterMs: afterMs }),
  });

  async function send({ name, target }: Webhook, event: WebhookEvent, signal?: AbortSignal) {
    const deadline = AbortSignal.timeout(timeoutMs);
    try {
      const { url, keys } = await target();
      checkHost(url.hostname, allow);
      const body = JSON.stringify(event);
      const {
        statusCode,
        headers,
        body: answer,
      } = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'temporal-tryon',
          ...signedHeaders(postId(event, body), Math.floor(nowMs() / 1000), body, keys),
        },
        body,
        signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
      });
      // The status is the answer, whatever becomes of its body.
      await answer.dump({ limit: ANSWER_BYTES, signal: deadline }).catch(() => undefined);
      if (statusCode >= 200 && statusCode < 300) return undefined;
      if (statusCode === 410) return failure(name, 'Gone', 'HTTP 410, the receiver wants nothing more');
      const isRedirect = statusCode >= 300 && statusCode < 400;
      const after = Array.isArray(headers['retry-after']) ? headers['retry-after'][0] : headers['retry-after'];
      return failure(
        name,
        isRedirect ? 'Redirected' : `Http${statusCode}`,
        `HTTP ${statusCode}${isRedirect ? ', which is not followed' : ''}`,
        retryAfterMs(after, nowMs()),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.aborted) return failure(name, 'Timeout', `no answer within ${timeoutMs / 1000} s`);
      if (error instanceof WebhookSettingError) return failure(name, error.code, error.message);
      const refused = forbiddenAddressIn(error);
      if (refused !== undefined) return failure(name, refused.code, `${refused.message}; see TRYON_WEBHOOK_ALLOW`);
      const { code, cause } = transportError(error);
      return failure(name, code, `the post failed (${cause})`);
    }
  }

  return {
    knows: (webhook) => byName.has(webhook),
    async post(name, event, signal) {
      const webhook = byName.get(name);
      if (webhook === undefined) return unknownWebhook(name);
      const posts = running.get(name) ?? 0;
      if (posts >= CONCURRENT_POSTS) {
        return failure(name, 'Busy', `${posts} posts are under way`, BUSY_PAUSE_MS * (1 + random()));
      }
      running.set(name, posts + 1);
      try {
        return await send(webhook, event, signal);
      } finally {
        running.set(name, (running.get(name) ?? 1) - 1);
      }
    },
    close: () => agent.destroy(),
  };
}

/** The failure of a post to a webhook that no setting names. */
export const unknownWebhook = (webhook: string): PostFailure => {
  const variable = `TRYON_WEBHOOK_${webhook.toUpperCase().replaceAll('-', '_')}_URL`;
  const message = `webhook ${webhook} is not configured on the workers; set ${variable} and its secret there, or correct the name`;
  return { error: { layer: 'webhook', code: 'UnknownWebhook', message } };
};
