package proxy

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// maxEvent is the largest server-sent event that an EventFlow gets (runtime.md 3.8).
const maxEvent = 10 << 20

// events lets the EventFlow see a stream of server-sent events as it passes. The
// TargetEndpoint's EventFlow beats the ProxyEndpoint's.
func (r *run) events(ctx context.Context, m *flow.Message) *flow.Message {
	section := r.endpoint.events
	if r.target != nil && r.target.events != nil {
		section = r.target.events
	}
	if section == nil || r.x.InError() || m.MediaType() != "text/event-stream" || !m.Body.Flowing() {
		return m
	}
	body, _ := m.Body.Take()
	m.Body.SetStream(&eventStream{src: body, run: r, ctx: ctx, section: section, message: m}, -1)
	return m
}

// eventStream reads events from the target, runs the EventFlow on each, and
// gives what is left of it.
type eventStream struct {
	src     io.ReadCloser
	run     *run
	ctx     context.Context
	section *flow.Section
	message *flow.Message

	in    []byte // read from src, not yet a whole event
	seen  int    // how much of in holds no end of an event
	out   []byte // ready for the client
	count int
	ended bool
	err   error // of src
}

func (s *eventStream) Close() error { return s.src.Close() }

// Ready reports whether a Read gives bytes without waiting, so that the wire
// engine can put several events in one write.
func (s *eventStream) Ready() bool { return len(s.out) > 0 }

func (s *eventStream) Read(p []byte) (int, error) {
	for len(s.out) == 0 {
		if s.ended {
			return 0, io.EOF
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.out)
	s.out = s.out[n:]
	return n, nil
}

// next handles one event, or reads more of the stream.
func (s *eventStream) next() error {
	end, seen := eventEnd(s.in, s.seen)
	s.seen = seen
	if end > 0 {
		event := s.in[:end]
		s.in = s.in[end:]
		s.handle(event)
		return nil
	}
	if s.err != nil {
		return s.last()
	}
	if len(s.in) > maxEvent {
		s.fault(tooBigEvent.New())
		return nil
	}
	s.in = slices.Grow(s.in, 4<<10)
	n, err := s.src.Read(s.in[len(s.in):cap(s.in)])
	s.in, s.err = s.in[:len(s.in)+n], err
	return nil
}

// last handles what the stream ends with: an event without its blank line.
func (s *eventStream) last() error {
	rest := s.in
	s.in = nil
	if len(bytes.TrimSpace(rest)) > 0 {
		s.handle(rest)
		return nil
	}
	s.ended = true
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// handle runs the EventFlow on one event. A fault ends the stream; it is sent as
// one more event, since the status is gone already (runtime.md 3.8).
func (s *eventStream) handle(event []byte) {
	s.count++
	x := s.run.x
	x.Put("response.event.current.content", flow.Text(string(event)))
	x.Put("response.event.current.data", flow.Text(eventData(event)))
	x.Put("response.event.current.count", flow.Int(s.count))
	before := eventData(event)
	if err := s.policies(); err != nil {
		s.fault(err)
		return
	}
	content := x.Lookup("response.event.current.content").String()
	if data := x.Lookup("response.event.current.data").String(); data != before {
		content = withData(content, data)
	}
	if content != "" {
		s.out = append(s.out[:0:0], terminated(content)...)
	}
}

func (s *eventStream) policies() (err error) {
	defer s.run.guard(&err, s.run.x.Depth)
	return s.section.Run(s.ctx, s.run.x, flow.ProxySide)
}

func (s *eventStream) fault(err error) {
	rules := s.run.endpoint.Rules
	if s.run.target != nil {
		rules = s.run.targetRules()
	}
	s.run.faulted(s.ctx, err, rules)
	s.ended, s.in = true, nil
	if s.run.gone {
		return
	}
	s.out = append([]byte("data: "), flow.FaultOf(err).Body()...)
	s.out = append(s.out, "\n\n"...)
}

var tooBigEvent = faults.MustRuntime("TooBigBody/response")

// eventEnd is the length of the first whole event in b, with its blank line, or
// 0. Then seen is where to look on when there is more of b; it begins a line, so
// that a long event is not looked at again with every read.
func eventEnd(b []byte, from int) (end, seen int) {
	for i := from; i < len(b); i++ {
		if b[i] != '\n' && b[i] != '\r' {
			continue
		}
		line := lineEnd(b, i)
		if line == len(b) {
			return 0, from // "\n" or a blank line may follow
		}
		if b[line] == '\n' || b[line] == '\r' && line+1 < len(b) {
			return lineEnd(b, line), 0
		}
		if b[line] == '\r' {
			return 0, from // "\n" may follow
		}
		from = line
		i = line - 1
	}
	return 0, from
}

// lineEnd is the index after the line break at i.
func lineEnd(b []byte, i int) int {
	if b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n' {
		return i + 2
	}
	return i + 1
}

// eventData joins the data lines of an event, as the standard says.
func eventData(event []byte) string {
	var data []string
	for line := range strings.Lines(string(event)) {
		if rest, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "data:"); ok {
			data = append(data, strings.TrimPrefix(rest, " "))
		}
	}
	return strings.Join(data, "\n")
}

// withData replaces the data lines of an event.
func withData(event, data string) string {
	var b strings.Builder
	for line := range strings.Lines(event) {
		if text := strings.TrimRight(line, "\r\n"); text != "" && !strings.HasPrefix(text, "data:") {
			b.WriteString(text + "\n")
		}
	}
	for line := range strings.SplitSeq(data, "\n") {
		b.WriteString("data: " + line + "\n")
	}
	return b.String() + "\n"
}

func terminated(event string) string {
	if end, _ := eventEnd([]byte(event), 0); end > 0 {
		return event
	}
	return strings.TrimRight(event, "\r\n") + "\n\n"
}
