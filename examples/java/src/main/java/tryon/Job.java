package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.enums.v1.WorkflowIdReusePolicy;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionAlreadyStarted;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.failure.ApplicationFailure;
import java.io.File;
import java.io.IOException;
import java.util.Map;

/**
 * Submits a request, waits for its images and prints where they are archived, one location on each line. The request id is your own name
 * for the request, such as an order number. With the same one the program joins the job that runs, or prints what the job has stored;
 * nothing is submitted twice. Exit code 1 unless the job is finished.
 */
public final class Job {
  public static void main(String[] args) throws IOException {
    if (args.length != 2) {
      System.err.println("usage: tryon.Job <requestId> <request.json>");
      System.exit(2);
    }
    JsonNode request = new ObjectMapper().readTree(new File(args[1]));
    WorkflowClient client = TryOn.connect();
    try {
      JsonNode result = run(client, args[0], request);
      for (JsonNode image : result.get("images")) {
        // The vendor's URL expires. Without archiveError, the workers have no archive.
        if (image.has("archived")) System.out.println(image.get("archived").get("location").asText());
        else System.err.println("not archived: " + image.get("imageUrl").asText() + " " + image.path("archiveError"));
      }
      String status = result.get("status").asText();
      System.err.println(status + " " + result.path("error"));
      if (!status.equals("finished")) System.exit(1);
    } catch (WorkflowFailedException failed) {
      if (!(failed.getCause() instanceof ApplicationFailure refused) || !refused.getType().equals(TryOn.INVALID_INPUT)) throw failed;
      System.err.println(refused.getType() + ": " + refused.getOriginalMessage());
      System.exit(1);
    } finally {
      client.getWorkflowServiceStubs().shutdown();
    }
  }

  private static JsonNode run(WorkflowClient client, String requestId, JsonNode request) {
    String workflowId = TryOn.jobWorkflowId(requestId);
    WorkflowStub job =
        client.newUntypedWorkflowStub(
            TryOn.JOB_WORKFLOW,
            WorkflowOptions.newBuilder()
                .setWorkflowId(workflowId)
                .setTaskQueue(TryOn.taskQueue())
                .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
                // Without this, a start after the job's end submits, and pays for, the request again.
                .setWorkflowIdReusePolicy(WorkflowIdReusePolicy.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE)
                .build());
    try {
      job.start(Map.of("requestId", requestId, "request", request));
    } catch (WorkflowExecutionAlreadyStarted ended) {
      job = client.newUntypedWorkflowStub(workflowId);
    }
    return job.getResult(JsonNode.class);
  }
}
