package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc"

	"sluice/internal/devproxy"
	"sluice/internal/tasks"
)

// GoogleSettings are the settings of the local Application Integration and Cloud
// Tasks, as Google's own clients see them.
type GoogleSettings struct {
	TasksListen        string   `yaml:"tasks-listen"`
	TasksIssuer        string   `yaml:"tasks-issuer"`
	Queues             []string `yaml:"queues"`
	IntegrationsListen string   `yaml:"integrations-listen"`
	GoogleTokens       string   `yaml:"google-tokens"`
	GoogleProxy        string   `yaml:"google-proxy"`
	GoogleProxyCA      string   `yaml:"google-proxy-ca"`
}

func (s *GoogleSettings) options() []*option {
	return []*option{
		{name: "integrations-listen", usage: "`address` for the REST API of Application Integration; needs --integrations local", set: text(&s.IntegrationsListen)},
		{name: "tasks-listen", usage: "`address` for Cloud Tasks, REST and gRPC in clear text; proxies reach it as cloudtasks.googleapis.com", set: text(&s.TasksListen)},
		{name: "tasks-issuer", usage: "`URL` under which handlers find the keys of OIDC tokens; default http:// and the address of --tasks-listen", set: text(&s.TasksIssuer)},
		{name: "queues", usage: "`file` of queues to make at the start, as gcloud tasks queues list --format=json prints them; repeat it for more", set: list(&s.Queues)},
		{name: "google-tokens", usage: "`where` the tokens come from that proxies and tasks show to Google: google, or local for tokens that only stand-ins take", set: text(&s.GoogleTokens), def: s.GoogleTokens},
		{name: "google-proxy", usage: "`address` of an HTTPS proxy that answers for *.googleapis.com, see sluice env", set: text(&s.GoogleProxy)},
		{name: "google-proxy-ca", usage: "`folder` of its certificate authority", set: text(&s.GoogleProxyCA)},
	}
}

const (
	tasksHost        = "cloudtasks.googleapis.com"
	integrationsHost = "integrations.googleapis.com"
)

// hosts are the upstream names that lead elsewhere: those of --map-host, and Google's
// where a listener stands in for it.
func (s *settings) hosts() map[string]string {
	hosts := map[string]string{}
	if s.TasksListen != "" {
		hosts[tasksHost] = visible(s.TasksListen)
	}
	if s.IntegrationsListen != "" {
		hosts[integrationsHost] = visible(s.IntegrationsListen)
		hosts[s.Region+"-"+integrationsHost] = visible(s.IntegrationsListen)
	}
	maps.Copy(hosts, s.MapHost)
	return hosts
}

// serveGoogle starts the listeners that Google's clients talk to.
func (r *runtime) serveGoogle(ctx context.Context, failed chan<- error) error {
	s := &r.settings.GoogleSettings
	if s.TasksListen != "" {
		if err := r.answerTasks(s.TasksListen, failed); err != nil {
			return err
		}
	}
	if s.IntegrationsListen != "" {
		if r.backends.integrations == nil {
			return errors.New("--integrations-listen needs --integrations local")
		}
		if err := r.answer("--integrations-listen", s.IntegrationsListen, r.backends.integrations.Handler(), failed); err != nil {
			return err
		}
	}
	if s.GoogleProxy == "" {
		return nil
	}
	return r.proxyGoogle(failed)
}

// answerTasks serves Cloud Tasks on one address in clear text: gRPC to those who speak HTTP/2 from
// the start, REST to the others.
func (r *runtime) answerTasks(address string, failed chan<- error) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("--tasks-listen: %w", err)
	}
	s := newSplit(l)
	calls := r.tasksCalls()
	rest := &http.Server{Handler: r.backends.tasks.REST(), ReadHeaderTimeout: 10 * time.Second}
	r.serveUntilClose(s.other, rest.Serve, rest.Close, failed)
	r.serveUntilClose(s.http2, calls.Serve, func() error { calls.Stop(); return nil }, failed)
	return nil
}

func (r *runtime) tasksCalls() *grpc.Server {
	calls := grpc.NewServer(grpc.MaxRecvMsgSize(tasks.MaxRequest))
	r.backends.tasks.Register(calls)
	return calls
}

// tasksHandler tells gRPC from REST for the proxy of Google's names, whose connections are not
// gRPC's own.
func (r *runtime) tasksHandler() http.Handler {
	calls := r.tasksCalls()
	rest := r.backends.tasks.REST()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.ProtoMajor == 2 && strings.HasPrefix(req.Header.Get("Content-Type"), "application/grpc") {
			calls.ServeHTTP(w, req)
			return
		}
		rest.ServeHTTP(w, req)
	})
}

// answer serves a handler on an address, HTTP/1.1 and HTTP/2 in clear text.
func (r *runtime) answer(flag, address string, h http.Handler, failed chan<- error) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: h, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second}
	r.serveUntilClose(l, server.Serve, server.Close, failed)
	return nil
}

// serveUntilClose serves in the background; an end that nobody asked for is told.
func (r *runtime) serveUntilClose(l net.Listener, serve func(net.Listener) error, end func() error, failed chan<- error) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	r.backends.ends = append(r.backends.ends, func() error {
		err := end()
		<-ended
		return err
	})
}

// proxyGoogle starts the proxy that answers for Google's names.
func (r *runtime) proxyGoogle(failed chan<- error) error {
	dir := r.settings.GoogleProxyCA
	if dir == "" {
		dir = caDirectory()
	}
	ca, err := devproxy.OpenCA(dir, time.Now())
	if err != nil {
		return fmt.Errorf("--google-proxy: %w", err)
	}
	l, err := net.Listen("tcp", r.settings.GoogleProxy)
	if err != nil {
		return fmt.Errorf("--google-proxy: %w", err)
	}
	queues := r.tasksHandler()
	p := devproxy.New(ca, func(host string) http.Handler {
		switch {
		case host == tasksHost:
			return queues
		case r.backends.integrations != nil:
			return r.backends.integrations.Google(host)
		}
		return nil
	})
	r.serveUntilClose(l, p.Serve, p.Close, failed)
	return nil
}
