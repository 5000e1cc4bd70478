/** `temporal-tryon job --request <file.json>`. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TryOnClient } from '../../client/client.js';
import { describeError } from '../../client/errors.js';
import type { TryOnJobResult, TryOnJobStatus } from '../../contract.js';
import { defined } from '../../defined.js';
import { resolveRemedy } from '../../job/describe.js';
import { type Context, type Run, withClient } from '../command.js';
import { exitCodes, Interrupted } from '../exit.js';
import { counted, imageLine, outcomeLines, warningLine } from '../format.js';
import { apiOption, readRequest } from '../read-request.js';

const READ_EVERY_MS = 1_000;

/** What a person should know of a job that runs, in one line. */
function progressOf({ state, taskId, submission, images, error, api }: TryOnJobStatus, requestId: string): string {
  const reason = error === undefined ? '' : ` (${describeError(error, api)})`;
  if (state === 'maybeSubmitted') return `maybe submitted, and billed${reason}; ${resolveRemedy(requestId)}`;
  if (state === 'submitting') return `submitting, ${counted(submission.attempts, 'attempt')}${reason}`;
  return `${state}, task ${taskId ?? ''}, ${counted(images.length, 'image')}${reason}`;
}

/** Shows a job until its end. */
async function follow(client: TryOnClient, requestId: string, { output, signal }: Context): Promise<TryOnJobResult> {
  const done = new AbortController();
  const shown = new Set<string>();
  let last = '';
  const showAll = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const status = await client.jobs.status(requestId).catch(() => undefined);
      if (status !== undefined) {
        for (const image of status.images.filter(({ id }) => !shown.has(id))) {
          shown.add(image.id);
          if (!output.isJson) output.line(imageLine(image));
        }
        const line = progressOf(status, requestId);
        if (line !== last) output.note(status.state === 'maybeSubmitted' ? warningLine(line) : line);
        last = line;
      }
      await sleep(READ_EVERY_MS, undefined, { signal: done.signal }).catch(() => undefined);
    }
  };
  const showing = showAll();
  try {
    const result = await client.jobs.result(requestId, { signal });
    for (const image of result.images) if (!shown.has(image.id) && !output.isJson) output.line(imageLine(image));
    return result;
  } finally {
    done.abort();
    await showing;
  }
}

export const run: Run<'job'> = async ({ options }, context) => {
  const { request: file, requestId = randomUUID(), timeoutSeconds, expectedImages, account, cancelTask } = options;
  const request: unknown = JSON.parse(await readRequest(file));
  return await withClient(context, async (client) => {
    const { output, signal } = context;
    try {
      const api = apiOption(options);
      const input = defined({ requestId, request, api, timeoutSeconds, expectedImages, account, cancelTask });
      const started = await client.jobs.start(input);
      output.note(started.result === undefined ? `job ${requestId}` : `job ${requestId} had ended before`);
      if (started.result !== undefined && !output.isJson) {
        for (const image of started.result.images) output.line(imageLine(image));
      }
      const result = started.result ?? (await follow(client, requestId, context));
      output.json(result);
      for (const line of outcomeLines(result)) output.note(line);
      return result.status === 'finished' ? exitCodes.done : exitCodes.notFinished;
    } catch (error) {
      if (signal.reason instanceof Interrupted) {
        output.note(`the job goes on; the same command with --request-id ${requestId} joins it again`);
      }
      throw error;
    }
  });
};
