package oas

import (
	"runtime"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// What one message may cost a metered schema.
const (
	maxSteps = 50_000                 // visits of a schema with a value
	maxSpent = 500 * time.Millisecond // in patterns that backtrack
	maxTook  = 2 * time.Second        // in all: steps below deep values take longer
)

// meter counts what a message costs. The library offers no way to end a
// validation, so the meter leaves it by a panic, which [metered.validate] catches.
type meter struct {
	began time.Time
	steps int
	spent time.Duration
}

// exhausted is the panic of a meter.
type exhausted struct{}

func (m *meter) begin() { *m = meter{began: time.Now()} }

func (m *meter) step() {
	m.steps++
	if m.steps > maxSteps {
		panic(exhausted{})
	}
	if m.steps%256 == 0 {
		m.checkTime()
	}
}

// checkTime is for steps that cost as much as the value is large.
func (m *meter) checkTime() {
	if time.Since(m.began) > maxTook {
		panic(exhausted{})
	}
}

func (m *meter) spend(d time.Duration) {
	if m.spent += d; m.spent > maxSpent {
		panic(exhausted{})
	}
}

// stepFormat is the format that lower.go puts into each schema of a metered one:
// the library asks formats before it descends.
const stepFormat = "sluice-step"

func (m *meter) format() *jsonschema.Format {
	return &jsonschema.Format{Name: stepFormat, Validate: func(any) error {
		m.step()
		return nil
	}}
}

// metered is a schema whose cost is not bounded by its size and the value's. A
// compiled schema has one meter, so each validation needs one of its own; those
// that are not at work wait in free.
type metered struct {
	compile func(*meter) (*compiled, error)
	free    chan *instance
}

type instance struct {
	*compiled
	meter *meter
}

// newMetered compiles the first instance.
func newMetered(compile func(*meter) (*compiled, error)) (*metered, error) {
	s := &metered{compile: compile, free: make(chan *instance, runtime.GOMAXPROCS(0))}
	first, err := s.instance()
	if err != nil {
		return nil, err
	}
	s.free <- first
	return s, nil
}

func (s *metered) instance() (*instance, error) {
	m := &meter{}
	c, err := s.compile(m)
	return &instance{c, m}, err
}

func (s *metered) validate(v any, brief bool) (err error) {
	var i *instance
	select {
	case i = <-s.free:
	default:
		if i, err = s.instance(); err != nil {
			return err // it compiled at deploy
		}
	}
	defer func() {
		if broken := recover(); broken != nil {
			if _, ours := broken.(exhausted); !ours {
				panic(broken)
			}
			err = errCostly
		}
		select {
		case s.free <- i:
		default:
		}
	}()
	i.meter.begin()
	return i.compiled.validate(v, brief)
}
