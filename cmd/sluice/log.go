package main

import (
	"fmt"
	"io"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logTime is RFC 3339 with microseconds. All have the same width, so that lines of a
// terminal stay in columns.
const logTime = "2006-01-02T15:04:05.000000Z07:00"

// maxPrinted bounds what is logged of a line that a script prints, in bytes.
const maxPrinted = 1 << 10

// logPrinted logs what scripts print, at debug only: it may be the content of a
// message. nil when the log leaves out debug.
func logPrinted(log *zap.Logger) func(proxy, policy, line string) {
	if !log.Core().Enabled(zap.DebugLevel) {
		return nil
	}
	return func(proxy, policy, line string) {
		if len(line) > maxPrinted {
			line = strings.ToValidUTF8(line[:maxPrinted], "") + "..."
		}
		log.Debug("print", zap.String("proxy", proxy), zap.String("policy", policy), zap.String("line", line))
	}
}

// newLogger makes the process's log. It never gets a message's content, but for what
// scripts print (logPrinted).
func newLogger(s *settings, w io.Writer) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(s.LogLevel)
	if err != nil {
		return nil, fmt.Errorf("--log-level: %w", err)
	}
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.TimeEncoderOfLayout(logTime)
	var encoder zapcore.Encoder
	switch s.LogFormat {
	case "json":
		encoder = zapcore.NewJSONEncoder(config)
	case "console":
		encoder = zapcore.NewConsoleEncoder(config)
	default:
		return nil, fmt.Errorf("--log-format is %q; it is console or json", s.LogFormat)
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)), nil
}
