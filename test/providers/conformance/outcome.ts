/** What the pure core makes of a reply, in the words of the conformance table. */
import { type Classification, classify } from '../../../src/poll/classify.js';
import { decide } from '../../../src/poll/decide.js';
import { type PollState, unpolled } from '../../../src/poll/poll-state.js';
import type { Reply } from '../../../src/poll/reply.js';
import type { ApiDescriptor } from '../../../src/providers/descriptor.js';
import { readReply } from '../../../src/providers/read-reply.js';
import { redactor } from '../../../src/providers/redact.js';
import { type SubmitResult, submitResult } from '../../../src/providers/submit-result.js';
import { defaultPolicy } from '../../../src/schedule/schedule.js';
import type { Case, PollExpected, PollMeaning, Wire } from './cases.js';
import { taskId } from './cases.js';

const startMs = Date.parse('2026-01-31T12:00:00Z');
/** Enough to end every recheck. */
const mostPolls = 5;

const meaningOf = (classification: Classification): PollMeaning => {
  if (classification.kind === 'error') return classification.class;
  if (classification.kind === 'pending') return classification.status;
  return classification.status === 'failed' ? 'task failed' : 'finished';
};

/** Polls, until the wait ends, blocks or has been polled often enough, with the same reply each time. */
const waitOf = (reply: Reply, classification: Classification): Pick<PollExpected, 'wait'> & { images: number } => {
  const images = new Set<string>();
  let before: PollState = { ...unpolled, asOfAttempt: 1, status: 'running' };
  let nowMs = startMs + 60_000;
  for (let attempt = 2; attempt < 2 + mostPolls; attempt += 1) {
    const input = {
      ...{ taskId, account: 'default', submittedAtMs: startMs, deadlineMs: startMs + 86_400_000 },
      ...{ known: [...images].map((id) => id.slice(0, 12)).join(''), from: unpolled },
    };
    const polled = { input, before, policy: defaultPolicy, nowMs, attempt, queries: 1, scheduledAtMs: startMs };
    const { state, decision } = decide(polled, reply, classification);
    if (decision.kind === 'report') {
      for (const { id } of decision.images) images.add(id);
      if (decision.end !== undefined) return { wait: decision.end.status as PollExpected['wait'], images: images.size };
      if (state.blocked !== undefined) return { wait: 'blocked', images: images.size };
    }
    before = state;
    nowMs = state.nextPollAtMs ?? nowMs + 5_000;
  }
  return { wait: 'goes on', images: images.size };
};

/** The reply of an HTTP answer, as the client reads it. */
export const replyOf = ({ status = 200, headers = {}, json, text, broken }: Wire, api: ApiDescriptor): Reply => {
  if (broken !== undefined) return { kind: 'fault', code: broken.code, message: broken.how };
  const { 'retry-after': retryAfter, date } = headers;
  const facts = {
    httpStatus: status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(date === undefined ? {} : { vendorDateMs: Date.parse(date) }),
  };
  const body = text ?? (json === undefined ? '' : JSON.stringify(json));
  return readReply({ kind: 'body', facts, text: body }, api, redactor(['not-a-secret-word']));
};

/** What counts as expected: a vendor's HTTP 401 may be about the time, and it may refuse a task in place of failing it. */
const alike: Readonly<Partial<Record<PollMeaning, readonly PollMeaning[]>>> = {
  auth: ['clock'],
  'task failed': ['refused', 'failed'],
};

/** What came of a poll, in the shape of what is expected: fields that are not expected are left out. */
export const pollOutcome = (reply: Reply, api: ApiDescriptor, expected: PollExpected, id = taskId): PollExpected => {
  const classification = classify(reply, api, { taskId: id, nowMs: startMs });
  const { wait, images } = waitOf(reply, classification);
  const hint = classification.kind === 'ended' ? undefined : classification.hint;
  const meaning = meaningOf(classification);
  return {
    call: 'poll',
    meaning: alike[expected.meaning]?.includes(meaning) ? expected.meaning : meaning,
    wait,
    ...(expected.images === undefined ? {} : { images }),
    ...(expected.hintMs === undefined ? {} : { hintMs: hint?.delayMs ?? 0 }),
  };
};

/** What came of a submit. */
export const submitOutcome = (result: SubmitResult): Case['expected'] => {
  if (result.kind === 'accepted') return { call: 'submit', result: 'accepted' };
  if (result.kind === 'maybe') return { call: 'submit', result: 'maybe submitted' };
  return { call: 'submit', result: result.retrySafe ? 'rejected, safe to retry' : 'rejected' };
};

/** What came of a cancellation, as the activity takes it. */
export const cancelOutcome = (reply: Reply, api: ApiDescriptor): Case['expected'] => {
  const classification = classify(reply, api, { taskId, acceptOtherTaskId: true });
  if (classification.kind !== 'error') return { call: 'cancel', cancelled: 'taken' };
  if (reply.kind === 'answer' && classification.error.code === 'BadBody') return { call: 'cancel', cancelled: 'taken' };
  const isPassing = ['transient', 'throttled', 'clock'].includes(classification.class);
  return { call: 'cancel', cancelled: isPassing ? 'again' : 'refused' };
};

/** What the pure core makes of an HTTP answer. */
export const outcomeOf = (wire: Wire, api: ApiDescriptor, expected: Case['expected']): Case['expected'] => {
  const reply = replyOf(wire, api);
  if (expected.call === 'poll') return pollOutcome(reply, api, expected);
  if (expected.call === 'cancel') return cancelOutcome(reply, api);
  return submitOutcome(submitResult(reply, api, { neverSent: false, isClockLearned: false }));
};
