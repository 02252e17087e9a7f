package flow

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// stream is a body that flows and tells whether it was closed.
type stream struct {
	io.Reader
	closed int
}

func (s *stream) Close() error { s.closed++; return nil }

func flowing(text string, size int64) (*Body, *stream) {
	s := &stream{Reader: strings.NewReader(text)}
	var b Body
	b.SetStream(s, size)
	return &b, s
}

func takeAll(t *testing.T, b *Body) (string, error) {
	t.Helper()
	r, _ := b.Take()
	data, err := io.ReadAll(r)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return string(data), err
}

func TestBodyHold(t *testing.T) {
	for _, size := range []int64{5, -1} {
		b, s := flowing("hello", size)
		if !b.Flowing() || b.Size() != size {
			t.Errorf("size %d: a new stream: flowing %v, size %d", size, b.Flowing(), b.Size())
		}
		data, err := b.Hold(5)
		if string(data) != "hello" || err != nil || s.closed != 1 {
			t.Errorf("size %d: Hold: %q, %v; closed %d times", size, data, err, s.closed)
		}
		for range 2 {
			if text, err := takeAll(t, b); text != "hello" || err != nil {
				t.Errorf("size %d: a held body sent: %q, %v", size, text, err)
			}
		}
		if held, ok := b.Held(); string(held) != "hello" || !ok || b.Size() != 5 {
			t.Errorf("size %d: Held: %q, %v", size, held, ok)
		}
	}
}

// TestBodyTooBig: nothing of a body above the limit is lost, so that a step with
// continueOnError does not make the target get half of it.
func TestBodyTooBig(t *testing.T) {
	for _, size := range []int64{6, -1, 3} { // 3: the peer lied
		b, s := flowing("hello!", size)
		for _, limit := range []int64{5, 5, 100} {
			if _, err := b.Hold(limit); !errors.Is(err, ErrBodyTooBig) {
				t.Errorf("size %d: Hold(%d): %v", size, limit, err)
			}
		}
		if text, err := takeAll(t, b); text != "hello!" || err != nil {
			t.Errorf("size %d: sent %q, %v", size, text, err)
		}
		if s.closed != 1 {
			t.Errorf("size %d: closed %d times", size, s.closed)
		}
		if _, err := b.Hold(5); !errors.Is(err, ErrBodyGone) {
			t.Errorf("size %d: Hold of a body that was sent: %v", size, err)
		}
	}
}

func TestBodyThatBreaks(t *testing.T) {
	broken := errors.New("connection reset")
	var b Body
	b.SetStream(io.NopCloser(io.MultiReader(strings.NewReader("hel"), failed{broken})), 5)
	for range 2 {
		if _, err := b.Hold(100); !errors.Is(err, broken) {
			t.Errorf("Hold: %v", err)
		}
	}
	if text, err := takeAll(t, &b); text != "hel" || !errors.Is(err, broken) {
		t.Errorf("sent %q, %v", text, err)
	}
}

func TestBodyTake(t *testing.T) {
	b, s := flowing("hello", -1)
	r, size := b.Take()
	if size != -1 || !b.Gone() || b.Size() != 0 || s.closed != 0 {
		t.Errorf("Take: size %d, gone %v, closed %d", size, b.Gone(), s.closed)
	}
	if data, err := io.ReadAll(r); string(data) != "hello" || err != nil {
		t.Errorf("sent %q, %v", data, err)
	}
	if text, err := takeAll(t, b); text != "" || err != nil {
		t.Errorf("a body that is gone sent: %q, %v", text, err)
	}
	b.Set([]byte("new"))
	if text, _ := takeAll(t, b); text != "new" || b.Gone() {
		t.Errorf("after Set: %q", text)
	}
}

func TestBodyClosesWhatItReplaces(t *testing.T) {
	for name, replace := range map[string]func(*Body){
		"Set":       func(b *Body) { b.Set(nil) },
		"SetStream": func(b *Body) { b.SetStream(io.NopCloser(strings.NewReader("")), 0) },
		"Close":     func(b *Body) { b.Close(); b.Close() },
	} {
		b, s := flowing("hello", 5)
		replace(b)
		if s.closed != 1 {
			t.Errorf("%s closed the stream %d times", name, s.closed)
		}
	}
}

// TestBodyBelievesNoSize: a peer that announces much and sends nothing must not
// cost the memory that it announced.
func TestBodyBelievesNoSize(t *testing.T) {
	b, _ := flowing("x", 10<<20)
	data, err := b.Hold(10 << 20)
	if err != nil {
		t.Fatal(err)
	}
	if cap(data) > 2*readAtOnce {
		t.Errorf("one byte is held in %d", cap(data))
	}
}

func TestBodyZero(t *testing.T) {
	var b Body
	data, err := b.Hold(0)
	if len(data) != 0 || err != nil || b.Flowing() || b.Gone() {
		t.Errorf("the zero body: %q, %v", data, err)
	}
}
