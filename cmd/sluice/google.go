package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc"

	"sluice/internal/appint"
	"sluice/internal/devproxy"
	"sluice/internal/integrations"
	"sluice/internal/tasks"
)

// GoogleSettings are the settings of the local Application Integration and Cloud
// Tasks, as Google's own clients see them.
type GoogleSettings struct {
	TasksListen        string `yaml:"tasks-listen"`
	IntegrationsListen string `yaml:"integrations-listen"`
	GoogleProxy        string `yaml:"google-proxy"`
	GoogleProxyCA      string `yaml:"google-proxy-ca"`
}

func (s *GoogleSettings) options() []*option {
	return []*option{
		{name: "integrations-listen", usage: "`address` for the REST API of Application Integration; needs --integrations local", set: text(&s.IntegrationsListen)},
		{name: "tasks-listen", usage: "`address` for Cloud Tasks, REST and gRPC in clear text", set: text(&s.TasksListen)},
		{name: "google-proxy", usage: "`address` of an HTTPS proxy that answers for *.googleapis.com, see sluice env", set: text(&s.GoogleProxy)},
		{name: "google-proxy-ca", usage: "`folder` of its certificate authority", set: text(&s.GoogleProxyCA)},
	}
}

// backends are Application Integration and Cloud Tasks, on the state of the process.
type backends struct {
	integrations *appint.Service // nil when integrations run on Google
	tasks        *tasks.Service  // nil unless asked for
	ends         []func() error  // in reverse order
}

// openIntegrations opens the local Application Integration on the runtime's store.
func (r *runtime) openIntegrations(ctx context.Context) (*appint.Service, error) {
	return appint.Open(ctx, r.store.Engine(),
		integrations.Options{Client: r.network.HTTPClient(false), InsecureClient: r.network.HTTPClient(true), Now: time.Now, NewID: newID},
		appint.Options{Sole: r.alone(), Region: r.settings.Region, Log: func(err error) { r.log.Warn(err.Error(), zap.String("from", "integrations")) }})
}

// alone reports whether no other process can have the same state.
func (r *runtime) alone() bool { return r.settings.Nats == "" && r.settings.Cluster == "" }

// serveGoogle starts the listeners that Google's clients talk to.
func (r *runtime) serveGoogle(ctx context.Context, failed chan<- error) error {
	s := &r.settings.GoogleSettings
	if s.TasksListen != "" {
		if err := r.openTasks(ctx); err != nil {
			return fmt.Errorf("--tasks-listen: %w", err)
		}
		if err := r.answer("--tasks-listen", s.TasksListen, r.tasksHandler(), failed); err != nil {
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

func (r *runtime) openTasks(ctx context.Context) (err error) {
	r.backends.tasks, err = tasks.New(ctx, r.store.Engine(), tasks.Options{
		Transport: r.network.HTTPClient(false).Transport, Alone: r.alone(), Issuer: "http://" + visible(r.settings.TasksListen),
		Log: func(warning bool, text string) {
			if warning {
				r.log.Warn(text, zap.String("from", "tasks"))
				return
			}
			r.log.Debug(text, zap.String("from", "tasks"))
		},
	})
	if err == nil {
		r.backends.ends = append(r.backends.ends, r.backends.tasks.Close)
	}
	return err
}

// tasksHandler tells gRPC from REST: both come to one address, in clear text.
func (r *runtime) tasksHandler() http.Handler {
	calls := grpc.NewServer()
	r.backends.tasks.Register(calls)
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
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
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
	var queues http.Handler
	if r.backends.tasks != nil {
		queues = r.tasksHandler()
	}
	p := devproxy.New(ca, func(host string) http.Handler {
		switch {
		case host == "cloudtasks.googleapis.com" && queues != nil:
			return queues
		case r.backends.integrations != nil:
			return r.backends.integrations.Google(host)
		}
		return nil
	})
	r.serveUntilClose(l, p.Serve, p.Close, failed)
	return nil
}

// close ends the listeners, then what they serve.
func (b *backends) close() error {
	var errs []error
	for i := len(b.ends) - 1; i >= 0; i-- {
		errs = append(errs, b.ends[i]())
	}
	b.ends = nil
	return errors.Join(errs...)
}
