/** Start options of waits and listings: ids, input, and what the Temporal UI shows of them. */
import { type WorkflowHandle, WorkflowNotFoundError, type WorkflowStartOptions } from '@temporalio/client';
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import {
  accountFor,
  defaults,
  jobWorkflowId,
  listingWorkflowId,
  resultsWorkflowId,
  searchAttributes,
  type TryOnJobInput,
  type TryOnListingInput,
  type TryOnOutcome,
  type TryOnResultsInput,
} from '../contract.js';
import { escapeMarkdown, summaryOf, summaryOfJob, summaryOfListing } from '../wait/describe.js';

/** Start options of a workflow with one argument. */
export type StartOptions = WorkflowStartOptions<
  (input: TryOnResultsInput | TryOnListingInput | TryOnJobInput) => Promise<unknown>
>;

/** Where a workflow is started. */
export interface StartPlace {
  readonly taskQueue: string;
  /** The contract's search attributes that the namespace has. */
  readonly registered: readonly string[];
}

type KeywordField = 'taskId' | 'status' | 'listingId' | 'account';

function attributes(
  registered: readonly string[],
  values: Partial<Record<KeywordField, string>>,
): SearchAttributePair[] {
  return (Object.entries(values) as [KeywordField, string][])
    .map(([field, value]) => ({ key: defineSearchAttributeKey(searchAttributes[field].name, 'KEYWORD'), value }))
    .filter(({ key }) => registered.includes(key.name));
}

const row = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`- ${name}: ${escapeMarkdown(String(value))}`];

/** Options of a wait's start, without its id policies. */
export function waitStart(input: TryOnResultsInput, { taskQueue, registered }: StartPlace): StartOptions {
  const { taskId, api } = input;
  const account = accountFor(input);
  return {
    taskQueue,
    workflowId: resultsWorkflowId(taskId),
    args: [input],
    staticSummary: summaryOf(taskId),
    staticDetails: [
      ...row('task', taskId),
      ...row('API', api),
      ...row('account', account),
      ...row('submitted at', input.submittedAt),
      ...row('expected images', input.expectedImages),
      ...row('timeout in seconds', input.timeoutSeconds ?? defaults.timeoutSeconds),
    ].join('\n'),
    typedSearchAttributes: attributes(registered, { taskId, account, status: 'waiting' }),
  };
}

/** Options of a listing's start, without its id policies. */
export function listingStart(input: TryOnListingInput, { taskQueue, registered }: StartPlace): StartOptions {
  const { listingId, tasks } = input;
  const account = accountFor(input);
  return {
    taskQueue,
    workflowId: listingWorkflowId(listingId),
    args: [input],
    staticSummary: summaryOfListing(listingId),
    staticDetails: [
      ...row('listing', listingId),
      ...row('tasks', tasks.length),
      ...row('account', account),
      ...row('minimum images', input.minimumImages),
    ].join('\n'),
    typedSearchAttributes: attributes(registered, { listingId, account, status: 'waiting' }),
  };
}

/** Options of a job's start, without its id policies. */
export function jobStart(input: TryOnJobInput, { taskQueue, registered }: StartPlace): StartOptions {
  const { requestId, taskId, api = 'tryon' } = input;
  const account = accountFor(input);
  return {
    taskQueue,
    workflowId: jobWorkflowId(requestId),
    args: [input],
    staticSummary: summaryOfJob(requestId),
    staticDetails: [
      ...row('request', requestId),
      ...row('task', taskId),
      ...row('API', api),
      ...row('account', account),
      ...row('expected images', input.expectedImages),
      ...row('timeout in seconds', input.timeoutSeconds ?? defaults.timeoutSeconds),
    ].join('\n'),
    typedSearchAttributes: attributes(registered, {
      account,
      ...(taskId === undefined ? { status: 'submitting' } : { taskId, status: 'waiting' }),
    }),
  };
}

/** The outcome of a wait that has completed, and its run; `undefined` for a wait that ended otherwise or is unknown. */
export async function storedOutcome(
  handle: WorkflowHandle,
): Promise<{ readonly runId: string; readonly outcome: TryOnOutcome } | undefined> {
  try {
    const { status, runId } = await handle.describe();
    if (status.name !== 'COMPLETED') return undefined;
    return { runId, outcome: (await handle.client.getHandle(handle.workflowId, runId).result()) as TryOnOutcome };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
