/** What the submit activity and the job's workflow say to each other. Internal: no other program sends these. */
import type { ApiName, TryOnSubmission } from '../contract.js';
import type { Claim, SubmitReport } from './submission.js';

/** Names of the update and the signals between activity and workflow. */
export const submitMessages = { claim: 'claim', submitted: 'submitted', notSent: 'notSent' } as const;

/** Input of `tryOnSubmit`. A contract between versions: add optional fields only. */
export interface SubmitInput {
  readonly token: number;
  /** The job's `waitId`, by which it knows its own reports. */
  readonly jobId: string;
  readonly requestId: string;
  readonly account: string;
  readonly api: ApiName;
  readonly request: unknown;
}

/** Input of the update `claim`. */
export type ClaimInput = Claim;

/** Answer of the update `claim`. */
export type ClaimAnswer = TryOnSubmission['state'];

/** What the signals carry: a report that its activity could not deliver as its result. */
export interface LateReport {
  readonly jobId: string;
  readonly token: number;
  readonly report: Extract<SubmitReport, { kind: 'accepted' | 'notSent' }>;
}

/** Whether a signal's argument is a report. Anybody who may signal a workflow may send it anything. */
export function isLateReport(given: unknown): given is LateReport {
  if (typeof given !== 'object' || given === null) return false;
  const { jobId, token, report } = given as Record<string, unknown>;
  if (typeof jobId !== 'string' || typeof token !== 'number' || typeof report !== 'object' || report === null) {
    return false;
  }
  const { kind, taskId, atMs, claimId } = report as Record<string, unknown>;
  if (kind === 'accepted') return typeof taskId === 'string' && typeof atMs === 'number' && Number.isFinite(atMs);
  return kind === 'notSent' && typeof claimId === 'string';
}

/** Whether an update's argument is a claim. */
export function isClaim(given: unknown): given is ClaimInput {
  if (typeof given !== 'object' || given === null) return false;
  const { token, id } = given as Record<string, unknown>;
  return typeof token === 'number' && typeof id === 'string';
}
