package flow

import (
	"context"
	"errors"
	"net"
	"time"
)

// Logs takes the messages of MessageLogging to where they are kept. Its methods never
// wait for that: what has come is kept in memory until it is written, within bounds, and
// nobody hears of a message that cannot be delivered. The bytes of a message are the
// service's. The error of each is ErrPendingLogs, for a message that is dropped.
type Logs interface {
	// Syslog sends a message, which is one line, to a syslog server.
	Syslog(server *SyslogServer, message []byte) error
	// File appends a line to a file.
	File(file *LogFile, line []byte) error
	// Cloud writes an entry to Cloud Logging, or to what stands for it here.
	Cloud(entry *CloudLogEntry) error
}

// ErrPendingLogs says that too many messages wait to be written.
var ErrPendingLogs = errors.New("too many log messages are pending")

// SyslogServer is a compiled way to a syslog server.
type SyslogServer struct {
	ID        string // equal only for servers that may share a connection
	Address   string // host:port as the bundle names it, for people
	Datagrams bool   // UDP: each Write is a message
	// Dial connects, with TLS where it is due.
	Dial func(ctx context.Context) (net.Conn, error)
}

// LogFile is a file of MessageLogging, on Edge for Private Cloud.
type LogFile struct {
	Path     string // in the folder of all message logs, with slashes; never out of it
	Rotation LogRotation
}

// LogRotation says when a log file is put aside, and how many of these are kept.
type LogRotation struct {
	AtStart bool          // at the first message of the process
	Size    int64         // bytes; 0: whatever the size
	Every   time.Duration // 0: whatever the age
	Keep    int           // files put aside that are kept
}

// CloudLogEntry is an entry for Cloud Logging, as its method entries.write has it.
type CloudLogEntry struct {
	Account      string // service account of the deployment, "" for none
	Endpoint     string // URL in place of the service's own; "" for that
	Name         string // projects/PROJECT/logs/LOG
	ResourceType string // type of the monitored resource
	Severity     string
	Labels       map[string]string
	Time         time.Time
	Text         string
	JSON         bool // Text is a JSON object
}

// MessageLogs returns the service; where there is none, as in lint and in cases,
// messages go nowhere.
func (b *Build) MessageLogs() Logs {
	if b.Services == nil || b.Services.Logs == nil {
		return noLogs{}
	}
	return b.Services.Logs
}

type noLogs struct{}

func (noLogs) Syslog(*SyslogServer, []byte) error { return nil }
func (noLogs) File(*LogFile, []byte) error        { return nil }
func (noLogs) Cloud(*CloudLogEntry) error         { return nil }
