// Package tryon is what a Go service needs to wait for try-on tasks: the contract's names and shapes, and a parent workflow.
package tryon

import (
	"encoding/json"
	"os"
	"time"
)

// Names of the contract.
const (
	ResultsWorkflow   = "tryOnResults"
	JobWorkflow       = "tryOnJob"
	StatusQuery       = "tryOnStatus"
	SubscribeUpdate   = "subscribe"
	SubscribeSignal   = "tryOnSubscribe"
	UnsubscribeSignal = "tryOnUnsubscribe"
	EventSignal       = "tryOnEvent"
	InvalidInput      = "InvalidTryOnInput"

	NexusService          = "tryOn"
	AwaitResultsOperation = "awaitResults"
	StatusOperation       = "status"
)

// ResultsWorkflowID is the id of the wait for a task.
func ResultsWorkflowID(taskID string) string { return "tryon-results-" + taskID }

// JobWorkflowID is the id of the job for a request.
func JobWorkflowID(requestID string) string { return "tryon-job-" + requestID }

// TaskQueue is the queue of the waits.
func TaskQueue() string {
	if queue := os.Getenv("TRYON_TASK_QUEUE"); queue != "" {
		return queue
	}
	return "tryon"
}

// Input of tryOnResults. An optional field is absent, never null, so it needs omitempty.
type Input struct {
	TaskID         string       `json:"taskId"`
	SubmittedAt    *time.Time   `json:"submittedAt,omitempty"`
	TimeoutSeconds *float64     `json:"timeoutSeconds,omitempty"`
	ExpectedImages int          `json:"expectedImages,omitempty"`
	Account        string       `json:"account,omitempty"`
	Notify         []Subscriber `json:"notify,omitempty"`
	NotifyParent   *bool        `json:"notifyParent,omitempty"`
}

// Subscriber is a workflow that receives the events.
type Subscriber struct {
	WorkflowID     string   `json:"workflowId"`
	RunID          string   `json:"runId,omitempty"`
	Signal         string   `json:"signal,omitempty"`
	TimeoutSeconds *float64 `json:"timeoutSeconds,omitempty"`
}

// StatusInput of the Nexus operation status.
type StatusInput struct {
	TaskID string `json:"taskId"`
}

// Image of a finished sub-task.
type Image struct {
	ID       string `json:"id"`
	ImageURL string `json:"imageUrl"`
	Clothes  string `json:"clothes,omitempty"`
	SubTask  int    `json:"subTask"`
	// Of jobs whose workers have an archive: one of both.
	Archived     *Archived `json:"archived,omitempty"`
	ArchiveError *Error    `json:"archiveError,omitempty"`
}

// Archived says where an image is stored: a file: or s3: URL.
type Archived struct {
	Location    string `json:"location"`
	SHA256      string `json:"sha256"`
	Bytes       int64  `json:"bytes"`
	ContentType string `json:"contentType"`
}

// Error says why a wait failed, is blocked or ran out of time.
type Error struct {
	Layer     string `json:"layer"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId,omitempty"`
}

// Error has it all in one line; nothing where there is no error.
func (e *Error) String() string {
	if e == nil {
		return ""
	}
	return e.Layer + " " + e.Code + ": " + e.Message
}

// Outcome of a wait; a vendor task that failed has one too. Fields that this example does not use are left out.
type Outcome struct {
	TaskID    string    `json:"taskId"`
	Status    string    `json:"status"`
	Images    []Image   `json:"images"`
	Shortfall int       `json:"shortfall,omitempty"`
	Error     *Error    `json:"error,omitempty"`
	Polls     int       `json:"polls"`
	Finished  time.Time `json:"finishedAt"`
}

// JobInput is the input of tryOnJob: a request as the vendor's submit call takes it, passed on as it is.
type JobInput struct {
	RequestID string          `json:"requestId"`
	Request   json.RawMessage `json:"request"`
}

// JobResult is the result of tryOnJob. TaskID is empty if the vendor did not accept the request.
type JobResult struct {
	RequestID string  `json:"requestId"`
	TaskID    string  `json:"taskId,omitempty"`
	Status    string  `json:"status"`
	Images    []Image `json:"images"`
	Error     *Error  `json:"error,omitempty"`
}

// Status is the answer of the query and of the updates.
type Status struct {
	TaskID      string       `json:"taskId"`
	State       string       `json:"state"`
	Images      []Image      `json:"images"`
	Deadline    time.Time    `json:"deadline"`
	Error       *Error       `json:"error,omitempty"`
	Subscribers []Subscriber `json:"subscribers"`
	WaitID      string       `json:"waitId"`
	Sequence    int          `json:"sequence"`
}

// Event is what the signal tryOnEvent carries; which fields are there depends on Kind.
type Event struct {
	Kind     string   `json:"kind"`
	TaskID   string   `json:"taskId"`
	WaitID   string   `json:"waitId"`
	Sequence int      `json:"sequence"`
	Images   []Image  `json:"images,omitempty"`
	Error    *Error   `json:"error,omitempty"`
	Status   *Status  `json:"status,omitempty"`
	Outcome  *Outcome `json:"outcome,omitempty"`
}
