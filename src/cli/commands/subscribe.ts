/** `temporal-tryon subscribe <taskId>`; `--remove` undoes it. */
import { WorkflowNotFoundError } from '@temporalio/client';
import type { TryOnClient } from '../../client/client.js';
import { defaults } from '../../contract.js';
import { defined } from '../../defined.js';
import { type Run, withClient } from '../command.js';
import { CliError, exitCodes } from '../exit.js';
import { counted, stateText, warningLine } from '../format.js';

/** Whether a workflow can get signals. True if the server does not say. */
async function isRunning({ temporal }: TryOnClient, workflowId: string, runId?: string): Promise<boolean> {
  try {
    const { status } = await temporal.workflow.getHandle(workflowId, runId).describe();
    return status.name === 'RUNNING' || status.name === 'PAUSED';
  } catch (error) {
    return !(error instanceof WorkflowNotFoundError);
  }
}

export const run: Run<'subscribe'> = ({ args: [taskId], options }, context) => {
  const { workflowId, runId, signal, timeoutSeconds, remove = false } = options;
  if (remove && (runId !== undefined || timeoutSeconds !== undefined)) {
    throw new CliError('--remove uses --workflow-id and --signal only; leave out the other options', exitCodes.usage);
  }
  return withClient(context, async (client) => {
    const { output } = context;
    const status = remove
      ? await client.unsubscribe(taskId, defined({ workflowId, signal }))
      : await client.subscribe(taskId, defined({ workflowId, signal, runId, timeoutSeconds }));
    const { state, images, imagesOmitted = 0, subscribers } = status;
    output.data(status, [
      `${workflowId} (signal ${signal ?? defaults.signal}) ${remove ? 'no longer gets' : 'gets'} the events of task ${taskId}: ` +
        `${stateText(state)}, ${counted(images.length + imagesOmitted, 'image')} so far, ${counted(subscribers.length, 'subscriber')}`,
    ]);
    if (!remove && !(await isRunning(client, workflowId, runId))) {
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
