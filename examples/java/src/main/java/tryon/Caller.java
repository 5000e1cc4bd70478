package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowUpdateException;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.failure.ApplicationFailure;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Starts or joins the wait for a try-on task, subscribes a workflow to it in the same call, and awaits the outcome. Prints one JSON
 * document: { subscribed, status, outcome }. Exit code 1 if the input is refused.
 */
public final class Caller {
  public static void main(String[] args) throws IOException {
    if (args.length != 2 && args.length != 3) {
      System.err.println("usage: tryon.Caller <taskId> <subscriberWorkflowId> [timeoutSeconds]");
      System.exit(2);
    }
    Map<String, Object> input = new HashMap<>(Map.of("taskId", args[0]));
    if (args.length == 3) input.put("timeoutSeconds", Double.valueOf(args[2]));
    WorkflowClient client = TryOn.connect();
    try {
      call(client, input, Map.of("workflowId", args[1]));
    } catch (WorkflowUpdateException failed) {
      if (!(failed.getCause() instanceof ApplicationFailure refused) || !refused.getType().equals(TryOn.INVALID_INPUT)) throw failed;
      System.err.println(refused.getType() + ": " + refused.getOriginalMessage());
      System.exit(1);
    } finally {
      client.getWorkflowServiceStubs().shutdown();
    }
  }

  private static void call(WorkflowClient client, Map<String, Object> input, Map<String, Object> subscriber) {
    WorkflowStub wait =
        client.newUntypedWorkflowStub(
            TryOn.RESULTS_WORKFLOW,
            WorkflowOptions.newBuilder()
                .setWorkflowId(TryOn.resultsWorkflowId((String) input.get("taskId")))
                .setTaskQueue(TryOn.taskQueue())
                // Any number of callers share one wait per task.
                .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
                .build());
    UpdateOptions<JsonNode> subscribe =
        UpdateOptions.newBuilder(JsonNode.class)
            .setUpdateName(TryOn.SUBSCRIBE_UPDATE)
            .setWaitForStage(WorkflowUpdateStage.COMPLETED)
            .build();
    // The answer has all images so far, so a late subscriber misses nothing.
    JsonNode subscribed = wait.executeUpdateWithStart(subscribe, new Object[] {subscriber}, new Object[] {input});
    JsonNode status = wait.query(TryOn.STATUS_QUERY, JsonNode.class);
    System.err.println(status.get("state").asText() + ", " + status.get("images").size() + " images so far");
    // A vendor task that failed is an outcome too: check its status.
    JsonNode outcome = wait.getResult(JsonNode.class);
    System.out.println("{\"subscribed\":" + subscribed + ",\"status\":" + status + ",\"outcome\":" + outcome + "}");
  }
}
