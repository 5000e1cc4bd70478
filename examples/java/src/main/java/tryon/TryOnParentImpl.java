package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.temporal.api.enums.v1.ParentClosePolicy;
import io.temporal.failure.ApplicationFailure;
import io.temporal.failure.CanceledFailure;
import io.temporal.failure.ChildWorkflowFailure;
import io.temporal.workflow.ChildWorkflowCancellationType;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.ChildWorkflowStub;
import io.temporal.workflow.Promise;
import io.temporal.workflow.SignalExternalWorkflowException;
import io.temporal.workflow.Workflow;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

public final class TryOnParentImpl implements TryOnParent {
  private static final double DEFAULT_TIMEOUT_SECONDS = 3_600;
  // A wait that is terminated sends no outcome, so a parent has its own deadline, slightly later than the wait's.
  private static final Duration GRACE = Duration.ofMinutes(1);
  private static final int JOIN_ATTEMPTS = 10;

  private final Set<String> seen = new HashSet<>();
  private final List<String> kinds = new ArrayList<>();
  private final Map<String, JsonNode> images = new LinkedHashMap<>();
  private JsonNode outcome;

  @Override
  public JsonNode run(Map<String, Object> input) {
    String waitId = TryOn.resultsWorkflowId((String) input.get("taskId"));
    double timeoutSeconds = ((Number) input.getOrDefault("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS)).doubleValue();
    Promise<JsonNode> child = startOrJoin(waitId, input, timeoutSeconds);
    Duration timeout = Duration.ofMillis((long) (timeoutSeconds * 1_000)).plus(GRACE);
    try {
      // Use the outcome event, not the child's result. A child that failed (input refused) or was terminated sends none.
      Workflow.await(timeout, () -> outcome != null || hasFailed(child));
    } catch (CanceledFailure cancelled) {
      Workflow.newDetachedCancellationScope(() -> leave(waitId)).run();
      throw cancelled;
    }
    if (outcome == null && hasFailed(child)) throw child.getFailure();
    if (outcome == null) {
      leave(waitId);
      throw ApplicationFailure.newNonRetryableFailure("no outcome within " + timeout, "NoOutcome");
    }
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    result.set("outcome", outcome);
    images.values().forEach(result.putArray("images")::add);
    kinds.forEach(result.putArray("kinds")::add);
    return result;
  }

  private static boolean hasFailed(Promise<JsonNode> child) {
    // A promise that has not completed blocks when it is asked for its failure.
    return child != null && child.isCompleted() && child.getFailure() != null;
  }

  /** Drops repeats: each pair of wait and sequence counts once. */
  @Override
  public void onEvent(JsonNode event) {
    String kind = event.get("kind").asText();
    // A snapshot answers tryOnSubscribe and has no number of its own: it is not a repeat of the event with the same number.
    boolean isNumbered = !kind.equals("snapshot");
    if (isNumbered && !seen.add(event.get("waitId").asText() + " " + event.get("sequence").asInt())) return;
    kinds.add(kind);
    switch (kind) {
      case "images" -> keep(event.get("images"));
      case "snapshot" -> keep(event.get("status").get("images"));
      case "outcome" -> {
        outcome = event.get("outcome");
        keep(outcome.get("images"));
      }
      default -> {} // blocked, unblocked, and kinds of a later version
    }
  }

  private void keep(JsonNode some) {
    for (JsonNode image : some) images.putIfAbsent(image.get("id").asText(), image);
  }

  /** The result of the child if one was started; null if a running wait was joined. */
  private Promise<JsonNode> startOrJoin(String waitId, Map<String, Object> input, double timeoutSeconds) {
    ChildWorkflowOptions options =
        ChildWorkflowOptions.newBuilder()
            .setWorkflowId(waitId)
            .setTaskQueue((String) input.get("taskQueue"))
            // The wait may have other subscribers: neither our end nor our cancellation may end it.
            .setParentClosePolicy(ParentClosePolicy.PARENT_CLOSE_POLICY_ABANDON)
            .setCancellationType(ChildWorkflowCancellationType.ABANDON)
            .build();
    Map<String, Object> waitInput = Map.of("taskId", input.get("taskId"), "timeoutSeconds", timeoutSeconds);
    Map<String, Object> subscriber =
        Map.of("workflowId", Workflow.getInfo().getWorkflowId(), "timeoutSeconds", timeoutSeconds);
    for (int attempt = 1; attempt <= JOIN_ATTEMPTS; attempt++) {
      ChildWorkflowStub child = Workflow.newUntypedChildWorkflowStub(TryOn.RESULTS_WORKFLOW, options);
      Promise<JsonNode> result = child.executeAsync(JsonNode.class, waitInput);
      try {
        child.getExecution().get();
        return result;
      } catch (ChildWorkflowFailure running) {
        // It runs already: join it.
      }
      try {
        Workflow.newUntypedExternalWorkflowStub(waitId).signal(TryOn.SUBSCRIBE_SIGNAL, subscriber);
        return null;
      } catch (SignalExternalWorkflowException gone) {
        Workflow.sleep(Duration.ofMillis(100)); // it has just ended: start again
      }
    }
    throw ApplicationFailure.newFailure(waitId + " could be neither started nor joined", "NotJoined");
  }

  /** A wait that is gone is no error. */
  private void leave(String waitId) {
    try {
      Map<String, Object> leaving = Map.of("workflowId", Workflow.getInfo().getWorkflowId());
      Workflow.newUntypedExternalWorkflowStub(waitId).signal(TryOn.UNSUBSCRIBE_SIGNAL, leaving);
    } catch (SignalExternalWorkflowException gone) {
      Workflow.getLogger(TryOnParentImpl.class).debug("the wait to be left is gone");
    }
  }
}
