package tryon

import (
	"context"
	"log/slog"
	"os"

	"github.com/google/uuid"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
)

// Connect returns a client configured by TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rest of Temporal's environment configuration, with
// the waits' data converter. Warnings go to standard error.
func Connect(ctx context.Context) (client.Client, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, err
	}
	options.Logger = log.NewStructuredLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if options.DataConverter, err = DataConverter(); err != nil {
		return nil, err
	}
	return client.DialContext(ctx, options)
}

// StartWorker starts a worker for one workflow type. It makes a new task queue, because these programs end with their workflow; a service
// would have one queue with a fixed name.
func StartWorker(c client.Client, workflow any) (worker.Worker, string, error) {
	taskQueue := "go-" + uuid.NewString()
	w := worker.New(c, taskQueue, worker.Options{})
	w.RegisterWorkflow(workflow)
	return w, taskQueue, w.Start()
}
