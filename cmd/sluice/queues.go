package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
)

// makeQueues makes the queues of the files of --queues that are not there. Queues that
// are there stay as they are: somebody may have changed them through the API.
func (r *runtime) makeQueues(ctx context.Context) error {
	for _, file := range r.settings.Queues {
		queues, err := readQueues(file)
		if err != nil {
			return fmt.Errorf("--queues %s: %w", file, err)
		}
		for _, q := range queues {
			_, err := r.backends.tasks.CreateQueue(ctx, &cloudtaskspb.CreateQueueRequest{Parent: parentOf(q.GetName()), Queue: q})
			if err != nil && status.Code(err) != grpccodes.AlreadyExists {
				return fmt.Errorf("--queues %s: queue %q: %s", file, q.GetName(), status.Convert(err).Message())
			}
		}
	}
	return nil
}

// parentOf is the location in the name of a queue; a name that is none is refused later.
func parentOf(name string) string {
	if i := bytes.LastIndex([]byte(name), []byte("/queues/")); i >= 0 {
		return name[:i]
	}
	return name
}

// readQueues reads Queues of the REST API: a list, an object with a list queues, or one.
func readQueues(file string) ([]*cloudtaskspb.Queue, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Queues []json.RawMessage `json:"queues"`
	}
	var list []json.RawMessage
	switch {
	case json.Unmarshal(data, &list) == nil:
	case json.Unmarshal(data, &answer) == nil && answer.Queues != nil:
		list = answer.Queues
	default:
		list = []json.RawMessage{data}
	}
	queues := make([]*cloudtaskspb.Queue, len(list))
	for i, text := range list {
		queues[i] = &cloudtaskspb.Queue{}
		if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, queues[i]); err != nil {
			return nil, fmt.Errorf("queue %d of %d: %w", i+1, len(list), err)
		}
	}
	return queues, nil
}
