/** Where the workflows' source is, and which of its modules all workflows of a worker share. */
import { fileURLToPath } from 'node:url';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}.${extension}`, import.meta.url));

/**
 * For `bundleWorkflowCode`; for a worker that bundles at its start, `preloadModules` goes into `bundlerOptions`. What is preloaded is
 * evaluated once for a worker instead of once for each cached workflow: a cached wait then takes under half the memory.
 */
export const workflowSource = {
  workflowsPath: pathOf('workflows/index'),
  preloadModules: [pathOf('worker/preloaded')],
};

/**
 * For a bundle that is made ahead: its source map has lines without columns, and no sources, which the workflows' thread would keep in
 * memory, some 10 MB. Failures still name file and line.
 */
export const withSmallMap = <Config extends object>(config: Config): Config & { readonly devtool: string } => ({
  ...config,
  devtool: 'inline-nosources-cheap-module-source-map',
});
