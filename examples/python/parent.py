"""
Runs a workflow that starts `tryOnResults` as its child, on its own worker and task queue:

    python parent.py <taskId> [timeoutSeconds]

Prints what the workflow returned as one JSON document: { outcome, images, kinds }; `kinds` lists the kinds of its events.
"""

import json
import sys
from uuid import uuid4

from temporalio.worker import Worker

from connection import TRYON_TASK_QUEUE, connect, run
from workflows import TryOnParent


async def main(task_id: str, timeout_seconds: float = 3_600) -> None:
    client = await connect()
    # A service has one queue with a fixed name; this script ends with its workflow, so it makes a new queue.
    task_queue = f"python-parents-{uuid4()}"
    async with Worker(client, task_queue=task_queue, workflows=[TryOnParent]):
        result = await client.execute_workflow(
            TryOnParent.run,
            {"taskId": task_id, "taskQueue": TRYON_TASK_QUEUE, "timeoutSeconds": timeout_seconds},
            id=f"python-parent-{task_id}",
            task_queue=task_queue,
        )
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: python parent.py <taskId> [timeoutSeconds]")
    run(main(sys.argv[1], *map(float, sys.argv[2:])))
