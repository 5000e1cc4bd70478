/** Images per second from the vendor into an S3 server by a worker as it ships, beside plain PUTs of the same number of bytes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { maxImagesAtOnce } from '../../src/archive/limits.js';
import { jobWorkflowId, type TryOnJobResult, workflowTypes } from '../../src/contract.js';
import { startEmulator } from '../../src/testing.js';
import { type S3Server, startS3 } from '../../test/support/s3-server.js';
import { atLeast, atMost, type BenchContext, type PartResult, rounded, sizeOf } from '../lib/part.js';
import { type BenchProcess, startProcess, startWorker, workerEnv } from '../lib/processes.js';
import { startBenchServer } from '../lib/server.js';
import type { PlainPutsInput, PlainPutsSays } from './plain-puts.js';

const BYTES = 2_000_000;
const IMAGES_OF_A_JOB = 100;

const script = fileURLToPath(new URL('./plain-puts.ts', import.meta.url));

async function plainPuts(s3: S3Server, prefix: string, images: number): Promise<number> {
  const input: PlainPutsInput = { bucket: s3.bucket, prefix, images, bytes: BYTES, atOnce: maxImagesAtOnce };
  const said: PlainPutsSays[] = [];
  const puts = await startProcess(['--import', 'tsx', script, JSON.stringify(input)], s3.env, (text) =>
    text.includes('plain puts run'),
  );
  puts.onMessage((message) => said.push(message as PlainPutsSays));
  while (said.length === 0) await sleep(50);
  await puts.stop();
  return images / (said[0] as PlainPutsSays).seconds;
}

/** Runs it. */
export async function run(context: BenchContext): Promise<PartResult & { readonly server: string }> {
  const { log, seed } = context;
  const jobs = Math.max(1, Math.round(sizeOf(context, 'images', 1_000, 200) / IMAGES_OF_A_JOB));
  const images = jobs * IMAGES_OF_A_JOB;
  const server = await startBenchServer(log);
  const s3 = await startS3();
  const emulator = await startEmulator({ seed, imageBytes: BYTES, script: 'finished' });
  const processes: BenchProcess[] = [];
  try {
    const archive = { TRYON_ARCHIVE: `s3://${s3.bucket}/archive`, TRYON_ARCHIVE_ALLOW: '127.0.0.1' };
    // All jobs poll at about the same time, and soon.
    const schedule = { TRYON_PRIOR_MEDIAN_SECONDS: '1', TRYON_PRIOR_P95_SECONDS: '2' };
    const worker = await startWorker(workerEnv(emulator, server.address, { ...s3.env, ...archive, ...schedule }));
    processes.push(worker);
    const runJob = async (name: string): Promise<TryOnJobResult> => {
      const taskId = emulator.addTask({ subTasks: 10, imagesPerSubTask: IMAGES_OF_A_JOB / 10 });
      return await server.client.workflow.execute(workflowTypes.job, {
        taskQueue: 'tryon',
        workflowId: jobWorkflowId(name),
        args: [{ requestId: name, taskId, timeoutSeconds: 3_600 }],
      });
    };
    await runJob('warm-up');
    const emptyMb = worker.memory().nowMb;
    const plain = [await plainPuts(s3, 'plain-1', images)];
    log(`plain PUTs: ${plain[0]?.toFixed(1)} images/s`);
    const downloads = emulator.stats.images;
    const running = Promise.all(Array.from({ length: jobs }, (_, index) => runJob(`job-${index}`)));
    running.catch(() => undefined);
    // The wait for the first poll is a matter of its schedule.
    while (emulator.stats.images === downloads) await sleep(5);
    const startedMs = performance.now();
    const results = await running;
    const archived = images / ((performance.now() - startedMs) / 1000);
    log(`archive: ${archived.toFixed(1)} images/s`);
    const missing = results.flatMap((result) => result.images.filter(({ archived }) => (archived?.bytes ?? 0) < BYTES));
    if (missing.length > 0) {
      const [{ archived: stored, archiveError } = {}] = missing;
      throw new Error(`${missing.length} images were not archived: ${JSON.stringify(archiveError ?? stored)}`);
    }
    const { maxMb } = worker.memory();
    plain.push(await plainPuts(s3, 'plain-2', images));
    log(`plain PUTs: ${plain[1]?.toFixed(1)} images/s`);
    // The machine may be busier during one of them.
    const plainMean = plain.reduce((sum, rate) => sum + rate, 0) / plain.length;
    return {
      server: server.version,
      targets: [
        atLeast('images archived per second over plain PUTs', 0.7, archived / plainMean),
        atMost(`memory of the worker at most, with ${images} images of 2 MB`, 350, maxMb, 'MB'),
      ],
      tables: [
        {
          title: `${images} images of 2 MB into SeaweedFS, images per second`,
          header: ['archive', 'plain PUTs before', 'plain PUTs after', 'worker before MB', 'worker at most MB'],
          rows: [[archived, ...plain, emptyMb, maxMb].map(rounded)],
        },
      ],
      notes: [
        `The archive's time is that of ${jobs} jobs from the first download to the end of the last job: polls, downloads from an emulator in this process and signals included. The plain PUTs send one body again and again, ${maxImagesAtOnce} at a time, with the same headers. All share one machine.`,
      ],
      data: { archived, plain, emptyMb, maxMb, images },
    };
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
    await emulator.close();
    await s3.stop();
    await server.stop();
  }
}
