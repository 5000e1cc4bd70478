/** Bundles the workflows for the sandbox in which workers run them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const pathOf = (name: string): string => fileURLToPath(new URL(`../${name}.${extension}`, import.meta.url));

/** A file of workflows, and the modules that all workflows of a worker share. */
export interface WorkflowSource {
  readonly workflowsPath: string;
  readonly preloadModules?: string[];
}

/**
 * The package's workflows. For a worker that bundles at its start, `preloadModules` goes into `bundlerOptions`. What is preloaded is
 * evaluated once per worker, not once per cached workflow: a cached wait then takes under half the memory.
 */
export const workflowSource = {
  workflowsPath: pathOf('workflows/index'),
  preloadModules: [pathOf('worker/preloaded')],
} satisfies WorkflowSource;

/**
 * The source map has lines without columns, and no sources, which the workflows' thread would keep in memory, some 10 MB. Failures still
 * name file and line.
 */
const withSmallMap = <Config extends object>(config: Config): Config & { readonly devtool: string } => ({
  ...config,
  devtool: 'inline-nosources-cheap-module-source-map',
});

/** Options of {@link bundleWorkflows}. */
export interface BundleOptions {
  /** Default: the package's workflows. */
  readonly source?: WorkflowSource;
  /** Modules that intercept workflows, such as for traces; default: none. */
  readonly workflowInterceptorModules?: string[];
}

/**
 * Bundles workflows in this process; the bundler, some 40 MB, stays in its memory.
 * @returns the code, for `workflowBundle: { code }` or a file. It fits only the version of `@temporalio/worker` that made it.
 */
export async function bundleWorkflows({ source = workflowSource, ...options }: BundleOptions = {}): Promise<string> {
  // Loaded only here: a process that bundles in another one does not need it.
  const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker');
  const { code } = await bundleWorkflowCode({
    ...source,
    ...options,
    webpackConfigHook: withSmallMap,
    logger: new DefaultLogger('WARN'),
  });
  return code;
}

/** A bundle takes 2.7 MB. */
const MAX_BYTES = 64 * 2 ** 20;

/** Bundles the package's workflows in a process that ends afterwards. This one stays small. */
export async function bundleInOwnProcess(): Promise<string> {
  const program = `import { bundleWorkflows } from ${JSON.stringify(import.meta.url)};
    process.stdout.write(await bundleWorkflows());`;
  const args = [...process.execArgv, '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MAX_BYTES });
  return stdout;
}
