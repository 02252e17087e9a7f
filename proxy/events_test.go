package proxy

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// streaming is a target that sends each text it is given, until the channel
// closes.
func streaming(t *testing.T, head string) (url string, send chan<- string) {
	texts := make(chan string)
	url = "http://" + bareTarget(t, func(c net.Conn) {
		if _, err := readArrived(bufio.NewReader(c)); err != nil {
			return
		}
		_, _ = io.WriteString(c, head)
		for {
			select {
			case text, ok := <-texts:
				if _, err := io.WriteString(c, text); err != nil || !ok {
					return
				}
			case <-t.Context().Done(): // the test has failed
				return
			}
		}
	})
	return url, texts
}

const eventHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"

// TestEventsPassAtOnce: what the target sends reaches the client before it sends
// more, with an EventFlow and without.
func TestEventsPassAtOnce(t *testing.T) {
	for _, eventFlow := range []string{"", `<EventFlow content-type="text/event-stream">` + onResponse("N") + `</EventFlow>`} {
		url, send := streaming(t, eventHead)
		s := rig{files: []string{proxyAt("/p", eventFlow), targetAt(url), `<Note name="N">{response.event.current.count}</Note>`}}.serve(t)
		c := s.dial()
		_, _ = io.WriteString(c, wire("GET /p HTTP/1.1"))
		br := bufio.NewReader(c)
		for _, event := range []string{"data: one\n\n", "data: two\r\n\r\n", "id: 3\rdata: three\r\r"} {
			select {
			case send <- event:
			case <-time.After(patience):
				t.Fatal("the target is not asked")
			}
			if event[len(event)-1] == '\r' {
				close(send) // the end of such an event shows only with what follows
			}
			expectText(t, br, strings.TrimRight(event, "\r\n"))
		}
	}
}

// expectText reads until text has come.
func expectText(t *testing.T, r io.ByteReader, text string) {
	t.Helper()
	var got []byte
	for !strings.HasSuffix(string(got), text) {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%q did not come: %v after %q", text, err, got)
		}
		got = append(got, b)
	}
}

// TestEventFlow drops, changes and faults, event by event (runtime.md 3.8).
func TestEventFlow(t *testing.T) {
	const stream = "id: 1\ndata: a\ndata: b\n\n: comment\ndata: drop\n\ndata: data\n\ndata: fault\n\ndata: never\n\n"
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\n" + stream
	})
	when := func(data string) string { return ` if response.event.current.data = "` + data + `"` }
	eventFlow := `<EventFlow name="x" content-type="text/event-stream">` + onResponse("Wrong") + `</EventFlow>` +
		`<EventFlow name="y" content-type="text/event-stream">` + onResponse("N", "Drop"+when("drop"), "Data"+when("data"), "F"+when("fault"), "P"+when("panic")) + `</EventFlow>`
	wrong := `<EventFlow content-type="text/event-stream">` + onResponse("Wrong") + `</EventFlow>`
	s := rig{files: []string{
		proxyAt("/target", wrong, postClient("Last")), targetAt(url, eventFlow, faultRules(faultRule("r", "", "InRule"))),
		proxyAt("/proxy", eventFlow, `<RouteRule name="b"><TargetEndpoint>bare</TargetEndpoint></RouteRule>`), targetNamed("bare", url),
		`<Note name="N">{response.event.current.count} {response.event.current.content}</Note>`, `<Note name="InRule">rule {fault.name}</Note>`, `<Note name="Last">last {error.status.code}</Note>`,
		`<Assign name="Wrong"><V name="response.event.current.content">wrong</V></Assign>`,
		`<Assign name="Drop"><V name="response.event.current.content"></V></Assign>`,
		`<Assign name="Data"><V name="response.event.current.data">other
data</V></Assign>`, `<Fault name="F" code="BadFormData"/>`, `<Panic name="P"/>`}}.serve(t)
	want := "id: 1\ndata: a\ndata: b\n\ndata: other\ndata: data\n\n" +
		`data: {"fault":{"faultstring":"Bad Form Data","detail":{"errorcode":"protocol.http.BadFormData"}}}` + "\n\n"
	asks := func(path string) {
		a := s.wants("GET "+path+" HTTP/1.1", 200, want)
		if !strings.HasSuffix(a.body, "0\r\n\r\n") {
			t.Errorf("%s: the answer does not end as it should: %q", path, a.body)
		}
	}
	asks("/target")
	var notes []string
	for range 6 {
		notes = append(notes, s.note())
	}
	asks("/proxy")
	if got, want := strings.Join(notes, "|"), "1 id: 1\ndata: a\ndata: b\n\n|2 : comment\ndata: drop\n\n|3 data: data\n\n|4 data: fault\n\n|rule BadFormData|last 500"; got != want {
		t.Errorf("noted\n%q, want\n%q", got, want)
	}
}

