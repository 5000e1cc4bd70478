/** A worker of the benchmark's own workflows, as a process. It sends what its workflows received, with the time, to its parent. */
import { fileURLToPath } from 'node:url';
import { DefaultLogger, type InjectedSinks, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createLeanActivities } from './lean-activities.js';
import type { BenchSinks, Received } from './lean-workflows.js';
import type { BenchWorkerInput } from './processes.js';

const input = JSON.parse(process.argv[2] ?? '{}') as BenchWorkerInput;
Runtime.install({ logger: new DefaultLogger('ERROR') });
const connection = await NativeConnection.connect({ address: input.address });
const sinks: InjectedSinks<BenchSinks> = {
  bench: {
    received: {
      fn(_info, taskId, kind) {
        process.send?.({ taskId, kind, atMs: Date.now() } satisfies Received);
      },
      callDuringReplay: false,
    },
  },
};
const worker = await Worker.create({
  connection,
  taskQueue: input.taskQueue,
  workflowsPath: fileURLToPath(new URL(`./${input.workflows}.ts`, import.meta.url)),
  activities: createLeanActivities(input.emulatorUrl),
  sinks,
});
// The runtime takes SIGTERM; a parent that is gone is as good as that.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
const run = worker.run();
process.stderr.write('bench worker runs\n');
await run;
await connection.close();
if (process.connected) process.disconnect();
