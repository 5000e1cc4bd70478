/**
 * Bundles the workflows once, at build time, for workers in production: `dist/workflow-bundle.js`, read by the worker as
 * `workflowBundle: { codePath }`. The same version of `@temporalio/worker` must bundle and run it.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

// From `dist`, since the paths in it lead to what is shipped.
const { bundleWorkflows } = await import(new URL('../dist/worker/bundle.js', import.meta.url).href);
const target = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const code: string = await bundleWorkflows();
await writeFile(target, code);
process.stdout.write(`dist/workflow-bundle.js: ${Math.round(code.length / 1024)} KiB\n`);
