/**
 * Runs a workflow that starts `tryOnResults` as its child, on its own worker and task queue:
 *
 *     npx tsx parent.ts <taskId> [timeoutSeconds]
 *
 * Prints what the workflow returned as one JSON document: { outcome, images, kinds }.
 */
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { tryOnParent } from './workflows.js';

const [taskId, timeout] = process.argv.slice(2);
if (taskId === undefined) {
  console.error('usage: parent.ts <taskId> [timeoutSeconds]');
  process.exit(2);
}
Runtime.install({ logger: new DefaultLogger('WARN') });
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await NativeConnection.connect(connectionOptions);
const clientConnection = await Connection.connect(connectionOptions);
try {
  // A service has one queue with a fixed name; this script ends with its workflow, so it makes a new queue.
  const taskQueue = `typescript-parents-${randomUUID()}`;
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowsPath: fileURLToPath(new URL('./workflows.ts', import.meta.url)),
    // If the worker encrypts, give this worker and the client its `dataConverter` (README, "Encrypted payloads").
  });
  const client = new Client({ connection: clientConnection, namespace });
  const result = await worker.runUntil(
    client.workflow.execute<typeof tryOnParent>('tryOnParent', {
      workflowId: `typescript-parent-${taskId}`,
      taskQueue,
      args: [
        {
          taskId,
          taskQueue: process.env.TRYON_TASK_QUEUE ?? 'tryon',
          ...(timeout === undefined ? {} : { timeoutSeconds: Number(timeout) }),
        },
      ],
    }),
  );
  console.log(JSON.stringify(result));
} finally {
  await clientConnection.close();
  await connection.close();
}
