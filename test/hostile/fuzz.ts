/**
 * Fuzzes everything that reads a vendor's reply. Seed and index decide an input, so these two numbers reproduce a failure. The
 * invariants are in {@link checkReply}.
 */
import { Readable } from 'node:stream';
import * as v from 'valibot';
import { pendingFailure } from '../../src/activities/pending-failure.js';
import { check } from '../../src/check.js';
import { imageUrlConcerns } from '../../src/client/image-url.js';
import { contractSchemas, limits, type TryOnEvent, TryOnEventSchema, TryOnOutcomeSchema } from '../../src/contract.js';
import { defined } from '../../src/defined.js';
import { mulberry32, type Random } from '../../src/emulator/random.js';
import { jsonBytes } from '../../src/json-size.js';
import { classify } from '../../src/poll/classify.js';
import { decide } from '../../src/poll/decide.js';
import type { HttpFacts, Reply } from '../../src/poll/reply.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { readBody, textOf } from '../../src/providers/body.js';
import { readReply } from '../../src/providers/read-reply.js';
import { redactor } from '../../src/providers/redact.js';
import { submitResult } from '../../src/providers/submit-result.js';
import { defaultPolicy } from '../../src/schedule/schedule.js';
import { describeWait } from '../../src/wait/describe.js';
import { emptyInbox, eventProblem, receive } from '../../src/wait/inbox.js';
import { pollInput } from '../../src/wait/poll-input.js';
import { applyReport, beginWait, warn } from '../../src/wait/wait.js';
import { statusOf } from '../../src/wait/wait-report.js';
import { compressed, corpus, fuzzSecrets, fuzzTaskId, type RecordedAnswer } from './corpus.js';
import {
  insertText,
  mutateBytes,
  mutateJson,
  mutateText,
  mutateValue,
  nastyTexts,
  nastyValue,
  pick,
} from './mutate.js';

/** One input. */
export interface FuzzInput {
  /** The recorded answer and its mutations. */
  readonly description: string;
  readonly facts: HttpFacts & { readonly httpStatus: number };
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
}

const nowMs = Date.parse('2026-01-31T12:01:00Z');
const { appKey, appSecret, sign } = fuzzSecrets;
const redact = redactor([appKey, appSecret, sign]);
const echoed = [
  `http://127.0.0.1:1/rest/ai/virtual/tryon-results?app_key=${appKey}&sign=${sign}`,
  `sign=${sign}`,
  `{"sign":"${sign}","app_key":"${appKey}"}`,
  JSON.stringify(JSON.stringify({ sign, secret: appSecret })),
  encodeURIComponent(`?app_key=${appKey}&sign=${sign}`),
  appSecret,
];
const statuses = [200, 200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 599, 999];
const contentTypes = [
  'application/json',
  'text/html',
  '',
  'application/json;charset=GBK',
  'text/plain; charset="utf-16"',
  'x',
];
const retryAfters = [
  '1',
  '-5',
  '1e9',
  '99999999999999999999',
  'soon',
  'Sat, 31 Jan 2026 12:00:30 GMT',
  'Thu, 01 Jan 1970',
  '',
  '٣',
];
const dates = [nowMs, 0, -8.64e15, 8.64e15, nowMs + 86_400_000];

const input = { taskId: fuzzTaskId, timeoutSeconds: 3600, expectedImages: 4, notify: [{ workflowId: 'parent' }] };
const begun = beginWait(input, { waitId: 'wait', nowMs: nowMs - 60_000 });

const anEvent = { kind: 'images', taskId: 't', waitId: 'w', sequence: 1, images: [] };
const eventFields = Object.keys(anEvent);

/** Makes inputs and checks how the package reads them. */
export class Fuzz {
  readonly #recorded: readonly RecordedAnswer[] = corpus();
  constructor(readonly seed: number) {}

  get recorded(): number {
    return this.#recorded.length;
  }

  #randomAt(index: number): Random {
    const random = mulberry32(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    random();
    return random;
  }

