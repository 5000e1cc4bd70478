/**
 * Bundles the workflows once, at build time, for workers in production: `dist/workflow-bundle.js`, read by the worker as
 * `workflowBundle: { codePath }`. It must come from the very version of `@temporalio/worker` that runs it.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const target = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const { code } = await bundleWorkflowCode({
  workflowsPath: fileURLToPath(new URL('../dist/workflows/index.js', import.meta.url)),
  logger: new DefaultLogger('WARN'),
});
await writeFile(target, code);
process.stdout.write(`dist/workflow-bundle.js: ${Math.round(code.length / 1024)} KiB\n`);
