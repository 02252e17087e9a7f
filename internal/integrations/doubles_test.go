package integrations

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A world stands in for everything outside of an engine: one HTTP server for all hosts, one SMTP
// server, profiles that all give the same token, and a journal.
type world struct {
	answer func(r *http.Request, body string) (int, string)

	mu       sync.Mutex
	requests []string // METHOD host/path?query body
	mails    []string // to|subject|body
	last     map[string]*Record
	ended    map[string]*Record
}

// newWorld returns options whose outside is a world that lives as long as the test.
func newWorld(t *testing.T, answer func(r *http.Request, body string) (int, string)) (*world, Options) {
	t.Helper()
	w := &world{answer: answer, last: map[string]*Record{}, ended: map[string]*Record{}}
	s := httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(s.Close)
	var ids atomic.Int64
	return w, Options{
		NewID:   func() string { return fmt.Sprintf("id-%d", ids.Add(1)) },
		Client:  &http.Client{Transport: &diverted{s.Listener.Addr().String(), s.Client().Transport}},
		Journal: w,
		Outside: Outside{
			Mail: serveSMTP(t, w), MailFrom: "integrations@example.com",
			Connectors: "https://connectors.example", Services: "https://services.example",
			AuthProfile: func(string) ([]byte, bool) {
				return []byte(`{"credentialType":"AUTH_TOKEN","decryptedCredential":{"authToken":{"type":"Bearer","token":"profile"}}}`), true
			},
		},
	}
}

// diverted sends every request to the double, which sees the host that was meant.
type diverted struct {
	address string
	next    http.RoundTripper
}

func (d *diverted) RoundTrip(r *http.Request) (*http.Response, error) {
	c := r.Clone(r.Context())
	if c.Host == "" {
		c.Host = r.URL.Host
	}
	c.URL = &url.URL{Scheme: "http", Host: d.address, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	return d.next.RoundTrip(c)
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.mu.Lock()
	w.requests = append(w.requests, strings.TrimSpace(fmt.Sprintf("%s %s%s %s", r.Method, r.Host, r.URL.RequestURI(), body)))
	w.mu.Unlock()
	status, text := w.answer(r, string(body))
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text)
}

func (w *world) Accepted(_ context.Context, r *Record) error { return w.keep(r, w.last) }
func (w *world) Reached(_ context.Context, r *Record) error  { return w.keep(r, w.last) }
func (w *world) Ended(_ context.Context, r *Record) error    { return w.keep(r, w.ended) }

// keep stores a copy through JSON, as a journal does. The main execution has no parent.
func (w *world) keep(r *Record, in map[string]*Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	c := &Record{}
	if err := json.Unmarshal(text, c); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	in[r.ID] = c
	if r.Parent == "" {
		in["main"] = c
	}
	return nil
}

// variable is a variable of the main execution, as the journal last heard of it.
func (w *world) variable(name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.last["main"]
	if r == nil {
		return ""
	}
	var all map[string]json.RawMessage
	_ = json.Unmarshal(r.Variables, &all)
	return string(all[name])
}

// serveSMTP accepts every mail. It returns the address.
func serveSMTP(t *testing.T, w *world) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.receive(c) })
		}
	})
	return l.Addr().String()
}

func (w *world) receive(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	fmt.Fprint(c, "220 double\r\n")
	var to []string
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(line[:min(4, len(line))]); verb {
		case "RCPT":
			to = append(to, strings.Trim(strings.TrimSpace(line[len("RCPT TO:"):]), "<>"))
			fmt.Fprint(c, "250 ok\r\n")
		case "DATA":
			fmt.Fprint(c, "354 go on\r\n")
			w.mail(to, in)
			to = nil
			fmt.Fprint(c, "250 ok\r\n")
		case "QUIT":
			fmt.Fprint(c, "221 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 double\r\n")
		}
	}
}

func (w *world) mail(to []string, in *bufio.Reader) {
	var data strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			break
		}
		data.WriteString(strings.TrimPrefix(line, ".")) // dots are doubled
	}
	m, err := mail.ReadMessage(strings.NewReader(data.String()))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(m.Body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.mails = append(w.mails, strings.Join(to, ",")+"|"+m.Header.Get("Subject")+"|"+strings.TrimSpace(string(body)))
}
