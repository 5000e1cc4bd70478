package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Map;

/** A workflow that starts the wait for a task as its child, or joins the running one. */
@WorkflowInterface
public interface TryOnParent {
  /**
   * @param input { taskId, taskQueue, timeoutSeconds? }
   * @return { outcome, images, kinds }
   */
  @WorkflowMethod(name = "JavaTryOnParent")
  JsonNode run(Map<String, Object> input);

  /** An event of the task. */
  @SignalMethod(name = TryOn.EVENT_SIGNAL)
  void onEvent(JsonNode event);
}
