package cases

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Suite is a list of cases that run side by side and are reported in their order.
type Suite struct {
	Cases    []*Case
	Options  Options
	Jobs     int  // how many at once; 0 is twice the processors: cases mostly wait
	FailFast bool // end after the first that fails
}

// Report is told of cases in their order, and then of all together. Its errors
// are those of whatever it writes to.
type Report interface {
	Case(r *Result) error
	End(t Totals) error
}

// Totals are the numbers of a whole run.
type Totals struct {
	Passed, Failed, Updated int
	NotRun                  int // after the first failure, with FailFast
	Seconds                 float64
}

// Run runs the cases. A report hears of a case as soon as it and all before it are
// done. The error is that of ctx, or of a report.
func (s *Suite) Run(ctx context.Context, reports ...Report) (Totals, error) {
	running, cancel := context.WithCancel(ctx)
	results, ended := s.start(running)
	defer ended.Wait()
	defer cancel()
	t := Totals{NotRun: len(s.Cases)}
	for _, result := range results {
		r := <-result
		if err := ctx.Err(); err != nil {
			return t, err
		}
		t.add(r)
		for _, report := range reports {
			if err := report.Case(r); err != nil {
				return t, err
			}
		}
		if s.FailFast && !r.Passed {
			break
		}
	}
	for _, report := range reports {
		if err := report.End(t); err != nil {
			return t, err
		}
	}
	return t, nil
}

// start makes the workers; each case's result comes in a channel of its own,
// nil for one that was not begun before ctx ended.
func (s *Suite) start(ctx context.Context) ([]chan *Result, *sync.WaitGroup) {
	results := make([]chan *Result, len(s.Cases))
	for i := range results {
		results[i] = make(chan *Result, 1)
	}
	var next atomic.Int64
	var ended sync.WaitGroup
	for range min(s.jobs(), len(s.Cases)) {
		ended.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(results)); i = next.Add(1) - 1 {
				if ctx.Err() != nil {
					close(results[i])
					continue
				}
				results[i] <- s.Cases[i].Run(ctx, s.Options)
			}
		})
	}
	return results, &ended
}

func (s *Suite) jobs() int {
	if s.Jobs > 0 {
		return s.Jobs
	}
	return 2 * runtime.GOMAXPROCS(0)
}

func (t *Totals) add(r *Result) {
	t.NotRun--
	t.Seconds += r.Seconds
	switch {
	case !r.Passed:
		t.Failed++
		return
	case r.Updated > 0:
		t.Updated++
	}
	t.Passed++
}
