package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// forgetful is a proxy that tells an auditor of each request and does not wait for him.
func forgetful(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"audit.xml":             `<APIProxy name="audit" revision="1"/>`,
		"proxies/default.xml":   `<ProxyEndpoint name="default"><PreFlow><Request><Step><Name>SC-Audit</Name></Step></Request></PreFlow><HTTPProxyConnection><BasePath>/audited</BasePath></HTTPProxyConnection><RouteRule name="none"/></ProxyEndpoint>`,
		"policies/SC-Audit.xml": `<ServiceCallout name="SC-Audit"><Request><Set><Verb>POST</Verb><Path>/log</Path><Headers><Header name="X-Who">{request.queryparam.who}</Header></Headers><Payload contentType="text/plain">{request.queryparam.who} was here</Payload></Set></Request><HTTPTargetConnection><URL>http://auditor.example.com/v1</URL></HTTPTargetConnection></ServiceCallout>`,
	} {
		write(t, filepath.Join(dir, "apiproxy", name), text)
	}
	return dir
}

// TestKeepCallouts: a call that nobody waits for, made while its callee is away, outlives the
// process, and is made by the next one.
func TestKeepCallouts(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	away.Store(true)
	told := make(chan string, 100)
	auditor := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		told <- fmt.Sprint(r.Method, " ", r.URL, " ", r.Header.Get("X-Who"), ": ", string(body))
	}))
	defer auditor.Close()
	args := []string{forgetful(t), "--keep-callouts", "--data", t.TempDir(), "--map-host", "auditor.example.com=" + strings.TrimPrefix(auditor.URL, "http://")}
	first := serving(t, args...)
	for _, who := range []string{"Ada", "Bob"} {
		resp, err := http.Get("http://" + first.addr + "/audited?who=" + who)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("the client waits for the auditor: %d", resp.StatusCode)
		}
	}
	first.end()
	away.Store(false)
	serving(t, args...)
	got := map[string]bool{}
	for len(got) < 2 {
		select {
		case text := <-told:
			got[text] = true
		case <-time.After(patience):
			t.Fatalf("the auditor was told %v", got)
		}
	}
	if !got["POST /v1/log Ada: Ada was here"] || !got["POST /v1/log Bob: Bob was here"] {
		t.Errorf("the auditor was told %v", got)
	}
}

// TestCalloutsEndBeforeTheProcess: without the queue the process waits for what is under way.
func TestCalloutsEndBeforeTheProcess(t *testing.T) {
	t.Parallel()
	came, told := make(chan struct{}), make(chan struct{})
	auditor := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(came)
		select {
		case <-time.After(300 * time.Millisecond):
			close(told)
		case <-r.Context().Done():
		}
	}))
	defer auditor.Close()
	r := serving(t, forgetful(t), "--drain", patience.String(), "--map-host", "auditor.example.com="+strings.TrimPrefix(auditor.URL, "http://"))
	resp, err := http.Get("http://" + r.addr + "/audited?who=Ada")
	must(t, err)
	resp.Body.Close()
	<-came
	r.end()
	select {
	case <-told:
	default:
		t.Error("the process ended before the callout")
	}
}

// TestErrandsEnd: what cannot be done is tried for an hour, and then given up with a word; what
// nobody can read any more is dropped.
func TestErrandsEnd(t *testing.T) {
	core, told := observer.New(zap.WarnLevel)
	e := &errands{log: zap.New(core), does: map[string]func(context.Context, []byte) error{}}
	refused := errors.New("refused")
	e.Serve("fails", func(context.Context, []byte) error { return refused })
	for _, test := range []struct {
		name string
		age  time.Duration
		want error
		told int
	}{
		{"fails", time.Minute, refused, 0},
		{"nobody", time.Minute, errNobody, 0},
		{"fails", 2 * time.Hour, nil, 1},
		{"nobody", 2 * time.Hour, nil, 1},
	} {
		body, err := json.Marshal(errand{Name: test.name, At: time.Now().Add(-test.age)})
		must(t, err)
		if err := e.do(t.Context(), "key", body); !errors.Is(err, test.want) {
			t.Errorf("%s after %s: %v, want %v", test.name, test.age, err, test.want)
		}
		if got := len(told.TakeAll()); got != test.told {
			t.Errorf("%s after %s: %d warnings, want %d", test.name, test.age, got, test.told)
		}
	}
	if err := e.do(t.Context(), "key", []byte("{")); err != nil {
		t.Errorf("what nobody can read is tried again: %v", err)
	}
}
