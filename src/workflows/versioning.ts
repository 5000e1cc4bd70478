/**
 * How a run moves to another version of its worker. On versioned workers a run is pinned to the version that began it, so that its history is
 * never replayed by other code. It moves where it continues as new.
 */
import { type ContinueAsNewOptions, workflowInfo } from '@temporalio/workflow';

/** A younger run does not move again: where an operator's override pins the workflow, a move leads to the same version. */
const MOVE_AFTER_MS = 60_000;

/** Whether this run should continue as new: its history is full, or tasks of its queue now go to another version. */
export function isContinueAsNewDue(): boolean {
  const { continueAsNewSuggested, targetWorkerDeploymentVersionChanged, runStartTime } = workflowInfo();
  if (continueAsNewSuggested) return true;
  return targetWorkerDeploymentVersionChanged && Date.now() - runStartTime.getTime() >= MOVE_AFTER_MS;
}

/** What to continue as new with: the next run begins on the version that new workflows go to. Servers that know no such choice ignore it. */
export function continueAsNewOptions(): ContinueAsNewOptions {
  const isVersioned = Boolean(workflowInfo().currentDeploymentVersion?.deploymentName);
  return isVersioned ? { initialVersioningBehavior: 'AUTO_UPGRADE' } : {};
}
