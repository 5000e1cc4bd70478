/** Bundles of workflows for the tests' workers, made once for all tests of the same sources. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from '@temporalio/worker';
import { bundleWorkflows, type WorkflowSource } from '../../src/worker/bundle.js';
import { builtFile, made } from './built.js';

/** The worker, or the program that starts it, with the workflows bundled ahead. */
export async function builtWorker(source: 'worker.ts' | 'cli/main.ts' = 'worker.ts'): Promise<string> {
  const built: typeof import('../../src/worker/bundle.js') = await import(
    pathToFileURL(await builtFile('worker/bundle.ts')).href
  );
  await made('program/dist/workflow-bundle.js', async (target) => writeFile(target, await built.bundleWorkflows()));
  return await builtFile(source);
}

/** A bundle of workflows from source. */
export function builtBundle(source: WorkflowSource): Promise<string> {
  const name = createHash('sha256').update(JSON.stringify(source)).digest('hex').slice(0, 16);
  return made(`bundles/${name}.js`, async (target) => writeFile(target, await bundleWorkflows({ source })));
}

/** Whether nothing but the source decides what its bundle is. */
function isPlain({ connection, bundlerOptions = {}, interceptors, dataConverter, ...options }: WorkerOptions): boolean {
  const plugins = [...(options.plugins ?? []), ...(connection?.plugins ?? [])];
  const others = Object.keys(bundlerOptions).filter((name) => name !== 'preloadModules');
  return (
    [plugins, others, interceptors?.workflowModules ?? []].every(({ length }) => length === 0) &&
    dataConverter?.payloadConverterPath === undefined &&
    dataConverter?.failureConverterPath === undefined
  );
}

const create = Worker.create.bind(Worker);
let isShared = false;

/** Has workers of this process take the bundle of their source that was made before, or keep the one they make, instead of bundling at each start. */
export function shareBundles(): void {
  if (isShared) return;
  isShared = true;
  Worker.create = async (options) => {
    const { workflowsPath, bundlerOptions, ...others } = options;
    if (workflowsPath === undefined || options.workflowBundle !== undefined || !isPlain(options)) {
      return await create(options);
    }
    const { preloadModules } = bundlerOptions ?? {};
    const codePath = await builtBundle({ workflowsPath, ...(preloadModules === undefined ? {} : { preloadModules }) });
    return await create({ ...others, workflowBundle: { codePath } });
  };
}
