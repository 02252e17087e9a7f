package main

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logTime is RFC 3339 with microseconds. All have the same width, so that lines of a
// terminal stay in columns.
const logTime = "2006-01-02T15:04:05.000000Z07:00"

// newLogger makes the process's log. It never gets a message's content.
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
