package tryon;

import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.envconfig.ClientConfigProfile;
import io.temporal.serviceclient.WorkflowServiceStubs;
import java.io.IOException;

/** The contract's names, and a client. Inputs are maps and answers are JSON trees, which is enough for the contract. */
final class TryOn {
  static final String RESULTS_WORKFLOW = "tryOnResults";
  static final String JOB_WORKFLOW = "tryOnJob";
  static final String STATUS_QUERY = "tryOnStatus";
  static final String SUBSCRIBE_UPDATE = "subscribe";
  static final String SUBSCRIBE_SIGNAL = "tryOnSubscribe";
  static final String UNSUBSCRIBE_SIGNAL = "tryOnUnsubscribe";
  static final String EVENT_SIGNAL = "tryOnEvent";
  static final String INVALID_INPUT = "InvalidTryOnInput";

  private TryOn() {}

  /** The id of the wait for a task. */
  static String resultsWorkflowId(String taskId) {
    return "tryon-results-" + taskId;
  }

  /** The id of the job for a request. */
  static String jobWorkflowId(String requestId) {
    return "tryon-job-" + requestId;
  }

  /** The queue of the waits. */
  static String taskQueue() {
    return System.getenv().getOrDefault("TRYON_TASK_QUEUE", "tryon");
  }

  /** Connects to the server of TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of Temporal's environment configuration. */
  static WorkflowClient connect() throws IOException {
    ClientConfigProfile profile = ClientConfigProfile.load();
    WorkflowServiceStubs service = WorkflowServiceStubs.newServiceStubs(profile.toWorkflowServiceStubsOptions());
    WorkflowClientOptions options =
        WorkflowClientOptions.newBuilder(profile.toWorkflowClientOptions()).setDataConverter(EncryptionCodec.dataConverter()).build();
    return WorkflowClient.newInstance(service, options);
  }
}
