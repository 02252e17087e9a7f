package flow

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// flowingBody is a request whose body of that text is not read yet.
func flowingBody(x *Exchange, text string) *Message {
	m := NewRequest()
	m.Body.SetStream(io.NopCloser(strings.NewReader(text)), -1)
	x.Charge(m)
	return m
}

// TestMemory: requests together hold so much and no more. What one held is free when it
// ends, and what did not fit is not lost.
func TestMemory(t *testing.T) {
	memory := NewMemory(100)
	var first, second Exchange
	for _, x := range []*Exchange{&first, &second} {
		x.Share(memory)
	}
	text := strings.Repeat("x", 60)
	if data, err := flowingBody(&first, text).Content(); string(data) != text || err != nil {
		t.Fatal(string(data), err)
	}
	m := flowingBody(&second, text)
	for range 2 {
		if _, err := m.Content(); !errors.Is(err, ErrMemory) || FaultOf(err).Name() != "ServiceUnavailable" {
			t.Errorf("a second body is held: %v", err)
		}
	}
	body, _ := m.Body.Take()
	if data, err := io.ReadAll(body); string(data) != text || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	first.End()
	if data, err := flowingBody(&second, text).Content(); string(data) != text || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	second.End()
	if n := memory.left.Load(); n != 100 {
		t.Errorf("%d bytes are free in the end", n)
	}
}

// TestMemoryCountsPlain: what a Content-Encoding hides counts as well.
func TestMemoryCountsPlain(t *testing.T) {
	var x Exchange
	x.Share(NewMemory(1000))
	m := flowingBody(&x, string(encode(t, "gzip", strings.Repeat("x", 5000))))
	m.Header.Add("Content-Encoding", "gzip")
	if _, err := m.Content(); !errors.Is(err, ErrMemory) {
		t.Error(err)
	}
}

// TestMemoryOfACopy: what outlives the exchange is not charged to it.
func TestMemoryOfACopy(t *testing.T) {
	memory := NewMemory(1000)
	x := NewExchange(&ProxyInfo{}, &Services{}, NewRequest())
	x.Share(memory)
	d := x.Detach()
	m := NewResponse()
	m.Body.SetStream(io.NopCloser(strings.NewReader("answer")), -1)
	d.SetMessage("m", m)
	if _, err := m.Content(); err != nil || memory.left.Load() != 1000 {
		t.Error(err, memory.left.Load())
	}
}
