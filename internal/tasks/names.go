package tasks

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Resource names, after the comments of google/cloud/tasks/v2/task.proto. The bounds of project
// and location are ours; with them a queue's name is a key of a bucket.
const (
	locationForm = `projects/[A-Za-z0-9:.-]{1,100}/locations/[A-Za-z0-9-]{1,63}`
	queueForm    = locationForm + `/queues/[A-Za-z0-9-]{1,100}`
	taskForm     = queueForm + `/tasks/[A-Za-z0-9_-]{1,500}`
)

var (
	locationPattern = regexp.MustCompile(`^` + locationForm + `$`)
	queuePattern    = regexp.MustCompile(`^` + queueForm + `$`)
	taskPattern     = regexp.MustCompile(`^` + taskForm + `$`)
)

func checkLocation(name string) error {
	if !locationPattern.MatchString(name) {
		return status.Error(codes.InvalidArgument, `Location name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>"`)
	}
	return nil
}

func checkQueueName(name string) error {
	if !queuePattern.MatchString(name) {
		return status.Error(codes.InvalidArgument, `Queue name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>"`)
	}
	return nil
}

// splitTaskName returns the queue and the id of a task.
func splitTaskName(name string) (queue, id string, err error) {
	if !taskPattern.MatchString(name) {
		return "", "", status.Error(codes.InvalidArgument, `Task name must be formatted: "projects/<PROJECT_ID>/locations/<LOCATION_ID>/queues/<QUEUE_ID>/tasks/<TASK_ID>"`)
	}
	queue, id, _ = strings.Cut(name, "/tasks/")
	return queue, id, nil
}

// shortName returns the last part of a resource name.
func shortName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// locationOf returns the location of a queue.
func locationOf(queue string) string {
	location, _, _ := strings.Cut(queue, "/queues/")
	return location
}

// key stands for a task's id within its queue: ids may be longer than keys of a bucket, and a
// million of them are kept in memory. 128 bits of SHA-256 do not meet by chance, nor by design.
type key [16]byte

func keyOf(id string) key {
	sum := sha256.Sum256([]byte(id))
	return key(sum[:16])
}

func (k key) String() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// place returns where the task with that key is in the bucket of tasks. A generation is a queue
// from its creation to its deletion; so the tasks of a queue that is made anew under its old name
// are others, and one Purge removes what is left of the old ones.
func place(generation string, k key) string { return generation + "." + k.String() }

// readPlace is the reverse of place.
func readPlace(text string) (generation string, k key, ok bool) {
	generation, digest, ok := strings.Cut(text, ".")
	raw, err := base64.RawURLEncoding.Strict().DecodeString(digest)
	if !ok || err != nil || len(raw) != len(k) {
		return "", key{}, false
	}
	return generation, key(raw), true
}
