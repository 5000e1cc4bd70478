/**
 * Submits a request, waits for its images and prints where they are archived, one location on each line:
 *
 *     npx tsx job.ts <requestId> <request.json>
 *
 * The request id is your own name for the request, such as an order number. With the same one the program joins the job that runs, or prints
 * what the job has stored; nothing is submitted twice. Exit code 1 unless the job is `finished`. Uses only the contract's names and types;
 * `createTryOnClient().jobs` of `temporal-tryon` does the same.
 */
import { readFile } from 'node:fs/promises';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { TryOnJobInput, TryOnJobResult } from 'temporal-tryon/workflow';

type TryOnJob = (input: TryOnJobInput) => Promise<TryOnJobResult>;

async function runJob(client: Client, input: TryOnJobInput): Promise<TryOnJobResult> {
  const workflowId = `tryon-job-${input.requestId}`;
  try {
    return await client.workflow.execute<TryOnJob>('tryOnJob', {
      workflowId,
      taskQueue: process.env.TRYON_TASK_QUEUE ?? 'tryon',
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      // Without this, a start after the job's end submits, and pays for, the request again.
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return await client.workflow.getHandle<TryOnJob>(workflowId).result();
  }
}

const [requestId, file] = process.argv.slice(2);
if (requestId === undefined || file === undefined) {
  console.error('usage: job.ts <requestId> <request.json>');
  process.exit(2);
}
const request = JSON.parse(await readFile(file, 'utf8'));
// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of Temporal's environment configuration.
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect(connectionOptions);
try {
  // If the worker encrypts, give the client its `dataConverter` (README, "Encrypted payloads").
  const client = new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
  const { status, error = '', images } = await runJob(client, { requestId, request });
  for (const { imageUrl, archived, archiveError = '' } of images) {
    if (archived) console.log(archived.location);
    // The vendor's URL expires. Without `archiveError`, the workers have no archive.
    else console.error('not archived:', imageUrl, archiveError);
  }
  console.error(status, error);
  if (status !== 'finished') process.exitCode = 1;
} catch (error) {
  const refusal = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (!(refusal instanceof ApplicationFailure) || refusal.type !== 'InvalidTryOnInput') throw error;
  console.error(`${refusal.type}: ${refusal.message}`);
  process.exitCode = 1;
} finally {
  await connection.close();
}
