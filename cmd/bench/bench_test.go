package main

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWorkloads(t *testing.T) {
	for _, w := range workloads {
		_, body, found := strings.Cut(w.response, "\r\n\r\n")
		if !found || len(body) != w.length {
			t.Errorf("%s: the response's body has %d bytes, want %d", w.name, len(body), w.length)
		}
	}
}

func TestLoad(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- serveUpstream(l) }()
	for i := range workloads {
		w := workloads[i]
		if r := load(l.Addr().String(), &w, 20*time.Millisecond); r.Failed > 0 || r.Requests < connections {
			t.Errorf("%s: %+v", w.name, r)
		}
		w.length++
		if r := load(l.Addr().String(), &w, 20*time.Millisecond); r.Failed != connections || r.Requests > 0 {
			t.Errorf("%s: answers of the wrong length: %+v", w.name, r)
		}
	}
	l.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestExchangeChecksTheStatus(t *testing.T) {
	w := workloads[0]
	for code, right := range map[string]bool{"200": true, "201": false, "502": false} {
		answer := strings.Replace(w.response, "200", code, 1)
		wire := newWire(pieces{data: strings.NewReader(answer), size: len(answer)})
		if err := exchange(wire, &w, []byte(w.request)); (err == nil) != right {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// TestWire reads the texts in pieces, none of which reaches into the next text.
func TestWire(t *testing.T) {
	tests := []struct {
		name    string
		texts   []string
		lengths []int
		err     string // after the messages
	}{
		{"two messages", []string{"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 3\r\n\r\nabc", "HTTP/1.1 204 No\r\n\r\n"}, []int{3, -1}, "EOF"},
		{"nothing", nil, nil, "EOF"},
		{"cut head", []string{"HTTP/1.1 200 OK\r\nContent"}, nil, "unexpected EOF"},
		{"cut body", []string{"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"}, nil, "unexpected EOF"},
		{"no number", []string{"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}, nil, `bad header "Content-Length: x"`},
		{"negative", []string{"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"}, nil, `bad header "Content-Length: -1"`},
		{"endless head", []string{strings.Repeat("x", 1<<17)}, nil, "the head of a message is too long"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, piece := range []int{1, 2, 7, 1 << 16} {
				lengths, err := lengthsOf(piece, test.texts...)
				if err.Error() != test.err || !slices.Equal(lengths, test.lengths) {
					t.Errorf("in pieces of %d: %v, %v; want %v, %s", piece, lengths, err, test.lengths, test.err)
				}
			}
		})
	}
}

func TestWireRefusesSurplus(t *testing.T) {
	_, err := lengthsOf(1<<16, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nabc")
	if err == nil || err.Error() != "2 bytes too many follow a message" {
		t.Errorf("got %v", err)
	}
}

func FuzzWire(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"), uint8(4))
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"), uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		lengths, err := lengthsOf(int(piece)+1, string(data))
		sum := 0
		for _, n := range lengths {
			sum += n
		}
		if err == nil || sum > len(data) {
			t.Errorf("%v bytes of body in %d, %v", lengths, len(data), err)
		}
	})
}

// lengthsOf reads messages from texts until there is an error.
func lengthsOf(piece int, texts ...string) ([]int, error) {
	var readers []io.Reader
	for _, text := range texts {
		readers = append(readers, strings.NewReader(text))
	}
	w := newWire(pieces{data: io.MultiReader(readers...), size: piece})
	var lengths []int
	for {
		head, length, err := w.next()
		if err != nil {
			return lengths, err
		}
		status(head)
		lengths = append(lengths, length)
	}
}

// pieces is a connection that yields a few bytes at a time.
type pieces struct {
	net.Conn
	data io.Reader
	size int
}

func (pieces) Write(b []byte) (int, error) { return len(b), nil }

func (p pieces) Read(b []byte) (int, error) { return p.data.Read(b[:min(len(b), p.size)]) }

func TestAllowedCPUs(t *testing.T) {
	for text, want := range map[string][]int{
		"Cpus_allowed:\tf\nCpus_allowed_list:\t0-3\nMems_allowed:\t1\n": {0, 1, 2, 3},
		"Cpus_allowed_list:\t2,5-6\n":                                   {2, 5, 6},
		"Name:\tx\n":                                                    nil,
	} {
		if got := allowedCPUs(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	b := &bench{options: &options{peers: []string{sluice, nginx}}}
	var out bytes.Buffer
	err := b.table(&out, map[string][]sample{
		sluice: {{cpu: 10}, {round: 1, cpu: 30}, {round: 2, cpu: 90}},
		nginx:  {{cpu: 2}, {round: 1, cpu: 10}, {round: 2, cpu: 45}},
	})
	if err != nil {
		t.Fatal(err)
	}
	fields := func(line string) string { return strings.Join(strings.Fields(line), " ") }
	lines := strings.Split(out.String(), "\n")
	if want := "| sluice | 30.0 | 3.00 |"; !strings.HasPrefix(fields(lines[2]), want) {
		t.Errorf("%s\ndoes not begin with %s", lines[2], want)
	}
	if strings.Contains(lines[0], "to "+reverseProxy) {
		t.Errorf("a ratio to a peer that was not measured: %s", lines[0])
	}
}
