package policies

import (
	"iter"
	"strings"

	"sluice/flow"
)

// quotaResults are the variables ratelimit.POLICY.* of one run.
type quotaResults struct {
	identifier, class                string
	allowed, used, exceeded, expires int64 // the last in milliseconds since 1970
	violated                         bool
}

var (
	quotaCounts = []string{"allowed.count", "used.count", "available.count", "exceed.count", "total.exceed.count"}
	quotaOthers = []string{"identifier", "expiry.time", "class"}
)

// Result implements flow.Results. Every count is also there for the class, if the
// request has one.
func (r *quotaResults) Result(name string) flow.Value {
	switch name {
	case "identifier":
		return flow.Text(r.identifier)
	case "expiry.time":
		return flow.Int64(r.expires)
	case "class":
		if r.class == "" {
			return flow.Value{}
		}
		return flow.Text(r.class)
	}
	name, ofClass := strings.CutPrefix(name, "class.")
	if ofClass && r.class == "" {
		return flow.Value{}
	}
	return r.count(name)
}

func (r *quotaResults) count(name string) flow.Value {
	switch name {
	case "allowed.count":
		return flow.Int64(r.allowed)
	case "used.count":
		return flow.Int64(r.used)
	case "available.count":
		return flow.Int64(max(r.allowed-r.used, 0))
	case "exceed.count":
		if r.violated {
			return flow.Int64(1)
		}
		return flow.Int64(0)
	case "total.exceed.count":
		return flow.Int64(r.exceeded)
	}
	return flow.Value{}
}

// All implements flow.Results.
func (r *quotaResults) All() iter.Seq2[string, flow.Value] {
	return func(yield func(string, flow.Value) bool) {
		for _, name := range quotaOthers {
			if v := r.Result(name); !v.IsNull() && !yield(name, v) {
				return
			}
		}
		for _, name := range quotaCounts {
			if !yield(name, r.count(name)) || r.class != "" && !yield("class."+name, r.count(name)) {
				return
			}
		}
	}
}
