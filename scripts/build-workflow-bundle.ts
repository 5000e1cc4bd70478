/**
 * Bundles the workflows once, at build time, for workers in production: `dist/workflow-bundle.js`, read by the worker as
 * `workflowBundle: { codePath }`. It must come from the very version of `@temporalio/worker` that runs it.
 */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

// From `dist`, since the paths in it lead to what is shipped.
const { withSmallMap, workflowSource } = await import(
  new URL('../dist/worker/workflow-source.js', import.meta.url).href
);
const target = fileURLToPath(new URL('../dist/workflow-bundle.js', import.meta.url));
const { code } = await bundleWorkflowCode({
  ...workflowSource,
  webpackConfigHook: withSmallMap,
  logger: new DefaultLogger('WARN'),
});
await writeFile(target, code);
process.stdout.write(`dist/workflow-bundle.js: ${Math.round(code.length / 1024)} KiB\n`);
