/** This package's workflows and activities under a schedule of one poll each 100 ms, to see many polls in little time. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createTryOnActivities } from '../../src/activities/index.js';
import { vendorTaskQueue } from '../../src/contract.js';
import { readAccounts } from '../../src/providers/accounts.js';
import { createVendorClient } from '../../src/providers/client.js';
import { policyOf } from '../../src/schedule/schedule.js';
import { rootPath } from '../lib/report.js';

const GAP_MS = 100;

/** A worker in this process. */
export interface DenseWorker {
  stop(): Promise<void>;
}

/** Starts it on queues of its own. */
export async function startDenseWorker(
  address: string,
  taskQueue: string,
  env: Readonly<Record<string, string>>,
  searchAttributes: readonly string[],
): Promise<DenseWorker> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const { accounts } = readAccounts(env);
  const vendor = createVendorClient({ accounts });
  const policy = policyOf({ floorMs: GAP_MS, ceilingMs: GAP_MS });
  const activities = createTryOnActivities({
    vendor,
    policy: () => policy,
    searchAttributes: () => searchAttributes,
  });
  const workers = [
    await Worker.create({
      connection,
      taskQueue,
      activities,
      workflowBundle: { codePath: `${rootPath}dist/workflow-bundle.js` },
    }),
    await Worker.create({ connection, taskQueue: vendorTaskQueue('default', taskQueue), activities }),
  ];
  const runs = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await runs;
      await vendor.close();
      await connection.close();
    },
  };
}
