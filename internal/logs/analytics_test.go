package logs

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sluice/flow"
)

func TestAnalytics(t *testing.T) {
	var out bytes.Buffer
	s := open(t, Options{Analytics: &out})
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.Record(&flow.AnalyticsRecord{
		Start: start, Organization: "acme", Environment: "test", Proxy: "orders", Revision: "3", Endpoint: "default",
		MessageID: "id-1", Verb: "GET", PathSuffix: "/a<b>", Status: 200, Duration: 1500 * time.Microsecond, Target: time.Millisecond,
		Captured: []flow.Captured{
			{Name: "dc_b", Value: flow.Text("x\n\xff")}, {Name: "price", Value: flow.Float64(1.5), Statistic: true}, {Name: "dc_a"},
			{Name: "n", Value: flow.Int(7), Statistic: true}, {Name: "yes", Value: flow.Bool(true), Statistic: true},
		},
	})
	s.Record(&flow.AnalyticsRecord{Start: start, Proxy: "orders", Fault: "steps.x.Y"})
	closeIn(s, patience)
	const want = `{"time":"2026-01-02T03:04:05Z","organization":"acme","environment":"test","proxy":"orders","revision":"3","endpoint":"default",` +
		`"messageid":"id-1","verb":"GET","pathSuffix":"/a<b>","status":200,"ms":1.5,"targetMs":1,` +
		`"dataCollectors":{"dc_b":"x\n\ufffd","dc_a":null},"statistics":{"price":1.5,"n":7,"yes":true}}` + "\n" +
		`{"time":"2026-01-02T03:04:05Z","organization":"","environment":"","proxy":"orders","revision":"","endpoint":"",` +
		`"messageid":"","verb":"","pathSuffix":"","fault":"steps.x.Y","ms":0}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// broken is a full disk for a while.
type broken struct {
	mu    sync.Mutex
	fails int
	text  strings.Builder
}

func (b *broken) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails--; b.fails >= 0 {
		return 0, errors.New("disk full")
	}
	return b.text.Write(p)
}

// TestAnalyticsGoOn: a failure loses lines, and not those that come later.
func TestAnalyticsGoOn(t *testing.T) {
	var told reports
	b := &broken{fails: 1}
	s := open(t, Options{Analytics: b, Report: told.add})
	for len(told.all()) == 0 {
		s.Record(&flow.AnalyticsRecord{Proxy: "lost"})
		time.Sleep(time.Millisecond) // another goroutine writes
	}
	s.Record(&flow.AnalyticsRecord{Proxy: "kept"})
	closeIn(s, patience)
	if !strings.Contains(b.text.String(), "kept") || len(told.all()) != 1 {
		t.Errorf("%q, told %q", b.text.String(), told.all())
	}
}

// TestCloseLeavesABlockedWriteBehind: a pipe that nobody reads does not keep the process.
func TestCloseLeavesABlockedWriteBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told reports
		r, w := io.Pipe()
		s := open(t, Options{Analytics: w, Report: told.add})
		s.Record(&flow.AnalyticsRecord{Proxy: "orders"})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		time.AfterFunc(time.Minute, func() { _ = r.Close() }) // ends the write
		s.Close(ctx)
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("Close took %v", took)
		}
		synctest.Wait()
		time.Sleep(2 * time.Minute) // the write fails late, of which nobody hears
		if got := strings.Join(told.all(), "; "); got != "1 messages for the file of analytics are lost: the process ends" {
			t.Errorf("told %q", got)
		}
	})
}
