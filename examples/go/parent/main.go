// Parent runs a workflow that starts tryOnResults as its child, on its own worker and task queue:
//
//	go run ./parent <taskId> [timeoutSeconds]
//
// It prints what the workflow returned as one JSON document: { outcome, images, kinds }.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"example.com/tryon/tryon"
	"go.temporal.io/sdk/client"
)

func main() {
	if len(os.Args) != 2 && len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: parent <taskId> [timeoutSeconds]")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, taskID string, rest []string) error {
	input := tryon.ParentInput{TaskID: taskID, TaskQueue: tryon.TaskQueue()}
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

	w, taskQueue, err := tryon.StartWorker(c, tryon.Parent)
	if err != nil {
		return err
	}
	defer w.Stop()

	parent, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "go-parent-" + taskID, TaskQueue: taskQueue}, tryon.Parent, input)
	if err != nil {
		return err
	}
	var result tryon.ParentResult
	if err := parent.Get(ctx, &result); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}
