/**
 * Fuzzes everything that reads what a vendor sends: one input is a function of seed and index, so that a failure is found again by its
 * two numbers. Invariants stand in {@link judge}.
 */
import { Readable } from 'node:stream';
import * as v from 'valibot';
import { pendingFailure } from '../../src/activities/pending.js';
import { check } from '../../src/check.js';
import { imageUrlConcerns } from '../../src/client/image-url.js';
import { contractSchemas, limits, TryOnEventSchema, TryOnOutcomeSchema } from '../../src/contract.js';
import { jsonBytes } from '../../src/json-size.js';
import { classify } from '../../src/poll/classify.js';
import { decide } from '../../src/poll/decide.js';
import type { HttpFacts, Reply } from '../../src/poll/reply.js';
import { submitResult } from '../../src/providers/aidge/submit-result.js';
import { tryOnApi } from '../../src/providers/aidge/tryon.js';
import { readBody, textOf } from '../../src/providers/body.js';
import { readReply } from '../../src/providers/read-reply.js';
import { redactor } from '../../src/providers/redact.js';
import { defaultPolicy } from '../../src/schedule/schedule.js';
import { describeWait } from '../../src/wait/describe.js';
import { pollInput } from '../../src/wait/poll-input.js';
import { applyReport, beginWait } from '../../src/wait/wait.js';
import { statusOf } from '../../src/wait/wait-report.js';
import { compressed, corpus, fuzzSecrets, fuzzTaskId, type Recorded } from './corpus.js';
import {
  bend,
  bendJson,
  breakBytes,
  breakText,
  type Chance,
  chanceOf,
  nastyTexts,
  nastyValue,
  pick,
  spliceIn,
} from './mutate.js';

/** One input. */
export interface FuzzInput {
  /** What was done to which recorded answer. */
  readonly how: string;
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
const begun = beginWait(input, { waitId: 'wait', nowMs: nowMs - 60_000, api: 'tryon' });

/** Everything that an input can break, and what must hold of each. */
export class Fuzz {
  readonly #recorded: readonly Recorded[] = corpus();
  constructor(readonly seed: number) {}

  get recorded(): number {
    return this.#recorded.length;
  }

  #chance(index: number): Chance {
    const chance = chanceOf(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    chance();
    return chance;
  }

  /** The input of an index. */
  inputAt(index: number): FuzzInput {
    const chance = this.#chance(index);
    const one = pick(chance, this.#recorded);
    const other = pick(chance, this.#recorded);
    let text = one.body;
    let how = one.name;
    const roll = chance();
    if (roll < 0.55) {
      text = bendJson(chance, text);
      how += ', bent';
    } else if (roll < 0.9) {
      text = breakText(chance, text, other.body);
      how += `, broken with ${other.name}`;
    }
    if (chance() < 0.15) {
      text = spliceIn(chance, text, pick(chance, echoed));
      how += ', with an echo';
    }
    const isPacked = chance() < 0.01;
    const plain = isPacked ? compressed(text) : Buffer.from(text);
    const bytes = chance() < 0.1 ? breakBytes(chance, plain) : plain;
    const retryAfter = chance() < 0.1 ? pick(chance, retryAfters) : one.retryAfter;
    return {
      how: isPacked ? `${how}, packed` : how,
      facts: {
        httpStatus: chance() < 0.2 ? pick(chance, statuses) : one.status,
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(chance() < 0.1 ? { vendorDateMs: pick(chance, dates) } : {}),
      },
      bytes,
      contentType: chance() < 0.1 ? pick(chance, contentTypes) : one.contentType,
      contentEncoding: isPacked ? 'gzip' : '',
    };
  }

  /**
   * Reads the input of an index in every way there is.
   * @returns what it was taken for, as a word
   * @throws what must not be thrown, or an `Error` that names the invariant that does not hold
   */
  async run(index: number): Promise<string> {
    const one = this.inputAt(index);
    const text = await this.#textOf(one);
    const exchanged = { kind: 'body', facts: one.facts, text } as const;
    const reply = readReply(exchanged, tryOnApi, redact);
    const word = judge(reply, 1 + (index % 3));
    if (index % 4 === 0) this.#refuse(this.#chance(index));
    return word;
  }

  async #textOf({ bytes, contentType, contentEncoding }: FuzzInput): Promise<string> {
    if (contentEncoding === '') return textOf(bytes, contentType);
    const headers = { contentEncoding, contentType, contentLength: String(bytes.length) };
    const read = await readBody(Readable.from([bytes]), headers, limits.replyBytes);
    return read.kind === 'text' ? read.text : '';
  }

  /** Workflow input, updates and events of wrong types. */
  #refuse(chance: Chance): void {
    const names = Object.keys(contractSchemas) as (keyof typeof contractSchemas)[];
    const value: unknown =
      chance() < 0.3
        ? nastyValue(chance)
        : { ...structuredClone(input), [pick(chance, ['taskId', 'notify', 'account', 'x'])]: nastyValue(chance) };
    bend(chance, value);
    const checked = check(contractSchemas[pick(chance, names)], value);
    if (!checked.ok) {
      hold(checked.problems.length > 0, 'a refusal says why');
      hold(jsonBytes(checked.problems) < 16_384, 'a refusal is told in few words');
    }
    imageUrlConcerns(pick(chance, nastyTexts));
  }
}

function hold(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`does not hold: ${what}`);
}

