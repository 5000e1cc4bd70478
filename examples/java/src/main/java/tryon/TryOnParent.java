package tryon;

import com.fasterxml.jackson.databind.JsonNode;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.util.Map;

/** A workflow of one's own that starts the wait for a task as its child, or joins the one that runs. */
@WorkflowInterface
public interface TryOnParent {
  /**
   * @param input { taskId, taskQueue, timeoutSeconds? }
   * @return { outcome, images, kinds }
   */
  @WorkflowMethod(name = "JavaTryOnParent")
  JsonNode run(Map<String, Object> input);

  /** News of the task. */
  @SignalMethod(name = TryOn.EVENT_SIGNAL)
  void onEvent(JsonNode event);
}
