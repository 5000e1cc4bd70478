/** How long the vendor asks to wait before the next request. Pure. */
import type { Reply, VendorApi } from './reply.js';

/** The wait that a reply asks for. */
export interface RetryHint {
  /** As the vendor stated it, not yet bounded: may be negative, or days. */
  readonly delayMs: number;
  /** `retryAfter`: the header; `message`: a text such as "this ban will last 3 seconds"; `code`: the code's own row. */
  readonly source: 'retryAfter' | 'message' | 'code';
  /** Set where the hint makes no sense: below zero, above an hour, or no time at all. In words, for the error message. */
  readonly outOfRange?: string;
}

/** A longer hint is obeyed as far as time is left, and reported. */
const plausibleMs = 3_600_000;
const largestMs = 365 * 86_400_000;

const hintOf = (source: RetryHint['source'], delayMs: number, text: string): RetryHint => {
  const bounded = Math.max(-largestMs, Math.min(largestMs, Math.round(delayMs)));
  const outOfRange =
    bounded < 0 || bounded > plausibleMs ? { outOfRange: `${source} asks for ${text.slice(0, 60)}` } : {};
  return { delayMs: bounded, source, ...outOfRange };
};

const fromHeader = (text: string, dateMs: number): RetryHint => {
  const value = text.trim();
  if (/^[+-]?\d+(\.\d+)?$/.test(value)) return hintOf('retryAfter', Number(value) * 1000, `${value} s`);
  // Date.parse takes nearly anything that holds a number; an HTTP date names its month.
  const untilMs = /^[a-z]{3,9},? .*\d/i.test(value) ? Date.parse(value) : Number.NaN;
  if (!Number.isNaN(untilMs)) return hintOf('retryAfter', untilMs - dateMs, value);
  return { delayMs: 0, source: 'retryAfter', outOfRange: `retryAfter asks for ${value.slice(0, 60) || 'nothing'}` };
};

const texts = (reply: Reply): readonly (string | undefined)[] =>
  reply.kind === 'fault'
    ? [reply.excerpt]
    : [reply.gatewayMessage, reply.serviceMessage, reply.task?.message, reply.excerpt];

/**
 * Reads the hint of a reply: the `Retry-After` header and texts that announce throttling. A hint that makes sense goes before one that
 * does not, then the longer one.
 * @param nowMs - Unix milliseconds, for a date in a reply that has no `Date` of its own
 * @returns `undefined` where the reply has no hint
 */
export const readHint = (
  reply: Reply,
  nowMs: number,
  api: Pick<VendorApi, 'throttleMessages'>,
): RetryHint | undefined => {
  const hints: RetryHint[] = [];
  if (reply.retryAfter !== undefined) hints.push(fromHeader(reply.retryAfter, reply.vendorDateMs ?? nowMs));
  for (const text of texts(reply)) {
    for (const pattern of api.throttleMessages) {
      const seconds = text === undefined ? undefined : pattern.exec(text)?.[1];
      if (seconds !== undefined) hints.push(hintOf('message', Number(seconds) * 1000, `${seconds} s`));
    }
  }
  const sensible = hints.filter((hint) => hint.outOfRange === undefined);
  return (sensible.length > 0 ? sensible : hints).reduce<RetryHint | undefined>(
    (longest, hint) => (longest === undefined || hint.delayMs > longest.delayMs ? hint : longest),
    undefined,
  );
};

/**
 * The hint within bounds: at least `floorMs`, at most `leftMs`; time left wins over the floor.
 * @returns whole milliseconds, never negative
 */
export const clampHint = (hint: Pick<RetryHint, 'delayMs'>, bounds: { floorMs: number; leftMs: number }): number => {
  const delayMs = Number.isFinite(hint.delayMs) ? hint.delayMs : 0;
  return Math.max(0, Math.round(Math.min(Math.max(delayMs, bounds.floorMs), bounds.leftMs)));
};