/** Without what may hold anything by its nature: the task's id is compared with ours, addresses are there to be fetched. */
function withoutIds(reply: Reply): unknown {
  if (reply.kind === 'fault') return reply;
  const { task, ...rest } = reply;
  if (task === undefined) return rest;
  const { taskId: _taskId, subTasks, ...told } = task;
  return { ...rest, task: { ...told, subTasks: subTasks.map(({ images: _images, ...own }) => own) } };
}

const classifications = ['pending', 'ended', 'error'];

/** What must hold of any reply, and of whatever follows from it. */
function judge(reply: Reply, attempt: number): string {
  const shown = JSON.stringify(withoutIds(reply));
  for (const secret of [appKey, appSecret, sign]) hold(!shown.includes(secret), 'no secret in a reply');
  if (reply.kind === 'answer') {
    for (const { images } of reply.task?.subTasks ?? []) {
      for (const { id, imageUrl } of images) {
        hold(/^[0-9a-f]{32}$/.test(id) && imageUrl !== '', 'an image has its id and its address');
      }
    }
  }
  const excerpt = reply.excerpt ?? '';
  hold(excerpt.length <= 200 && !/[\p{Cc}\p{Cf}]/u.test(excerpt), 'an excerpt is short and plain');

  const classification = classify(reply, tryOnApi, { taskId: fuzzTaskId, nowMs });
  hold(classifications.includes(classification.kind), 'a classification is one of ours');
  submitResult(reply, tryOnApi, { neverSent: false, isClockLearned: false });

  const asked = pollInput(begun, { pollNow: false, nowMs });
  const at = { nowMs, attempt, queries: 1, scheduledAtMs: nowMs - 1_000 };
  const polled = { input: asked, before: asked.from, policy: defaultPolicy, ...at };
  const { state, decision } = decide(polled, reply, classification);
  hold(jsonBytes(state) < limits.eventBytes * 2, 'a state fits into a heartbeat');
  if (decision.kind === 'retry') {
    hold(decision.delayMs > 0 && decision.delayMs <= 3_600_000, 'the next poll comes within the wait');
    const failure = pendingFailure(state, decision, defaultPolicy, nowMs);
    hold(jsonBytes([failure.message, failure.details]) < 4_000, 'a failure is not cut by the server');
    return `${classification.kind}, retry`;
  }
  const report = { ...decision, state, atMs: nowMs };
  hold(jsonBytes(report) < 1.9 * 1024 * 1024, 'a report fits into a payload');
  const { wait, events } = applyReport(begun, report);
  for (const event of events) {
    hold(v.is(TryOnEventSchema, event), `the event ${event.kind} is as the contract says`);
    if (event.kind === 'images') hold(jsonBytes(event) <= limits.eventBytes, 'an event is at most 256 KiB');
    if (event.kind === 'outcome') hold(v.is(TryOnOutcomeSchema, event.outcome), 'an outcome is as the contract says');
  }
  hold(jsonBytes(statusOf(wait)) <= limits.resultBytes, 'a status is at most 1.5 MiB');
  const described = describeWait(wait);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is polled for here
  hold(!/[<>\x00-\x09\x0b-\x1f]/.test(described), 'no markup of the vendor in a description');
  return `${classification.kind}, ${decision.end?.status ?? 'images'}`;
}

/** Whether some object's prototype was polluted. Throws if so. */
export function assertUnpolluted(): void {
  hold(!('polluted' in {}) && !('polluted' in []), 'no prototype was polluted');
}
