"""Connects with Temporal's environment configuration: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, ..."""

import asyncio
import os
import sys
import traceback
from collections.abc import Coroutine
from typing import Any, NoReturn

from temporalio.client import Client
from temporalio.envconfig import ClientConfig

from codec import data_converter

# The queue of the workflow `tryOnResults`.
TRYON_TASK_QUEUE = os.environ.get("TRYON_TASK_QUEUE", "tryon")


async def connect() -> Client:
    config = ClientConfig.load_client_connect_config()
    return await Client.connect(**{"target_host": "localhost:7233", **config}, data_converter=data_converter())


def run(main: Coroutine[Any, Any, int | None]) -> NoReturn:
    """
    Runs a script to its end. It exits without the interpreter's own tear-down, in which the SDK's threads can crash a process
    that has finished its work: https://github.com/temporalio/sdk-python/issues/300. A long-running service does not need this.
    """
    try:
        code = asyncio.run(main) or 0
    except Exception:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
