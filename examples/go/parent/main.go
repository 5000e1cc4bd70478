// Parent runs a workflow that starts tryOnResults as its child, on a worker and a task queue of one's own:
//
//	go run ./parent <taskId> [timeoutSeconds]
//
// It prints what the workflow returned as one JSON document: { outcome, images, kinds }.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"

	"example.com/tryon/tryon"
	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
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
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return err
	}
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if options.DataConverter, err = tryon.DataConverter(); err != nil {
		return err
	}
	c, err := client.DialContext(ctx, options)
	if err != nil {
		return err
	}
	defer c.Close()

	// A service has one queue with a fixed name; this program ends with its workflow, so its queue is its own.
	taskQueue := "go-parents-" + uuid.NewString()
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflow(tryon.Parent)
	if err := w.Start(); err != nil {
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
