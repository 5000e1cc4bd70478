// Caller starts or joins the wait for a try-on task, subscribes a workflow to it in the same call, and awaits the outcome:
//
//	go run ./caller <taskId> <subscriberWorkflowId> [timeoutSeconds]
//
// It prints one JSON document: { subscribed, status, outcome }. Exit code 1 if the input is refused.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"

	"example.com/tryon/tryon"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: caller <taskId> <subscriberWorkflowId> [timeoutSeconds]")
		os.Exit(2)
	}
	if err := call(context.Background(), os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		var refused *temporal.ApplicationError
		if errors.As(err, &refused) && refused.Type() == tryon.InvalidInput {
			fmt.Fprintf(os.Stderr, "%s: %s\n", refused.Type(), refused.Message())
		} else {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
}

func call(ctx context.Context, taskID, subscriberID string, rest []string) error {
	input := tryon.Input{TaskID: taskID}
	if len(rest) == 1 {
		seconds, err := strconv.ParseFloat(rest[0], 64)
		if err != nil {
			return err
		}
		input.TimeoutSeconds = &seconds
	}
	c, err := tryon.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()

	start := c.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:        tryon.ResultsWorkflowID(taskID),
		TaskQueue: tryon.TaskQueue(),
		// Any number of callers share one wait per task.
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, tryon.ResultsWorkflow, input)
	update, err := c.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			UpdateName:   tryon.SubscribeUpdate,
			Args:         []any{tryon.Subscriber{WorkflowID: subscriberID}},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return err
	}
	// The answer has all images so far, so a late subscriber misses nothing.
	var subscribed, status tryon.Status
	if err := update.Get(ctx, &subscribed); err != nil {
		return err
	}
	answer, err := c.QueryWorkflow(ctx, tryon.ResultsWorkflowID(taskID), "", tryon.StatusQuery)
	if err != nil {
		return err
	}
	if err := answer.Get(&status); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%s, %d images so far\n", status.State, len(status.Images))

	wait, err := start.Get(ctx)
	if err != nil {
		return err
	}
	// A vendor task that failed is an outcome too: check its Status.
	var outcome tryon.Outcome
	if err := wait.Get(ctx, &outcome); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"subscribed": subscribed, "status": status, "outcome": outcome})
}
