"""
Starts or joins the wait for a try-on task, subscribes a workflow to it in the same call, and awaits the outcome:

    python caller.py <taskId> <subscriberWorkflowId> [timeoutSeconds]

Prints one JSON document: { subscribed, status, outcome }. Exit code 1 if the input is refused.
"""

import json
import sys

from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from connection import TRYON_TASK_QUEUE, connect, run


async def main(task_id: str, subscriber_id: str, timeout_seconds: float = 3_600) -> int:
    client = await connect()
    start = WithStartWorkflowOperation(
        "tryOnResults",
        {"taskId": task_id, "timeoutSeconds": timeout_seconds},
        id=f"tryon-results-{task_id}",
        task_queue=TRYON_TASK_QUEUE,
        # Any number of callers share one wait per task.
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    try:
        # The answer has all images so far, so a late subscriber misses nothing.
        subscribed = await client.execute_update_with_start_workflow(
            "subscribe", {"workflowId": subscriber_id}, start_workflow_operation=start
        )
    except WorkflowUpdateFailedError as failed:
        refusal = failed.cause
        if not isinstance(refusal, ApplicationError) or refusal.type != "InvalidTryOnInput":
            raise
        print(f"{refusal.type}: {refusal.message}", file=sys.stderr)
        return 1
    wait = await start.workflow_handle()
    status = await wait.query("tryOnStatus")
    print(f"{status['state']}, {len(status['images'])} images so far", file=sys.stderr)
    # A vendor task that failed is an outcome too: check its `status`.
    outcome = await wait.result()
    print(json.dumps({"subscribed": subscribed, "status": status, "outcome": outcome}))
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: python caller.py <taskId> <subscriberWorkflowId> [timeoutSeconds]")
    run(main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])))
