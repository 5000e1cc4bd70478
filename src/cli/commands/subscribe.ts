/** `temporal-tryon subscribe <taskId>`; `--remove` undoes it. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TryOnClient } from '../../client/client.js';
import { defaults, type Subscriber } from '../../contract.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, stateText, warningLine } from '../format.js';
import type { OptionsOf } from '../options.js';

/** Whether a workflow can get signals. True if the server does not say. */
async function isRunning({ temporal }: TryOnClient, workflowId: string, runId?: string): Promise<boolean> {
  try {
    const { status } = await temporal.workflow.getHandle(workflowId, runId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    return !(error instanceof WorkflowNotFoundError);
  }
}

/** The subscriber that the options name, and its name for people. */
function subscriberOf({ workflowId, webhook, runId, signal }: OptionsOf<'subscribe'>): {
  readonly subscriber: Subscriber;
  readonly shown: string;
} {
  if ((workflowId === undefined) === (webhook === undefined)) {
    throw new CliError('give either --workflow-id or --webhook', exitCodes.usage);
  }
  if (workflowId !== undefined) {
    const shown = `${workflowId} (signal ${signal ?? defaults.signal})`;
    return { subscriber: { workflowId, ...defined({ signal, runId }) }, shown };
  }
  if (runId !== undefined || signal !== undefined) {
    throw new CliError('--run-id and --signal go with --workflow-id only; leave them out', exitCodes.usage);
  }
  return { subscriber: { webhook: webhook as string }, shown: `webhook ${webhook}` };
}

export const run: Run<'subscribe'> = ({ args: [taskId], options }, context) => {
  const { workflowId, runId, timeoutSeconds, remove = false } = options;
  if (remove && (runId !== undefined || timeoutSeconds !== undefined)) {
    throw new CliError(
      '--remove uses --workflow-id and --signal, or --webhook, only; leave out the other options',
      exitCodes.usage,
    );
  }
  const { subscriber, shown } = subscriberOf(options);
  return withClient(context, async (client) => {
    const { output } = context;
    const status = remove
      ? await client.unsubscribe(taskId, subscriber)
      : await client.subscribe(taskId, { ...subscriber, ...defined({ timeoutSeconds }) });
    const { state, images, imagesOmitted = 0, subscribers } = status;
    output.data(status, [
      `${shown} ${remove ? 'no longer gets' : 'gets'} the events of task ${taskId}: ` +
        `${stateText(state)}, ${counted(images.length + imagesOmitted, 'image')} so far, ${counted(subscribers.length, 'subscriber')}`,
    ]);
    if (!remove && workflowId !== undefined && !(await isRunning(client, workflowId, runId))) {
      const ofRun = runId === undefined ? '' : ` with run ${runId}`;
      output.note(
        warningLine(
          `no workflow ${workflowId}${ofRun} is running in ${client.temporal.options.namespace}; the subscription stays and takes effect when it runs`,
        ),
      );
    }
    return exitCodes.done;
  });
};
