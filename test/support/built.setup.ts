/** Builds, once before the files with a server, what most of them start. */
import { fileURLToPath } from 'node:url';
import { workflowSource } from '../../src/worker/bundle.js';
import { builtBundle, builtWorker } from './bundles.js';

export default async function setup(): Promise<void> {
  await builtWorker();
  await builtBundle(workflowSource);
  await builtBundle({ workflowsPath: fileURLToPath(new URL('./parents.ts', import.meta.url)) });
}
