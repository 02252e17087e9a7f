package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"
)

// connections is how many keep-alive connections load a peer, each with one request
// under way at any time.
const connections = 64

// result is what the load saw: durations in microseconds.
type result struct {
	Requests int
	Failed   int
	Failure  string // the first one
	P50, P99 float64
	Elapsed  float64 // seconds
}

// loadRole loads an address with a workload for a time and prints the result as
// JSON. Arguments: address, workload, duration.
func loadRole(args []string) error {
	if len(args) != 3 {
		return errors.New("load takes an address, a workload and a duration")
	}
	i := slices.IndexFunc(workloads, func(w workload) bool { return w.name == args[1] })
	if i < 0 {
		return fmt.Errorf("no workload is called %q", args[1])
	}
	d, err := time.ParseDuration(args[2])
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(load(args[0], &workloads[i], d))
}

// load keeps all connections busy for d. A connection that fails once stays away,
// so that a broken peer yields few errors quickly rather than many.
func load(address string, w *workload, d time.Duration) *result {
	start := time.Now()
	clients := make([]client, connections)
	done := make(chan struct{})
	for i := range clients {
		go func() {
			clients[i].err = clients[i].drive(address, w, start.Add(d))
			done <- struct{}{}
		}()
	}
	for range clients {
		<-done
	}
	return summarize(clients, time.Since(start))
}

// client is one connection of the load.
type client struct {
	took []uint32 // microseconds, one for each request that was answered right
	err  error
}

// drive sends request after request until the time is over, at least one. Answers
// still missing 10 s later are a failure.
func (c *client) drive(address string, w *workload, until time.Time) error {
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(until.Add(10 * time.Second)); err != nil {
		return err
	}
	wire, request := newWire(conn), []byte(w.request)
	for then := time.Now(); ; {
		if err := exchange(wire, w, request); err != nil {
			return err
		}
		now := time.Now()
		c.took = append(c.took, uint32(now.Sub(then)/time.Microsecond))
		if now.After(until) {
			return nil
		}
		then = now
	}
}

// exchange sends the workload's request and checks the status and the length of the
// answer.
func exchange(wire *wire, w *workload, request []byte) error {
	if _, err := wire.Write(request); err != nil {
		return err
	}
	head, length, err := wire.next()
	if err != nil {
		return err
	}
	if status(head) != 200 || length != w.length {
		return fmt.Errorf("%s: status %d and %d bytes, want 200 and %d", w.name, status(head), length, w.length)
	}
	return nil
}

func summarize(clients []client, elapsed time.Duration) *result {
	r := &result{Elapsed: elapsed.Seconds()}
	var all []uint32
	for i := range clients {
		all = append(all, clients[i].took...)
		if err := clients[i].err; err != nil {
			r.Failed++
			if r.Failure == "" {
				r.Failure = err.Error()
			}
		}
	}
	slices.Sort(all)
	r.Requests = len(all)
	if len(all) > 0 {
		r.P50, r.P99 = float64(all[len(all)/2]), float64(all[len(all)*99/100])
	}
	return r
}
