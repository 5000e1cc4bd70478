// Nexus runs a workflow of another team, in its own namespace, that awaits a task through the Nexus service tryOn:
//
//	go run ./nexus <endpoint> <taskId>
//
// It prints status and outcome as one JSON document: { status, outcome }.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"example.com/tryon/tryon"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"
)

// Awaited is what the workflow returns.
type Awaited struct {
	Status  tryon.Status  `json:"status"`
	Outcome tryon.Outcome `json:"outcome"`
}

// AwaitResults knows only the endpoint's name, not where the waits run. If it is cancelled, so is the operation: it unsubscribes from the
// wait and ends as cancelled.
func AwaitResults(ctx workflow.Context, endpoint, taskID string) (Awaited, error) {
	var awaited Awaited
	service := workflow.NewNexusClient(endpoint, tryon.NexusService)
	options := workflow.NexusOperationOptions{}
	operation := service.ExecuteOperation(ctx, tryon.AwaitResultsOperation, tryon.Input{TaskID: taskID}, options)
	if err := operation.Get(ctx, &awaited.Outcome); err != nil {
		return awaited, err
	}
	status := service.ExecuteOperation(ctx, tryon.StatusOperation, tryon.StatusInput{TaskID: taskID}, options)
	return awaited, status.Get(ctx, &awaited.Status)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: nexus <endpoint> <taskId>")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoint, taskID string) error {
	c, err := tryon.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()

	w, taskQueue, err := tryon.StartWorker(c, AwaitResults)
	if err != nil {
		return err
	}
	defer w.Stop()

	start := client.StartWorkflowOptions{ID: "go-nexus-" + taskID, TaskQueue: taskQueue}
	caller, err := c.ExecuteWorkflow(ctx, start, AwaitResults, endpoint, taskID)
	if err != nil {
		return err
	}
	var awaited Awaited
	if err := caller.Get(ctx, &awaited); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(awaited)
}
