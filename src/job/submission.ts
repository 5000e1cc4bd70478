/**
 * The submission of one request as a state machine: a token is drawn for each attempt, an attempt sends only after its claim was accepted, and
 * what may have been submitted is parked for a person. Pure; plain JSON. The vendor has no idempotency key, so nothing else keeps a
 * retry from paying twice.
 */
import { check } from '../check.js';
import {
  limits,
  type ResolveSubmission,
  type TryOnError,
  TryOnResultsInputSchema,
  type TryOnSubmission,
} from '../contract.js';
import { defined } from '../defined.js';

/**
 * - `external`: the task was submitted elsewhere
 * - `idle`: no attempt is under way, and nothing was bought; the next one may begin at `nextAtMs`
 * - `scheduled`: an attempt has a token and no claim: nothing was sent
 * - `claimed`: the attempt may send, or has sent
 * - `accepted`: the vendor accepted it
 * - `rejected`: the vendor refused it for good
 * - `maybe`: it may have been submitted; only a person or a late report goes on from here
 * - `givenUp`: a person ended that
 * - `withdrawn`: the job ended before a claim; no claim is accepted any more
 */
export type SubmissionPhase =
  | 'external'
  | 'idle'
  | 'scheduled'
  | 'claimed'
  | 'accepted'
  | 'rejected'
  | 'maybe'
  | 'givenUp'
  | 'withdrawn';

/** State of a submission. Times are Unix milliseconds of workflow time. */
export interface Submission {
  readonly phase: SubmissionPhase;
  /** The token of the latest attempt, counting from 1; 0 before the first. */
  readonly token: number;
  readonly nextAtMs?: number;
  /** The latest claim that was accepted, by the name that its attempt gave itself. */
  readonly claim?: { readonly id: string; readonly atMs: number };
  /** The latest attempt has ended without a report. */
  readonly isLost?: boolean;
  readonly error?: TryOnError;
  readonly taskId?: string;
  /** When the vendor accepted it. */
  readonly acceptedAtMs?: number;
  /** Tasks that were accepted besides. */
  readonly otherTaskIds?: readonly string[];
}

/** What an attempt claims before it sends. `id` is its own: another execution of the same attempt has another. */
export interface Claim {
  readonly token: number;
  readonly id: string;
}

/**
 * How an attempt ended.
 * - `accepted`: with the task id, and when the vendor's reply came, in Unix milliseconds
 * - `rejected`: proven, nothing was bought. `retryAfterMs`: the same request may be accepted after so long
 * - `notSent`: proven by the attempt whose claim has this id; a claim of that id is spent
 * - `maybe`: it was sent, and the reply proves nothing
 * - `lost`: the attempt proves nothing: it never got a claim, or its worker died
 */
export type SubmitReport =
  | { readonly kind: 'accepted'; readonly taskId: string; readonly atMs: number }
  | { readonly kind: 'rejected'; readonly error: TryOnError; readonly retryAfterMs?: number }
  | { readonly kind: 'notSent'; readonly claimId: string; readonly error?: TryOnError }
  | { readonly kind: 'maybe'; readonly error: TryOnError }
  | { readonly kind: 'lost' };

/** Times of the protocol, in milliseconds. */
export const submitRules = {
  /** A claimed attempt whose worker is gone has this long, from its claim, for its report to arrive. */
  reportWithinMs: 60_000,
  /** Between two attempts: doubles from the first to the second. */
  retryFirstMs: 1_000,
  retryMaxMs: 60_000,
  /** A vendor's hint is obeyed up to this. */
  hintMaxMs: 600_000,
} as const;

/** A submission at its start. */
export const beginSubmission = (taskId?: string, nowMs?: number): Submission =>
  taskId === undefined
    ? { phase: 'idle', token: 0 }
    : { phase: 'external', token: 0, taskId, ...defined({ acceptedAtMs: nowMs }) };

/** Draws the token of the next attempt. Only an `idle` submission has one to give. */
export function drawToken(submission: Submission): Submission {
  if (submission.phase !== 'idle') throw new TypeError(`no attempt begins while ${submission.phase}`);
  const { nextAtMs: _nextAtMs, isLost: _isLost, claim: _claim, ...rest } = submission;
  return { ...rest, phase: 'scheduled', token: submission.token + 1 };
}

/** Whether an attempt may send. Refused: a token that is not the current one, or that was claimed before. */
export const mayClaim = ({ phase, token }: Submission, claim: Claim): boolean =>
  phase === 'scheduled' && claim.token === token;

/** Accepts a claim for which {@link mayClaim} holds; changes nothing else. */
export const acceptClaim = (submission: Submission, claim: Claim, nowMs: number): Submission =>
  mayClaim(submission, claim) ? { ...submission, phase: 'claimed', claim: { id: claim.id, atMs: nowMs } } : submission;

const isTaskId = (taskId: string): boolean => check(TryOnResultsInputSchema, { taskId }).ok;

/** More ids than this are not kept. */
const MAX_OTHERS = 20;

/** The id is what was paid for: it is taken whenever it comes, and from whichever attempt. */
function takeTaskId(submission: Submission, taskId: string, atMs: number): Submission {
  const { taskId: known, otherTaskIds = [] } = submission;
  if (known === undefined) {
    const { error: _error, nextAtMs: _nextAtMs, ...rest } = submission;
    return { ...rest, phase: 'accepted', taskId, acceptedAtMs: atMs };
  }
  if (known === taskId || otherTaskIds.includes(taskId) || otherTaskIds.length >= MAX_OTHERS) return submission;
  return { ...submission, otherTaskIds: [...otherTaskIds, taskId] };
}

