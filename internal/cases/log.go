package cases

import (
	"path"
	"strings"
	"sync"

	"sluice/flow"
)

// logged implements flow.Logs: it keeps what policies log for the case to look at, one
// line for each message.
type logged struct {
	mu    sync.Mutex
	lines []string
}

// Syslog implements flow.Logs.
func (l *logged) Syslog(server *flow.SyslogServer, message []byte) error {
	return l.add("syslog", server.Address, string(message))
}

// File implements flow.Logs.
func (l *logged) File(file *flow.LogFile, line []byte) error {
	return l.add("file", path.Base(file.Path), string(line))
}

// Cloud implements flow.Logs.
func (l *logged) Cloud(e *flow.CloudLogEntry) error {
	return l.add("cloud", e.Name+" "+e.Severity, e.Text)
}

var lineBreaks = strings.NewReplacer("\r\n", `\n`, "\n", `\n`, "\r", `\n`)

func (l *logged) add(kind, to, text string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, kind+" "+to+" "+lineBreaks.Replace(text))
	return nil
}

// take is what was logged since the last time.
func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines = nil
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

func (r *reader) log(s section) {
	x := r.current(s)
	if x.log != nil {
		r.fail(s.line-1, "the exchange has a log already: write all of its lines into one section")
	}
	x.log = &s
}

// checkLog compares what was logged with the section log, if there is one.
func (w *world) checkLog(x *exchange, got string) {
	if x.log == nil {
		return
	}
	if d := compare(x.log.text, got); d != nil {
		want, text := d.shorten()
		w.script.fail("log", Failure{Line: x.log.line + d.row, Want: want, Got: text})
	}
}

// log notes what the section log should say.
func (e *editor) log(x *exchange, got string) {
	if x.log != nil && compare(x.log.text, got) != nil {
		e.edits[x.log.index] = got
	}
}
