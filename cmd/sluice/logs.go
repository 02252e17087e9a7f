package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"sluice/internal/logs"
)

// LogSettings are the settings that say where policies log to.
type LogSettings struct {
	MessageLogs  string `yaml:"message-logs"`
	CloudLogging string `yaml:"cloud-logging"`
	Analytics    string `yaml:"analytics"`
}

func (s *LogSettings) options() []*option {
	return []*option{
		{name: "message-logs", usage: "`folder` of the files that MessageLogging writes, and of cloud-logging.jsonl; without it these messages are dropped", set: text(&s.MessageLogs)},
		{name: "cloud-logging", usage: "`where` entries of MessageLogging for Cloud Logging go: local (cloud-logging.jsonl), google, or a URL that stands for entries:write", set: text(&s.CloudLogging), def: s.CloudLogging},
		{name: "analytics", usage: "`file` that gets what DataCapture and StatisticsCollector capture, a line of JSON for each request; - for standard output", set: text(&s.Analytics)},
	}
}

func (s *LogSettings) check() error {
	if at := s.CloudLogging; at == "local" || at == "google" || strings.HasPrefix(at, "http://") || strings.HasPrefix(at, "https://") {
		return nil
	}
	return fmt.Errorf("--cloud-logging is %q; it is local, google or a URL", s.CloudLogging)
}

// cloud is the URL of Cloud Logging, "" when entries stay here.
func (s *LogSettings) cloud() string {
	switch s.CloudLogging {
	case "local":
		return ""
	case "google":
		return logs.CloudLogging
	}
	return s.CloudLogging
}

// messageLogs is where policies log to, and what is to be closed with it.
type messageLogs struct {
	*logs.Service
	file *os.File // of analytics, or nil
}

// joinLogs opens what policies log to.
func (r *runtime) joinLogs() error {
	s := &r.settings.LogSettings
	l := &messageLogs{}
	o := logs.Options{
		Dir: s.MessageLogs, Cloud: s.cloud(), Client: r.network.HTTPClient(false), Identity: r.services.Identity,
		Report: func(text string) { r.log.Warn(text, zap.String("from", "logs")) },
	}
	analytics, err := l.openAnalytics(s.Analytics, r.out)
	if err != nil {
		return fmt.Errorf("--analytics: %w", err)
	}
	o.Analytics = analytics
	if l.Service, err = logs.New(o); err != nil {
		return fmt.Errorf("--message-logs: %w", err)
	}
	r.services.Logs, r.logs = l, l
	if analytics != nil {
		r.services.Analytics = l
	}
	return nil
}

// openAnalytics opens the file to append to it; nil without a name.
func (l *messageLogs) openAnalytics(name string, out io.Writer) (io.Writer, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		return out, nil
	}
	file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	l.file = file
	return file, err
}

// logsEnd bounds how long the end of the process waits for messages to be written.
const logsEnd = 5 * time.Second

func (l *messageLogs) close() {
	ctx, cancel := context.WithTimeout(context.Background(), logsEnd)
	defer cancel()
	l.Service.Close(ctx)
	if l.file != nil {
		_ = l.file.Close() // each line was written with a call of its own, which told of its failure
	}
}
