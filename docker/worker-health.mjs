// Health check of the worker's container: does a worker of this host poll the workflow queue?
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 5_000 });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace,
  taskQueue: { name: process.env.TRYON_TASK_QUEUE || 'tryon' },
  taskQueueType: 1,
});
await connection.close();
if (!pollers.some(({ identity }) => identity.includes(hostname()))) {
  console.error(`no poller of ${hostname()}`);
  process.exitCode = 1;
}
