// Job submits a request, waits for its images and prints where they are archived, one location on each line:
//
//	go run ./job <requestId> <request.json>
//
// The request id is your own name for the request, such as an order number. With the same one the program joins the job that runs, or prints
// what the job has stored; nothing is submitted twice. Exit code 1 unless the job is finished.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"example.com/tryon/tryon"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: job <requestId> <request.json>")
		os.Exit(2)
	}
	result, err := run(context.Background(), os.Args[1], os.Args[2])
	var refused *temporal.ApplicationError
	switch {
	case errors.As(err, &refused) && refused.Type() == tryon.InvalidInput:
		fmt.Fprintf(os.Stderr, "%s: %s\n", refused.Type(), refused.Message())
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, image := range result.Images {
		if image.Archived != nil {
			fmt.Println(image.Archived.Location)
		} else {
			// The vendor's URL expires. Without ArchiveError, the workers have no archive.
			fmt.Fprintln(os.Stderr, "not archived:", image.ImageURL, image.ArchiveError)
		}
	}
	fmt.Fprintln(os.Stderr, result.Status, result.Error)
	if result.Status != "finished" {
		os.Exit(1)
	}
}

func run(ctx context.Context, requestID, file string) (*tryon.JobResult, error) {
	request, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	c, err := tryon.Connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	job, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       tryon.JobWorkflowID(requestID),
		TaskQueue:                tryon.TaskQueue(),
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		// Without this, a start after the job's end submits, and pays for, the request again. With it, this SDK returns the job that has ended.
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
	}, tryon.JobWorkflow, tryon.JobInput{RequestID: requestID, Request: request})
	if err != nil {
		return nil, err
	}
	var result tryon.JobResult
	return &result, job.Get(ctx, &result)
}
