/** A process of its own that bundles the workflows and writes the bundle to its output. */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { withSmallMap, workflowSource } from './workflow-source.js';

const { code } = await bundleWorkflowCode({
  ...workflowSource,
  webpackConfigHook: withSmallMap,
  logger: new DefaultLogger('WARN'),
});
process.stdout.write(code);