const park = (submission: Submission, error: TryOnError): Submission => ({ ...submission, phase: 'maybe', error });

function idle(submission: Submission, nowMs: number, delayMs: number, error?: TryOnError): Submission {
  const { error: _error, ...rest } = submission;
  return { ...rest, phase: 'idle', nextAtMs: nowMs + delayMs, ...defined({ error }) };
}

const retryDelayMs = ({ token }: Submission): number =>
  Math.min(submitRules.retryMaxMs, submitRules.retryFirstMs * 2 ** Math.min(16, token - 1));

const noTaskId = (taskId: string): TryOnError => ({
  layer: 'transport',
  code: 'BadBody',
  message: `the vendor accepted the request but its task id of ${taskId.length} characters cannot be used`,
});

/**
 * Takes the report of an attempt in. A report of an older attempt counts only if it brings a task id; one of an attempt that was never
 * scheduled counts for nothing.
 */
export function takeReport(submission: Submission, token: number, report: SubmitReport, nowMs: number): Submission {
  const { phase, claim } = submission;
  if (phase === 'external' || !Number.isInteger(token) || token < 1 || token > submission.token) return submission;
  if (report.kind === 'accepted' && isTaskId(report.taskId)) {
    return takeTaskId(submission, report.taskId, Math.min(report.atMs, nowMs));
  }
  const isOpen = phase === 'scheduled' || phase === 'claimed' || phase === 'maybe';
  if (token !== submission.token || !isOpen) return submission;
  switch (report.kind) {
    case 'accepted':
      return park(submission, noTaskId(report.taskId));
    case 'maybe':
      return park(submission, report.error);
    case 'rejected': {
      const { error, retryAfterMs } = report;
      if (retryAfterMs === undefined) return { ...submission, phase: 'rejected', error };
      const delayMs = Math.min(submitRules.hintMaxMs, Math.max(retryAfterMs, retryDelayMs(submission)));
      return idle(submission, nowMs, delayMs, error);
    }
    case 'notSent':
      // Another execution's claim is not this one's to give back.
      if (phase !== 'scheduled' && claim?.id !== report.claimId) return submission;
      return idle(submission, nowMs, retryDelayMs(submission), report.error);
    case 'lost':
      if (phase === 'scheduled') return idle(submission, nowMs, retryDelayMs(submission), submission.error);
      return phase === 'claimed' ? { ...submission, isLost: true } : submission;
    default:
      return report satisfies never;
  }
}

/** When a claimed attempt without a report is parked; `undefined` while its worker is there to report. */
export const expiresAtMs = ({ phase, claim, isLost }: Submission): number | undefined =>
  phase === 'claimed' && isLost && claim !== undefined ? claim.atMs + submitRules.reportWithinMs : undefined;

/** Parks a claimed attempt that has not reported in time. */
export function expire(submission: Submission, nowMs: number): Submission {
  const untilMs = expiresAtMs(submission);
  if (untilMs === undefined || nowMs < untilMs) return submission;
  const message = `the worker was lost after it had the right to send, and no task id came within ${submitRules.reportWithinMs / 1000} s`;
  return park(submission, { layer: 'transport', code: 'WorkerLost', message });
}

/** Ends a submission that nothing was sent of: later claims are refused. Any other stays as it is. */
export const withdraw = (submission: Submission): Submission =>
  submission.phase === 'idle' || submission.phase === 'scheduled' ? { ...submission, phase: 'withdrawn' } : submission;

/** Why a resolution is refused, in one line; `undefined` where it is taken. */
export function resolveProblem(
  { phase, claim }: Submission,
  resolution: ResolveSubmission,
  nowMs: number,
): string | undefined {
  if (phase !== 'maybe') return 'the job is not maybeSubmitted; there is nothing to resolve';
  const leftMs = (claim?.atMs ?? 0) + limits.resubmitAfterMs - nowMs;
  if (resolution.resubmit !== true || leftMs <= 0) return undefined;
  const seconds = Math.ceil(leftMs / 1000);
  return `the request was sent less than 5 minutes ago and may still be on its way; resubmit in ${seconds} s`;
}

/** Resolves a submission for which {@link resolveProblem} finds none. */
export function resolve(submission: Submission, resolution: ResolveSubmission, nowMs: number): Submission {
  if (resolveProblem(submission, resolution, nowMs) !== undefined) return submission;
  const { taskId, resubmit } = resolution;
  if (taskId !== undefined) return takeTaskId(submission, taskId, submission.claim?.atMs ?? nowMs);
  return resubmit === true ? idle(submission, nowMs, 0) : { ...submission, phase: 'givenUp' };
}

const states = {
  external: 'external',
  idle: 'pending',
  scheduled: 'pending',
  withdrawn: 'pending',
  claimed: 'sent',
  accepted: 'accepted',
  rejected: 'rejected',
  maybe: 'maybeSubmitted',
  givenUp: 'maybeSubmitted',
} as const satisfies Record<SubmissionPhase, TryOnSubmission['state']>;

/** The submission as the contract shows it. */
export function submissionStatus(submission: Submission): TryOnSubmission {
  const { phase, token, error, claim, otherTaskIds } = submission;
  const sentAt = claim === undefined ? undefined : new Date(claim.atMs).toISOString();
  return {
    state: states[phase],
    attempts: token,
    ...defined({ error, sentAt, otherTaskIds: otherTaskIds && [...otherTaskIds] }),
  };
}
