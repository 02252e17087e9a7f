package tasks

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
)

// record is what the bucket of tasks keeps of a task.
type record struct {
	head
	task *pb.Task // complete, with its body; what the head says is not read from here
}

// head is the part of a record that can be read without the rest. Deciding which task is next
// needs nothing else.
type head struct {
	named bool // the creator chose the name, so it needs a tombstone
	due   time.Time
	born  time.Time
	// asked is how many runs RunTask has asked for, begun how many of them have been answered.
	asked, begun uint32
	// executions is how many answers there were that are no 5xx.
	executions uint32
	// attempts are the random numbers of the last attempts whose outcomes are in the record, the
	// last one first: a write that was not acknowledged may have happened all the same. There are
	// several because RunTask makes attempts overlap.
	attempts [4]uint64
	// status is the HTTP status of the last answer, 0 for none.
	status uint16
}

// Form of a record: letter, version, flags, then the numbers of the head, then the task as
// protocol buffer. A tombstone is its letter alone.
const (
	taskLetter      = 'T'
	tombstoneLetter = 'X'
	recordVersion   = 1
	namedFlag       = 1
	headSize        = 3 + 8 + 8 + 4 + 4 + 4 + 2 + 4*8
)

var errRecord = errors.New("tasks: not a record of a task")

// tombstone is what takes the place of a record when the task is done.
var tombstone = []byte{tombstoneLetter}

func isTombstone(value []byte) bool { return len(value) > 0 && value[0] == tombstoneLetter }

func (r *record) encode() ([]byte, error) {
	flags := byte(0)
	if r.named {
		flags = namedFlag
	}
	b := make([]byte, 0, headSize+proto.Size(r.task))
	b = append(b, taskLetter, recordVersion, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(r.due.UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(r.born.UnixNano()))
	b = binary.BigEndian.AppendUint32(b, r.asked)
	b = binary.BigEndian.AppendUint32(b, r.begun)
	b = binary.BigEndian.AppendUint32(b, r.executions)
	b = binary.BigEndian.AppendUint16(b, r.status)
	for _, number := range r.attempts {
		b = binary.BigEndian.AppendUint64(b, number)
	}
	return proto.MarshalOptions{}.MarshalAppend(b, r.task)
}

func decodeHead(value []byte) (head, error) {
	if len(value) < headSize || value[0] != taskLetter || value[1] != recordVersion {
		return head{}, errRecord
	}
	n := value[3:]
	h := head{
		named:      value[2]&namedFlag != 0,
		due:        time.Unix(0, int64(binary.BigEndian.Uint64(n))),
		born:       time.Unix(0, int64(binary.BigEndian.Uint64(n[8:]))),
		asked:      binary.BigEndian.Uint32(n[16:]),
		begun:      binary.BigEndian.Uint32(n[20:]),
		executions: binary.BigEndian.Uint32(n[24:]),
		status:     binary.BigEndian.Uint16(n[28:]),
	}
	for i := range h.attempts {
		h.attempts[i] = binary.BigEndian.Uint64(n[30+8*i:])
	}
	return h, nil
}

func decodeRecord(value []byte) (*record, error) {
	h, err := decodeHead(value)
	if err != nil {
		return nil, err
	}
	r := &record{head: h, task: &pb.Task{}}
	if err := proto.Unmarshal(value[headSize:], r.task); err != nil {
		return nil, fmt.Errorf("%w: %w", errRecord, err)
	}
	return r, nil
}