  /** The input of an index. */
  inputAt(index: number): FuzzInput {
    const random = this.#randomAt(index);
    const one = pick(random, this.#recorded);
    const other = pick(random, this.#recorded);
    let text = one.body;
    let description = one.name;
    const roll = random();
    if (roll < 0.55) {
      text = mutateJson(random, text);
      description += ', changed as JSON';
    } else if (roll < 0.9) {
      text = mutateText(random, text, other.body);
      description += `, changed as text with ${other.name}`;
    }
    if (random() < 0.15) {
      text = insertText(random, text, pick(random, echoed));
      description += ', with an echo';
    }
    const isPacked = random() < 0.01;
    const plain = isPacked ? compressed(text) : Buffer.from(text);
    const bytes = random() < 0.1 ? mutateBytes(random, plain) : plain;
    const retryAfter = random() < 0.1 ? pick(random, retryAfters) : one.retryAfter;
    return {
      description: isPacked ? `${description}, compressed` : description,
      facts: {
        httpStatus: random() < 0.2 ? pick(random, statuses) : one.status,
        ...defined({ retryAfter }),
        ...(random() < 0.1 ? { vendorDateMs: pick(random, dates) } : {}),
      },
      bytes,
      contentType: random() < 0.1 ? pick(random, contentTypes) : one.contentType,
      contentEncoding: isPacked ? 'gzip' : '',
    };
  }

  /**
   * Reads the input of an index in every way.
   * @returns the classification and the decision, as a phrase
   * @throws an error of the code under test, or an `Error` that names the violated invariant
   */
  async run(index: number): Promise<string> {
    const one = this.inputAt(index);
    const text = await this.#textOf(one);
    const result = { kind: 'body', facts: one.facts, text } as const;
    const reply = readReply(result, tryOnApi, redact);
    const phrase = checkReply(reply, 1 + (index % 3));
    if (index % 4 === 0) this.#checkRefusal(this.#randomAt(index));
    return phrase;
  }

  async #textOf({ bytes, contentType, contentEncoding }: FuzzInput): Promise<string> {
    if (contentEncoding === '') return textOf(bytes, contentType);
    const headers = { contentEncoding, contentType, contentLength: String(bytes.length) };
    const read = await readBody(Readable.from([bytes]), headers, limits.replyBytes);
    return read.kind === 'text' ? read.text : '';
  }

  /** Checks the refusal of workflow input, updates and events of wrong types. */
  #checkRefusal(random: Random): void {
    const names = Object.keys(contractSchemas) as (keyof typeof contractSchemas)[];
    const value: unknown =
      random() < 0.3
        ? nastyValue(random)
        : { ...structuredClone(input), [pick(random, ['taskId', 'notify', 'account', 'x'])]: nastyValue(random) };
    mutateValue(random, value);
    const checked = check(contractSchemas[pick(random, names)], value);
    if (!checked.ok) {
      invariant(checked.problems.length > 0, 'a refusal has a reason');
      invariant(jsonBytes(checked.problems) < 16_384, 'a refusal is short');
    }
    // What a signal may bring: a parent's inbox stays whole, a wait's warnings stay few.
    const event: unknown = random() < 0.5 ? value : { ...structuredClone(anEvent), [pick(random, eventFields)]: value };
    const { inbox, fresh } = receive(emptyInbox(), event as TryOnEvent);
    invariant(!fresh || eventProblem(event) === undefined, 'what is no event is not taken');
    invariant(fresh || Object.keys(inbox.tasks).length === 0, 'what is no event changes nothing');
    let warned = begun;
    for (let count = 0; count < 12; count += 1) warned = warn(warned, `${count} ${JSON.stringify(value) ?? ''}`);
    invariant(jsonBytes(statusOf(warned).warnings ?? []) < 32_768, 'warnings are bounded');
    imageUrlConcerns(pick(random, nastyTexts));
  }
}

function invariant(holds: boolean, text: string): void {
  if (!holds) throw new Error(`violated: ${text}`);
}

/** A reply without the fields that are not redacted: task id and image URLs. */
function withoutIds(reply: Reply): unknown {
  if (reply.kind === 'fault') return reply;
  const { task, ...rest } = reply;
  if (task === undefined) return rest;
  const { taskId: _taskId, subTasks, ...fields } = task;
  return { ...rest, task: { ...fields, subTasks: subTasks.map(({ images: _images, ...own }) => own) } };
}

const classifications = ['pending', 'ended', 'error'];

/** Checks the invariants of a reply and of everything that follows from it. */
function checkReply(reply: Reply, attempt: number): string {
  const shown = JSON.stringify(withoutIds(reply));
  for (const secret of [appKey, appSecret, sign]) invariant(!shown.includes(secret), 'no secret in a reply');
  if (reply.kind === 'answer') {
    for (const { images } of reply.task?.subTasks ?? []) {
      for (const { id, imageUrl } of images) {
        invariant(/^[0-9a-f]{32}$/.test(id) && imageUrl !== '', 'an image has its id and its URL');
      }
    }
  }
  const excerpt = reply.excerpt ?? '';
  invariant(excerpt.length <= 200 && !/[\p{Cc}\p{Cf}]/u.test(excerpt), 'an excerpt is short and plain');

  const classification = classify(reply, tryOnApi, { taskId: fuzzTaskId, nowMs });
  invariant(classifications.includes(classification.kind), 'a classification is known');
  submitResult(reply, tryOnApi, { neverSent: false, isClockLearned: false });

  const polled = pollInput(begun, { pollNow: false, nowMs });
  const at = { nowMs, attempt, queries: 1, scheduledAtMs: nowMs - 1_000 };
  const attempted = { input: polled, before: polled.from, policy: defaultPolicy, ...at };
  const { state, decision } = decide(attempted, reply, classification);
  invariant(jsonBytes(state) < limits.eventBytes * 2, 'a state fits into a heartbeat');
  if (decision.kind === 'retry') {
    invariant(decision.delayMs > 0 && decision.delayMs <= 3_600_000, 'the next poll is within the wait');
    const failure = pendingFailure(state, decision, defaultPolicy, nowMs);
    invariant(jsonBytes([failure.message, failure.details]) < 4_000, 'a failure is not cut by the server');
    return `${classification.kind}, retry`;
  }
  const report = { ...decision, state, atMs: nowMs };
  invariant(jsonBytes(report) < 1.9 * 1024 * 1024, 'a report fits into a payload');
  const { wait, events } = applyReport(begun, report);
  for (const event of events) {
    invariant(v.is(TryOnEventSchema, event), `the event ${event.kind} matches the contract`);
    if (event.kind === 'images') invariant(jsonBytes(event) <= limits.eventBytes, 'an event is at most 256 KiB');
    if (event.kind === 'outcome') invariant(v.is(TryOnOutcomeSchema, event.outcome), 'an outcome matches the contract');
  }
  invariant(jsonBytes(statusOf(wait)) <= limits.resultBytes, 'a status is at most 1.5 MiB');
  const described = describeWait(wait);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the check is about control characters
  invariant(!/[<>\x00-\x09\x0b-\x1f]/.test(described), 'no markup of the vendor in a description');
  return `${classification.kind}, ${decision.end?.status ?? 'images'}`;
}

/** Throws if a prototype was polluted. */
export function assertUnpolluted(): void {
  invariant(!('polluted' in {}) && !('polluted' in []), 'no prototype was polluted');
}