// TestEventFlowPanics: it ends the stream as a fault does, and PostClientFlow runs.
func TestEventFlowPanics(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\ndata: a\n\n"
	})
	s := rig{files: []string{proxyAt("/p", `<EventFlow content-type="text/event-stream">`+onResponse("P")+`</EventFlow>`, postClient("N")), targetAt(url),
		`<Panic name="P"/>`, `<Note name="N">{fault.name}</Note>`}}.serve(t)
	s.wants("GET /p HTTP/1.1", 200, `data: {"fault":{"faultstring":"Policy P failed unexpectedly","detail":{"errorcode":"sluice.PolicyPanic"}}}`+"\n\n")
	if n := s.note(); n != "PolicyPanic" || len(s.panics) != 1 {
		t.Errorf("noted %q, %d panics", n, len(s.panics))
	}
}

// TestEventTooBig bounds one event.
func TestEventTooBig(t *testing.T) {
	url := rawTarget(t, func(arrived) string {
		return "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n\ndata: a\n\ndata: " + strings.Repeat("x", maxEvent+100)
	})
	s := rig{files: []string{proxyAt("/p", `<EventFlow content-type="text/event-stream">`+onResponse("N")+`</EventFlow>`), targetAt(url), `<Note name="N">.</Note>`}}.serve(t)
	a := s.ask("GET /p HTTP/1.1")
	if got := a.text(); !strings.HasPrefix(got, "data: a\n\n") || !strings.Contains(got, "protocol.http.TooBigBody") || len(got) > 1000 {
		t.Errorf("%.300q", got)
	}
}

func TestEventEnd(t *testing.T) {
	for _, c := range []struct {
		text string
		end  int
	}{
		{"", 0}, {"data: a", 0}, {"data: a\n", 0}, {"data: a\n\n", 9}, {"data: a\r\n\r\n", 11}, {"data: a\r\rx", 9}, {"data: a\r\r", 0}, {"data: a\n\r", 0}, {"a\nb\n\nc", 5},
		{"\n", 0}, {"\n\n", 2}, {"a\r\n\nb", 4},
	} {
		if end, _ := eventEnd([]byte(c.text), 0); end != c.end {
			t.Errorf("%q ends at %d, want %d", c.text, end, c.end)
		}
	}
}

// FuzzEventEnd: where an event ends does not depend on how it arrives.
func FuzzEventEnd(f *testing.F) {
	f.Add("data: a\r\n\r\ndata: b\n\n")
	f.Add("\r\r\n\n\r")
	f.Fuzz(func(t *testing.T, text string) {
		text += "\n\nx" // it does end
		whole, _ := eventEnd([]byte(text), 0)
		if whole == 0 {
			t.Fatalf("%q has no end", text)
		}
		seen, end := 0, 0
		for n := 0; n <= len(text) && end == 0; n++ {
			end, seen = eventEnd([]byte(text[:n]), seen)
		}
		if end != whole {
			t.Errorf("%q: byte by byte the end is %d, at once %d", text, end, whole)
		}
	})
}
