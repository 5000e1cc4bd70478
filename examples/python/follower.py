"""
Runs a workflow that only receives events; caller.py subscribes it:

    python follower.py <workflowId>

Prints "listening" on standard error when it is ready for signals, and the same JSON as parent.py when the outcome arrives.
"""

import json
import sys
from uuid import uuid4

from temporalio.worker import Worker

from connection import connect, run
from workflows import TryOnFollower


async def main(workflow_id: str) -> None:
    client = await connect()
    task_queue = f"python-followers-{uuid4()}"
    async with Worker(client, task_queue=task_queue, workflows=[TryOnFollower]):
        follower = await client.start_workflow(TryOnFollower.run, {}, id=workflow_id, task_queue=task_queue)
        print("listening", file=sys.stderr, flush=True)
        result = await follower.result()
    print(json.dumps(result))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python follower.py <workflowId>")
    run(main(sys.argv[1]))
