/** `doctor`'s check of versioned workers: which versions have open waits, and whether workers of them run. */
import type { Client } from '@temporalio/client';
import { workflowTypes } from '../contract.js';
import { firstLine } from '../error-text.js';
import { timestampMs } from '../temporal/grpc.js';
import { mayPoll } from '../temporal/task-queues.js';
import { quoted } from '../temporal/visibility.js';
import { type CheckResult, ok, warn } from './check-result.js';

/** One version of a worker deployment. */
export interface VersionState {
  readonly buildId: string;
  readonly openWaits: number;
  /** Whether a worker of it has polled the workflows' queue lately. */
  readonly isServed: boolean;
}

/** A deployment and its versions. */
export interface DeploymentState {
  readonly deploymentName: string;
  /** The build id of the version that new workflows go to; absent: they go to workers without a version. */
  readonly currentBuildId?: string;
  readonly versions: readonly VersionState[];
}

const NAME = 'versions';
const LIST_WITHIN_MS = 5_000;

/** The check, from what is known. Pure. */
export function deploymentCheck({ deploymentName, currentBuildId, versions }: DeploymentState): CheckResult {
  const shown = versions.filter(
    (version) => version.openWaits > 0 || version.isServed || version.buildId === currentBuildId,
  );
  const texts = shown.map(({ buildId, openWaits, isServed }) => {
    const marks = [buildId === currentBuildId ? 'current' : '', isServed ? '' : 'no worker'].filter(Boolean);
    return `${buildId}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}: ${openWaits}`;
  });
  const detail = `open waits by version of ${deploymentName}: ${texts.join('; ') || 'none'}`;
  const version = (buildId: string): string =>
    `--deployment-name ${deploymentName} --build-id ${buildId} (temporal worker deployment)`;
  if (currentBuildId === undefined) {
    const [served] = versions.filter(({ isServed }) => isServed);
    if (served === undefined) return ok(NAME, `${detail}; new waits go to workers without a version`);
    return warn(
      NAME,
      `${detail}; no version is current, so new waits go to workers without a version`,
      `set-current-version ${version(served.buildId)}`,
    );
  }
  const left = versions.find(({ openWaits, isServed }) => openWaits > 0 && !isServed);
  if (left === undefined) return ok(NAME, detail);
  const { buildId } = left;
  const query = `TemporalWorkerDeploymentVersion = '${deploymentName}:${buildId}'`;
  return warn(
    NAME,
    detail,
    `run a worker of version ${buildId} until its waits have ended, or move them: temporal workflow update-options --query "${query}" --versioning-override-behavior auto_upgrade`,
  );
}

async function countOpen(client: Client, taskQueue: string, deploymentName: string, buildId: string): Promise<number> {
  const { count } = await client.workflow.count(
    [
      `WorkflowType = ${quoted(workflowTypes.results)}`,
      `TaskQueue = ${quoted(taskQueue)}`,
      "ExecutionStatus = 'Running'",
      `TemporalWorkerDeploymentVersion = ${quoted(`${deploymentName}:${buildId}`)}`,
    ].join(' AND '),
  );
  return count;
}

async function stateOf(
  client: Client,
  taskQueue: string,
  given: string | undefined,
): Promise<DeploymentState | undefined> {
  const { namespace } = client.options;
  const { workflowService } = client;
  const { pollers, versioningInfo } = await workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: taskQueue },
    taskQueueType: 1,
  });
  const nowMs = Date.now();
  const active = (pollers ?? []).filter(({ lastAccessTime }) =>
    mayPoll({ identity: '', lastSeenAt: new Date(timestampMs(lastAccessTime) ?? 0).toISOString() }, nowMs),
  );
  // An unversioned worker may have a deployment name, too.
  const served = active.flatMap(({ deploymentOptions }) =>
    deploymentOptions?.workerVersioningMode === 2 ? [deploymentOptions] : [],
  );
  const deploymentName =
    given || versioningInfo?.currentDeploymentVersion?.deploymentName || served[0]?.deploymentName || undefined;
  if (deploymentName === undefined) return undefined;
  const { workerDeploymentInfo } = await workflowService.describeWorkerDeployment({ namespace, deploymentName });
  const current = workerDeploymentInfo?.routingConfig?.currentDeploymentVersion?.buildId;
  const buildIds = (workerDeploymentInfo?.versionSummaries ?? []).flatMap(
    ({ deploymentVersion }) => deploymentVersion?.buildId || [],
  );
  const versions: VersionState[] = [];
  for (const buildId of buildIds) {
    versions.push({
      buildId,
      openWaits: await countOpen(client, taskQueue, deploymentName, buildId),
      isServed: served.some((one) => one.deploymentName === deploymentName && one.buildId === buildId),
    });
  }
  return { deploymentName, versions, ...(current ? { currentBuildId: current } : {}) };
}

/**
 * {@link deploymentCheck} by what the server says.
 * @param deploymentName - from the environment; absent: the deployment that serves the queue
 * @returns `undefined` where workers have no versions
 */
export async function readDeploymentCheck(
  client: Client,
  taskQueue: string,
  deploymentName?: string,
): Promise<CheckResult | undefined> {
  try {
    const state = await client.withDeadline(Date.now() + LIST_WITHIN_MS, () =>
      stateOf(client, taskQueue, deploymentName),
    );
    return state && deploymentCheck(state);
  } catch (error) {
    return warn(
      NAME,
      `the versions of the workers are not known (${firstLine(error)})`,
      'grant the right to describe worker deployments and to count workflows',
    );
  }
}
