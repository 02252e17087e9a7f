package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"sluice/internal/appint"
	"sluice/internal/integrations"
	"sluice/internal/tasks"
)

// backends are Application Integration and Cloud Tasks, on the state of the process.
type backends struct {
	tasks        *tasks.Service
	integrations *appint.Service // nil when integrations run on Google
	ends         []func() error  // in reverse order
}

// openBackends opens both. Queues are opened first, because asynchronous executions
// ride on one; they begin attempts when everything is served.
func (r *runtime) openBackends(ctx context.Context) error {
	if err := r.openTasks(ctx); err != nil {
		return fmt.Errorf("the queues: %w", err)
	}
	if r.settings.Integrations == "local" {
		if err := r.openIntegrations(ctx); err != nil {
			return err
		}
	}
	if r.settings.KeepCallouts {
		e, err := openErrands(ctx, r.backends.tasks, r.log)
		if err != nil {
			return err
		}
		r.services.Errands = e
	}
	return r.makeQueues(ctx)
}

func (r *runtime) openTasks(ctx context.Context) (err error) {
	issuer := r.settings.TasksIssuer
	if issuer == "" && r.settings.TasksListen != "" {
		issuer = "http://" + visible(r.settings.TasksListen)
	}
	r.backends.tasks, err = tasks.New(ctx, r.store.Engine(), tasks.Options{
		Transport: r.network.HTTPClient(false).Transport, Later: true, Alone: r.alone(), Issuer: issuer,
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

// openIntegrations opens the local Application Integration.
func (r *runtime) openIntegrations(ctx context.Context) error {
	s, err := appint.Open(ctx, r.store.Engine(), r.backends.tasks,
		integrations.Options{
			Client: r.network.HTTPClient(false), InsecureClient: r.network.HTTPClient(true), Now: time.Now, NewID: newID,
			SyncLimit: r.settings.SyncLimit, AsyncLimit: r.settings.AsyncLimit,
			Outside: r.settings.outside(r.services.Identity), Failed: logFailures(r.log),
		},
		appint.Options{Sole: r.alone(), Region: r.settings.Region, Log: func(err error) { r.log.Warn(err.Error(), zap.String("from", "integrations")) }})
	if err != nil {
		return err
	}
	r.backends.integrations, r.engine = s, newLastingEngine(s)
	r.services.Integrations = s
	return r.loadAuthConfigs(ctx)
}

// logFailures logs why integrations fail, ten times a second and then one in a
// hundred: whoever can make one fail must not be able to fill the disk.
func logFailures(log *zap.Logger) func(integrations.Report) {
	log = log.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
		return zapcore.NewSamplerWithOptions(core, time.Second, 10, 100)
	}))
	return func(f integrations.Report) {
		fields := []zap.Field{zap.String("integration", f.Integration), zap.String("status", f.Status), zap.String("reason", f.Reason)}
		for _, more := range [...]struct{ key, value string }{
			{"task", f.Task}, {"trigger", f.Trigger}, {"execution", f.Execution}, {"parent", f.Parent}, {"version", f.Version},
		} {
			if more.value != "" {
				fields = append(fields, zap.String(more.key, more.value))
			}
		}
		log.Warn("an integration failed", fields...)
	}
}

// alone reports whether no other process can have the same state.
func (r *runtime) alone() bool { return r.settings.Nats == "" && r.settings.Cluster == "" }

// close ends the listeners, then what they serve.
func (b *backends) close() error {
	var errs []error
	for i := len(b.ends) - 1; i >= 0; i-- {
		errs = append(errs, b.ends[i]())
	}
	b.ends = nil
	return errors.Join(errs...)
}
