package tryon

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

const (
	defaultTimeoutSeconds = 3_600
	// A wait that is terminated sends no outcome, so a parent has its own deadline, slightly later than the wait's.
	grace        = time.Minute
	joinAttempts = 10
)

// ParentInput is the input of Parent.
type ParentInput struct {
	TaskID         string   `json:"taskId"`
	TaskQueue      string   `json:"taskQueue"`
	TimeoutSeconds *float64 `json:"timeoutSeconds,omitempty"`
}

// ParentResult is what Parent has received.
type ParentResult struct {
	Outcome *Outcome `json:"outcome"`
	Images  []Image  `json:"images"`
	Kinds   []string `json:"kinds"`
}

// Parent starts the wait for a task as its child, or joins the running one, and returns the outcome.
func Parent(ctx workflow.Context, input ParentInput) (ParentResult, error) {
	timeoutSeconds := float64(defaultTimeoutSeconds)
	if input.TimeoutSeconds != nil {
		timeoutSeconds = *input.TimeoutSeconds
	}
	received := receiveEvents(ctx)
	child, err := startOrJoin(ctx, input, timeoutSeconds)
	if err != nil {
		return ParentResult{}, err
	}
	// Use the outcome event, not the child's result. A child that failed (input refused) or was terminated sends none.
	var childErr error
	if child != nil {
		workflow.Go(ctx, func(ctx workflow.Context) {
			ctx, _ = workflow.NewDisconnectedContext(ctx)
			childErr = child.Get(ctx, nil)
		})
	}
	timeout := time.Duration(timeoutSeconds*float64(time.Second)) + grace
	_, err = workflow.AwaitWithTimeout(ctx, timeout, func() bool { return received.Outcome != nil || childErr != nil })
	switch {
	case received.Outcome != nil:
		return *received, nil
	case childErr != nil:
		return ParentResult{}, childErr
	}
	leave(ctx, input.TaskID)
	if err != nil {
		return ParentResult{}, err // this workflow was cancelled
	}
	return ParentResult{}, temporal.NewApplicationError(fmt.Sprintf("no outcome within %s", timeout), "NoOutcome")
}

// receiveEvents receives the signal tryOnEvent and drops repeats: each pair of wait and sequence counts once.
func receiveEvents(ctx workflow.Context) *ParentResult {
	type pair struct {
		waitID   string
		sequence int
	}
	seen, known, received := map[pair]bool{}, map[string]bool{}, &ParentResult{}
	keep := func(images []Image) {
		for _, image := range images {
			if !known[image.ID] {
				known[image.ID] = true
				received.Images = append(received.Images, image)
			}
		}
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var event Event
			workflow.GetSignalChannel(ctx, EventSignal).Receive(ctx, &event)
			// A snapshot answers tryOnSubscribe and has no number of its own: it is not a repeat of the event with the same number.
			if event.Kind != "snapshot" {
				if seen[pair{event.WaitID, event.Sequence}] {
					continue
				}
				seen[pair{event.WaitID, event.Sequence}] = true
			}
			received.Kinds = append(received.Kinds, event.Kind)
			switch event.Kind {
			case "images":
				keep(event.Images)
			case "snapshot":
				keep(event.Status.Images)
			case "outcome":
				keep(event.Outcome.Images)
				received.Outcome = event.Outcome
			}
		}
	})
	return received
}

// startOrJoin returns the child if it started one, or nil if it joined a running wait.
func startOrJoin(ctx workflow.Context, input ParentInput, timeoutSeconds float64) (workflow.ChildWorkflowFuture, error) {
	// The wait may have other subscribers: neither our end nor our cancellation may end it.
	childCtx, _ := workflow.NewDisconnectedContext(ctx)
	childCtx = workflow.WithChildOptions(childCtx, workflow.ChildWorkflowOptions{
		WorkflowID:        ResultsWorkflowID(input.TaskID),
		TaskQueue:         input.TaskQueue,
		ParentClosePolicy: enums.PARENT_CLOSE_POLICY_ABANDON,
	})
	subscriber := Subscriber{WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID, TimeoutSeconds: &timeoutSeconds}
	for range joinAttempts {
		child := workflow.ExecuteChildWorkflow(childCtx, ResultsWorkflow, Input{TaskID: input.TaskID, TimeoutSeconds: &timeoutSeconds})
		err := child.GetChildWorkflowExecution().Get(ctx, nil)
		var running *temporal.ChildWorkflowExecutionAlreadyStartedError
		if err == nil {
			return child, nil
		} else if !errors.As(err, &running) {
			return nil, err
		}
		err = workflow.SignalExternalWorkflow(ctx, ResultsWorkflowID(input.TaskID), "", SubscribeSignal, subscriber).Get(ctx, nil)
		var gone *temporal.UnknownExternalWorkflowExecutionError
		if err == nil {
			return nil, nil
		} else if !errors.As(err, &gone) {
			return nil, err
		}
		if err := workflow.Sleep(ctx, 100*time.Millisecond); err != nil { // it has just ended: start again
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s could be neither started nor joined", ResultsWorkflowID(input.TaskID))
}

// leave unsubscribes, also when this workflow is cancelled. A wait that is gone is no error.
func leave(ctx workflow.Context, taskID string) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	leaving := Subscriber{WorkflowID: workflow.GetInfo(ctx).WorkflowExecution.ID}
	if err := workflow.SignalExternalWorkflow(ctx, ResultsWorkflowID(taskID), "", UnsubscribeSignal, leaving).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Debug("the wait to be left is gone", "error", err)
	}
}
