package appint

import (
	"encoding/json"
	"time"

	"sluice/internal/integrations"
)

// entry is what a bucket keeps of an execution under its id.
type entry struct {
	Summary summary `json:"summary"`
	// Record is the integrations.Record. A large one is in the bucket of parts instead, in as many
	// Parts under this Generation.
	Record     json.RawMessage `json:"record,omitempty"`
	Parts      int             `json:"parts,omitempty"`
	Generation string          `json:"generation,omitempty"`
}

// summary is what lists and the scheduler need to know of an execution. Every process keeps
// those of all executions in memory.
type summary struct {
	// Owner is the process that runs it. Nobody owns what has ended, is suspended, or has not begun:
	// whoever the queue gives it to takes it.
	Owner string `json:"owner,omitempty"`
	// By is the process that wrote the entry.
	By string `json:"by"`
	// Due is when it is to go on: the schedule of one that has not begun, the end of patience of a
	// suspended one.
	Due time.Time `json:"due,omitzero"`

	ID          string              `json:"id"`
	Integration string              `json:"integration"`
	Version     string              `json:"version,omitempty"`
	Trigger     string              `json:"trigger"`
	RequestID   string              `json:"requestId,omitempty"`
	Method      integrations.Method `json:"method"`
	State       integrations.State  `json:"state"`
	Parent      string              `json:"parent,omitempty"`
	Created     time.Time           `json:"created"`
	Updated     time.Time           `json:"updated"`
	Suspensions int                 `json:"suspensions,omitempty"` // all that there ever were
}

// summarize makes the summary of a record that process writes, and runs unless it has to wait.
func summarize(r *integrations.Record, process string) summary {
	s := summary{
		By: process, ID: r.ID, Integration: r.Integration, Version: r.Version, Trigger: r.Trigger,
		RequestID: r.RequestID, Method: r.Method, State: r.State, Parent: r.Parent,
		Created: r.Created, Updated: r.Updated, Suspensions: len(r.Suspensions),
	}
	switch {
	case r.State.Ended():
	case r.State == integrations.Suspended:
		s.Due = patience(r)
	case r.State == integrations.Pending:
		s.Due = r.Updated
		if r.Schedule.After(s.Due) {
			s.Due = r.Schedule
		}
	default:
		s.Owner, s.Due = process, r.Updated
	}
	return s
}

// suspensionLimit is how long an execution may wait: "31 days, including approval pauses"
// (reference integrations.md 1).
const suspensionLimit = 31 * 24 * time.Hour

// patience is when the first pending suspension of r expires.
func patience(r *integrations.Record) time.Time {
	first := r.Created.Add(suspensionLimit)
	for _, p := range r.Suspensions {
		if p.State == integrations.SuspensionPending && !p.Expires.IsZero() && p.Expires.Before(first) {
			first = p.Expires
		}
	}
	return first
}
