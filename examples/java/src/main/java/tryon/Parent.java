package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowException;
import io.temporal.client.WorkflowOptions;
import io.temporal.worker.WorkerFactory;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Runs a workflow that starts tryOnResults as its child, on its own worker and task queue. Prints what the workflow returned as
 * one JSON document: { outcome, images, kinds }.
 */
public final class Parent {
  public static void main(String[] args) throws IOException {
    if (args.length != 1 && args.length != 2) {
      System.err.println("usage: tryon.Parent <taskId> [timeoutSeconds]");
      System.exit(2);
    }
    Map<String, Object> input = new HashMap<>(Map.of("taskId", args[0], "taskQueue", TryOn.taskQueue()));
    if (args.length == 2) input.put("timeoutSeconds", Double.valueOf(args[1]));
    WorkflowClient client = TryOn.connect();
    // A service has one queue with a fixed name; this program ends with its workflow, so it makes a new queue.
    String taskQueue = "java-parents-" + UUID.randomUUID();
    WorkerFactory workers = WorkerFactory.newInstance(client);
    workers.newWorker(taskQueue).registerWorkflowImplementationTypes(TryOnParentImpl.class);
    workers.start();
    int code = 0;
    try {
      WorkflowOptions options =
          WorkflowOptions.newBuilder().setWorkflowId("java-parent-" + args[0]).setTaskQueue(taskQueue).build();
      JsonNode result = client.newWorkflowStub(TryOnParent.class, options).run(input);
      System.out.println(result);
    } catch (WorkflowException failed) {
      for (Throwable cause = failed; cause != null; cause = cause.getCause()) System.err.println(cause.getMessage());
      code = 1;
    }
    workers.shutdown();
    workers.awaitTermination(5, TimeUnit.SECONDS);
    client.getWorkflowServiceStubs().shutdownNow();
    System.exit(code);
  }
}
