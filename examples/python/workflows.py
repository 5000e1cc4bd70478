"""Workflows that a wait for a try-on task signals. They use only the contract's names and JSON."""

import asyncio
from datetime import timedelta
from typing import Any, Optional

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError

Json = dict[str, Any]

# A wait that is terminated sends no outcome, so a receiver has its own deadline, slightly later than the wait's.
GRACE_SECONDS = 60
DEFAULT_TIMEOUT_SECONDS = 3_600
JOIN_ATTEMPTS = 10


class TryOnEvents:
    """Receives the signal `tryOnEvent` and drops repeats: each pair (waitId, sequence) counts once. Base class of workflows."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.kinds: list[str] = []
        self.images: list[Json] = []
        self.outcome: Optional[Json] = None

    @workflow.signal(name="tryOnEvent")
    def on_event(self, event: Json) -> None:
        # A snapshot answers `tryOnSubscribe` and has no number of its own: it is not a repeat of the event with the same number.
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
    """Only receives events; another program subscribes it to a wait, as caller.py does. Input: `{ timeoutSeconds? }`."""

    @workflow.run
    async def run(self, given: Json) -> Json:
        seconds = given.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS) + GRACE_SECONDS
        await workflow.wait_condition(lambda: self.outcome is not None, timeout=timedelta(seconds=seconds))
        return self.result()


@workflow.defn(name="PythonTryOnParent")
class TryOnParent(TryOnEvents):
    """Starts the wait as a child, or joins the running one. Input: `{ taskId, taskQueue?, timeoutSeconds? }`."""

    @workflow.run
    async def run(self, given: Json) -> Json:
        timeout_seconds = given.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS)
        wait_id = f"tryon-results-{given['taskId']}"
        child = await self.start_or_join(wait_id, given, timeout_seconds)
        try:
            await workflow.wait_condition(
                # Use the outcome event, not the child's result. A child that failed (input refused) or was terminated sends none.
                lambda: self.outcome is not None or has_failed(child),
                timeout=timedelta(seconds=timeout_seconds + GRACE_SECONDS),
            )
        except (asyncio.CancelledError, asyncio.TimeoutError):
            await self.leave(wait_id)
            raise
        if self.outcome is None and child is not None:
            await child  # raises its error
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
                    # The wait may have other subscribers: our end must not end it.
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    cancellation_type=workflow.ChildWorkflowCancellationType.ABANDON,
                )
            except WorkflowAlreadyStartedError:
                pass  # it runs already: join it
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
            pass  # it has ended already


def has_failed(child: Optional["workflow.ChildWorkflowHandle[Any, Any]"]) -> bool:
    return child is not None and child.done() and (child.cancelled() or child.exception() is not None)
