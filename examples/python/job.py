"""
Submits a request, waits for its images and prints where they are archived, one location on each line:

    python job.py <requestId> <request.json>

The request id is your own name for the request, such as an order number. With the same one the script joins the job that runs, or prints
what the job has stored; nothing is submitted twice. Exit code 1 unless the job is `finished`.
"""

import json
import sys
from pathlib import Path

from temporalio.client import WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

from connection import TRYON_TASK_QUEUE, connect, run


async def main(request_id: str, request: object) -> int:
    client = await connect()
    workflow_id = f"tryon-job-{request_id}"
    try:
        job = await client.start_workflow(
            "tryOnJob",
            {"requestId": request_id, "request": request},
            id=workflow_id,
            task_queue=TRYON_TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # Without this, a start after the job's end submits, and pays for, the request again.
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )
    except WorkflowAlreadyStartedError:
        job = client.get_workflow_handle(workflow_id)
    try:
        result = await job.result()
    except WorkflowFailureError as failed:
        refusal = failed.cause
        if not isinstance(refusal, ApplicationError) or refusal.type != "InvalidTryOnInput":
            raise
        print(f"{refusal.type}: {refusal.message}", file=sys.stderr)
        return 1
    for image in result["images"]:
        if "archived" in image:
            print(image["archived"]["location"])
        else:
            # The vendor's URL expires. Without `archiveError`, the workers have no archive.
            print(f"not archived: {image['imageUrl']} {image.get('archiveError')}", file=sys.stderr)
    print(f"{result['status']} {result.get('error', '')}", file=sys.stderr)
    return 0 if result["status"] == "finished" else 1


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python job.py <requestId> <request.json>")
    run(main(sys.argv[1], json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))))
