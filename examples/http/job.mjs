/**
 * Submits a request, waits for its images and prints where they are archived, one location on each line, using only the HTTP API of the
 * Temporal server. Node.js 20.
 *
 *     node job.mjs <requestId> <request.json>
 *
 * The request id is your own name for the request, such as an order number. With the same one the script joins the job that runs, or prints
 * what the job has stored; nothing is submitted twice. Exit code 1 unless the job is `finished`.
 */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { call, encoded, result, taskQueue } from './temporal.mjs';

const CONFLICT = 409;

async function main(requestId, file) {
  const request = JSON.parse(await readFile(file, 'utf8'));
  const workflowId = encodeURIComponent(`tryon-job-${requestId}`);
  await call(workflowId, {
    workflowType: { name: 'tryOnJob' },
    taskQueue,
    input: encoded({ requestId, request }),
    // Names this call, not the job.
    requestId: randomUUID(),
    workflowIdConflictPolicy: 'WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING',
    // Without this, a start after the job's end submits, and pays for, the request again.
    workflowIdReusePolicy: 'WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE',
  }).catch((error) => {
    // The job has ended: its result is there.
    if (error.status !== CONFLICT) throw error;
  });
  const { status, error = '', images } = await result(workflowId);
  for (const { imageUrl, archived, archiveError = '' } of images) {
    if (archived) console.log(archived.location);
    // The vendor's URL expires. Without `archiveError`, the workers have no archive.
    else console.error('not archived:', imageUrl, archiveError);
  }
  console.error(status, error);
  if (status !== 'finished') process.exitCode = 1;
}

const args = process.argv.slice(2);
if (args.length !== 2) {
  console.error('usage: node job.mjs <requestId> <request.json>');
  process.exitCode = 2;
} else {
  await main(...args).catch((error) => {
    console.error(error.type ? `${error.type}: ${error.message}` : error.message);
    process.exitCode = 1;
  });
}
