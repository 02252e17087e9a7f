package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
)

// taskTarget is where the tasks go. It speaks through wire for the reason that the
// upstream does.
type taskTarget struct {
	net.Listener
	now atomic.Pointer[arrivals]
}

// arrivals are those of one phase's tasks.
type arrivals struct {
	phase string
	all   chan struct{} // closed when every task has arrived

	mu       sync.Mutex // guards what follows
	seen     []bool     // by the task's number
	missing  int
	repeated int
}

func newTaskTarget() (*taskTarget, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &taskTarget{Listener: l}
	t.expect("nothing", 0)
	go func() { _ = serveWires(l, t.take) }() // what it cannot accept is missed by wait
	return t, nil
}

// expect begins a phase in which that many tasks, from number 0 on, are to arrive.
func (t *taskTarget) expect(phase string, tasks int) *arrivals {
	a := &arrivals{phase: phase, all: make(chan struct{}), seen: make([]bool, tasks), missing: tasks}
	t.now.Store(a)
	return a
}

// url is where a task of a phase goes.
func (t *taskTarget) url(phase string, task int) string {
	return fmt.Sprintf("http://%s/%s/%d", t.Addr(), phase, task)
}

// take answers one connection's requests with 200.
func (t *taskTarget) take(w *wire) {
	defer w.Close()
	for {
		head, _, err := w.next()
		if err != nil {
			return
		}
		if phase, task, ok := readTaskPath(head); ok {
			t.now.Load().take(phase, task)
		}
		if _, err := w.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")); err != nil {
			return
		}
	}
}

// readTaskPath reads "POST /phase/number HTTP/1.1".
func readTaskPath(head []byte) (phase []byte, task int, ok bool) {
	_, rest, _ := bytes.Cut(head, []byte(" /"))
	phase, rest, _ = bytes.Cut(rest, []byte("/"))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	task, err := strconv.Atoi(string(number))
	return phase, task, err == nil
}

// take notes an arrival. One of an earlier phase is late, and of no interest.
func (a *arrivals) take(phase []byte, task int) {
	if string(phase) != a.phase || task < 0 || task >= len(a.seen) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.seen[task] {
		a.repeated++
		return
	}
	a.seen[task] = true
	if a.missing--; a.missing == 0 {
		close(a.all)
	}
}

// wait waits until every task has arrived, and returns how many arrived again.
func (a *arrivals) wait(ctx context.Context) (repeated int, err error) {
	select {
	case <-a.all:
	case <-ctx.Done():
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.missing > 0 {
		return 0, fmt.Errorf("%d of %d tasks did not arrive in time", a.missing, len(a.seen))
	}
	return a.repeated, nil
}
