package tasks

import (
	"encoding/json"
	"fmt"
	"time"

	"cloud.google.com/go/iam/apiv1/iampb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// queue is a queue as it was written once; nobody changes it. A deleted queue is its own
// tombstone.
type queue struct {
	generation string
	revision   uint64
	config     *pb.Queue // complete: nothing is unset that has a default
	taskTTL    time.Duration
	namesTTL   time.Duration // v2beta3 calls it tombstone_ttl
	deleted    time.Time     // zero when it is not
	policy     *iampb.Policy // nil when none was set
}

// Retentions of v2beta3: after how long a task is deleted whatever happened, and its name free
// again. v2 cannot set them. The discovery file says that tombstones live an hour by default, the
// documentation of CreateTask, which is newer, up to 24; the longer one is the safer one.
const (
	defaultTaskTTL  = 31 * 24 * time.Hour
	defaultNamesTTL = 24 * time.Hour
	// unnamedTTL is for names that were made here, which nobody makes twice; so long GetTask can
	// tell that there was such a task.
	unnamedTTL = 2 * time.Minute
)

// storedQueue is the form of a queue in its bucket.
type storedQueue struct {
	Generation string          `json:"generation"`
	Queue      json.RawMessage `json:"queue"`
	TaskTTL    time.Duration   `json:"taskTtl"`
	NamesTTL   time.Duration   `json:"tombstoneTtl"`
	Deleted    time.Time       `json:"deleted,omitzero"`
	Policy     json.RawMessage `json:"policy,omitempty"`
}

func (q *queue) encode() ([]byte, error) {
	config, err := protojson.Marshal(q.config)
	if err != nil {
		return nil, err
	}
	s := storedQueue{Generation: q.generation, Queue: config, TaskTTL: q.taskTTL, NamesTTL: q.namesTTL, Deleted: q.deleted}
	if q.policy != nil {
		if s.Policy, err = protojson.Marshal(q.policy); err != nil {
			return nil, err
		}
	}
	return json.Marshal(s)
}

func decodeQueue(value []byte, revision uint64) (*queue, error) {
	var s storedQueue
	if err := json.Unmarshal(value, &s); err != nil {
		return nil, fmt.Errorf("tasks: a queue: %w", err)
	}
	q := &queue{generation: s.Generation, revision: revision, config: &pb.Queue{}, taskTTL: s.TaskTTL, namesTTL: s.NamesTTL, deleted: s.Deleted}
	lax := protojson.UnmarshalOptions{DiscardUnknown: true}
	if err := lax.Unmarshal(s.Queue, q.config); err != nil {
		return nil, fmt.Errorf("tasks: a queue: %w", err)
	}
	if s.Policy != nil {
		q.policy = &iampb.Policy{}
		if err := lax.Unmarshal(s.Policy, q.policy); err != nil {
			return nil, fmt.Errorf("tasks: the policy of a queue: %w", err)
		}
	}
	fillLimits(q.config)
	return q, nil
}

func (q *queue) isDeleted() bool { return !q.deleted.IsZero() }

// purged returns the time before which all tasks are gone.
func (q *queue) purged() time.Time {
	if q.config.PurgeTime == nil {
		return time.Time{}
	}
	return q.config.PurgeTime.AsTime()
}

// changed returns a copy for change to work on.
func (q *queue) changed(change func(*queue)) *queue {
	c := *q
	c.config = proto.CloneOf(q.config)
	change(&c)
	return &c
}

// tombstoneLife returns how long the name of a task is kept from others.
func (q *queue) tombstoneLife(named bool) time.Duration {
	if named {
		return q.namesTTL
	}
	return unnamedTTL
}

// bornNow returns the creation time of a task: never before a purge that is known, so that the
// clocks of two machines do not make a purge take what was created after it.
func (q *queue) bornNow(now time.Time) time.Time {
	if purged := q.purged(); !now.After(purged) {
		return purged.Add(1)
	}
	return now
}

// micros cuts a time to microseconds, as Google's do.
func micros(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t.Truncate(time.Microsecond)) }
