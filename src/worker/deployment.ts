/** The worker deployment that a process belongs to, by the variables that Temporal's Worker Controller sets. */
import type { WorkerDeploymentVersion } from '@temporalio/common';
import type { WorkerOptions } from '@temporalio/worker';

/** The variables, as the Worker Controller sets them. */
export const deploymentVariables = { name: 'TEMPORAL_DEPLOYMENT_NAME', buildId: 'TEMPORAL_WORKER_BUILD_ID' } as const;

/** A deployment version, none, or the problem with the variables. */
export type ReadDeployment = { readonly version?: WorkerDeploymentVersion } | { readonly problem: string };

/** Reads the version. One variable without the other is a problem: such a worker would quietly serve every version. */
export function readDeployment(env: Readonly<Record<string, string | undefined>>): ReadDeployment {
  const deploymentName = env[deploymentVariables.name]?.trim();
  const buildId = env[deploymentVariables.buildId]?.trim();
  if (!deploymentName && !buildId) return {};
  if (deploymentName && buildId) return { version: { deploymentName, buildId } };
  const { name, buildId: build } = deploymentVariables;
  const [has, lacks] = deploymentName ? [name, build] : [build, name];
  return { problem: `${has} is set without ${lacks}; set both for versioned workers, or neither` };
}

/**
 * The options of a worker of a version, for the workflows and for each vendor queue alike. Workflows that do not choose for themselves are
 * pinned to the version that began them.
 */
export const deploymentOptions = (
  version: WorkerDeploymentVersion | undefined,
): Pick<WorkerOptions, 'workerDeploymentOptions'> =>
  version === undefined
    ? {}
    : { workerDeploymentOptions: { version, useWorkerVersioning: true, defaultVersioningBehavior: 'PINNED' } };
