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
  // A wait that is terminated can send no outcome, so a parent keeps a deadline of its own, a little behind the wait's.
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
      // The outcome event is the truth. A child that failed (input refused) or was terminated sends none.
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
    // Asked for its failure before it has completed, a promise blocks.
    return child != null && child.isCompleted() && child.getFailure() != null;
  }

  /** Drops repeats: a pair of wait and sequence is taken once. */
  @Override
  public void onEvent(JsonNode event) {
    String kind = event.get("kind").asText();
    // A snapshot answers tryOnSubscribe and takes no number of its own, so it is no repeat of the event that has the same.
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

  /** The result of the child that was started; null where a wait of others was joined. */
  private Promise<JsonNode> startOrJoin(String waitId, Map<String, Object> input, double timeoutSeconds) {
    ChildWorkflowOptions options =
        ChildWorkflowOptions.newBuilder()
            .setWorkflowId(waitId)
            .setTaskQueue((String) input.get("taskQueue"))
            // Others may listen to this wait too: neither our end nor our cancellation may be its end.
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
        // Somebody else's: join it.
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
