"""Workflows of one's own that are signalled by a wait for a try-on task. Nothing here but the contract's names and JSON."""

import asyncio
from datetime import timedelta
from typing import Any, Optional

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

Json = dict[str, Any]

# A wait that is terminated can send no outcome, so a receiver keeps a deadline of its own, a little behind the wait's.
GRACE_SECONDS = 60
DEFAULT_TIMEOUT_SECONDS = 3_600
JOIN_ATTEMPTS = 10


class TryOnEvents:
    """Takes the signal `tryOnEvent` and drops repeats: a pair (waitId, sequence) is taken once. Base class of workflows."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.kinds: list[str] = []
        self.images: list[Json] = []
        self.outcome: Optional[Json] = None

    @workflow.signal(name="tryOnEvent")
    def on_event(self, event: Json) -> None:
        # A snapshot answers `tryOnSubscribe` and takes no number of its own, so it is no repeat of the event that has the same.
        if event["kind"] != "snapshot":
            pair = (event["waitId"], event["sequence"])
            if pair in self.seen:
                return
            self.seen.add(pair)
        self.kinds.append(event["kind"])
        if event["kind"] == "images":
            self.images += event["images"]  # these are new
        elif event["kind"] == "snapshot":
            self.keep_images(event["status"]["images"])  # what came before we joined
        elif event["kind"] == "outcome":
            self.keep_images(event["outcome"]["images"])  # all of them, once more
            self.outcome = event["outcome"]

    def keep_images(self, images: list[Json]) -> None:
        known = {image["id"] for image in self.images}
        self.images += [image for image in images if image["id"] not in known]

    def result(self) -> Json:
        return {"outcome": self.outcome, "images": self.images, "kinds": self.kinds}


@workflow.defn(name="PythonTryOnFollower")
class TryOnFollower(TryOnEvents):
    """Only listens: somebody else subscribes it to a wait, as caller.py does. Input: `{ timeoutSeconds? }`."""

    @workflow.run
    async def run(self, given: Json) -> Json:
        seconds = given.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS) + GRACE_SECONDS
        await workflow.wait_condition(lambda: self.outcome is not None, timeout=timedelta(seconds=seconds))
        return self.result()


@workflow.defn(name="PythonTryOnParent")
class TryOnParent(TryOnEvents):
    """Starts the wait as a child, or joins the one that runs. Input: `{ taskId, taskQueue?, timeoutSeconds? }`."""

    @workflow.run
    async def run(self, given: Json) -> Json:
        timeout_seconds = given.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS)
        wait_id = f"tryon-results-{given['taskId']}"
        child = await self.start_or_join(wait_id, given, timeout_seconds)
        try:
            await workflow.wait_condition(
                # The outcome event is the truth. A child that failed (input refused) or was terminated sends none.
                lambda: self.outcome is not None or has_failed(child),
                timeout=timedelta(seconds=timeout_seconds + GRACE_SECONDS),
            )
        except (asyncio.CancelledError, asyncio.TimeoutError):
            await self.leave(wait_id)
            raise
        if self.outcome is None and child is not None:
            await child  # raises why
        return self.result()

    async def start_or_join(
        self, wait_id: str, given: Json, timeout_seconds: float
    ) -> Optional[workflow.ChildWorkflowHandle[Any, Any]]:
        subscriber = {"workflowId": workflow.info().workflow_id, "timeoutSeconds": timeout_seconds}
        for _ in range(JOIN_ATTEMPTS):
            try:
                return await workflow.start_child_workflow(
                    "tryOnResults",
                    {"taskId": given["taskId"], "timeoutSeconds": timeout_seconds},
                    id=wait_id,
                    task_queue=given.get("taskQueue", "tryon"),
                    # Others may listen to this wait too: our end must not be its end.
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                )
            except WorkflowAlreadyStartedError:
                pass  # somebody else's: join it
            try:
                await workflow.get_external_workflow_handle(wait_id).signal("tryOnSubscribe", subscriber)
                return None
            except ApplicationError:
                await asyncio.sleep(0.1)  # it has just ended: start again
        raise ApplicationError(f"{wait_id} could be neither started nor joined")

    async def leave(self, wait_id: str) -> None:
        try:
            leaving = {"workflowId": workflow.info().workflow_id}
            await workflow.get_external_workflow_handle(wait_id).signal("tryOnUnsubscribe", leaving)
        except ApplicationError:
            pass  # it is gone already


def has_failed(child: Optional["workflow.ChildWorkflowHandle[Any, Any]"]) -> bool:
    return child is not None and child.done() and (child.cancelled() or child.exception() is not None)
