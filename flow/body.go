package flow

import (
	"bytes"
	"errors"
	"io"
)

// DefaultPayloadLimit is how many bytes of a body a policy may look at unless
// request.payload.parse.limit or response.payload.parse.limit say otherwise.
const DefaultPayloadLimit = 10 << 20

// Errors of Body.Hold, beside ErrMemory.
var (
	ErrBodyTooBig = errors.New("body is larger than the payload limit")
	ErrBodyGone   = errors.New("body has already been streamed away")
)

// Body is the payload of a message. It is in one of three states:
//
//	held     the bytes are in memory; it can be read and sent any number of times
//	flowing  an unread stream of known or unknown size
//	gone     a stream that was sent on and cannot be read again
//
// Hold takes flowing to held, Take takes flowing to gone, Set takes any state
// to held. There are no other transitions. The zero value is held and empty.
type Body struct {
	state bodyState
	held  []byte
	src   io.ReadCloser
	size  int64
	err   error // flowing: why an earlier Hold failed
}

type bodyState uint8

const (
	bodyHeld bodyState = iota
	bodyFlowing
	bodyGone
)

// Set makes data the body. The body keeps data; the caller must not change it.
func (b *Body) Set(data []byte) {
	b.Close()
	*b = Body{held: data}
}

// SetStream makes r the body, of size bytes, or of unknown length when size is
// negative. Errors that r returns reach the client as they are, so r returns
// *faults.Fault values.
func (b *Body) SetStream(r io.ReadCloser, size int64) {
	b.Close()
	*b = Body{state: bodyFlowing, src: r, size: size}
}

// Hold returns the whole body and keeps it. A stream of more than limit bytes
// gives ErrBodyTooBig; one that was sent already gives ErrBodyGone. A failed
// Hold loses nothing: the body keeps flowing, from its first byte. Every further
// Hold fails alike, without reading again.
func (b *Body) Hold(limit int64) ([]byte, error) { return b.hold(limit, nil) }

// hold is Hold at the cost of a share, nil for none; it may give ErrMemory.
func (b *Body) hold(limit int64, s *share) ([]byte, error) {
	switch {
	case b.state == bodyHeld:
		return b.held, nil
	case b.state == bodyGone:
		return nil, ErrBodyGone
	case b.err != nil:
		return nil, b.err
	case b.size > limit:
		b.err = ErrBodyTooBig
		return nil, b.err
	}
	data, err := readAtMost(s.counting(b.src), b.size, limit)
	if err != nil {
		b.putBack(data, err)
		return nil, err
	}
	b.Close()
	*b = Body{held: data}
	return data, nil
}

// putBack puts data in front of what is left of the stream.
func (b *Body) putBack(data []byte, err error) {
	var rest io.Reader = b.src
	if !errors.Is(err, ErrBodyTooBig) && !errors.Is(err, ErrMemory) {
		rest = failed{err}
	}
	b.err = err
	b.src = readCloser{io.MultiReader(bytes.NewReader(data), rest), b.src}
}

// failed is the end of a stream that broke.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// readAtOnce bounds what is set aside for a body before any of it arrived: its
// size is only what the peer claims.
const readAtOnce = 64 << 10

// readAtMost reads all of r, of about size bytes (negative: unknown). With an
// error it returns what it has read until then.
func readAtMost(r io.Reader, size, limit int64) ([]byte, error) {
	expected := int(min(max(size, 0), readAtOnce)) + bytes.MinRead // MinRead: room to see the end
	buf := bytes.NewBuffer(make([]byte, 0, expected))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = ErrBodyTooBig
	}
	return buf.Bytes(), err
}

// Take returns the body for sending and its size (negative: unknown). A held
// body stays held; a flowing one is gone afterwards and the caller closes the
// reader. A body that is gone gives an empty reader.
func (b *Body) Take() (io.ReadCloser, int64) {
	switch b.state {
	case bodyFlowing:
		src, size := b.src, b.size
		*b = Body{state: bodyGone}
		return src, size
	case bodyGone:
		return newHeld(nil), 0
	}
	return newHeld(b.held), int64(len(b.held))
}

// heldReader reads bytes that are at hand; Bytes tells a wire engine that they
// are, so that it can send them again.
type heldReader struct {
	bytes.Reader
	data []byte
}

func newHeld(data []byte) *heldReader {
	h := &heldReader{data: data}
	h.Reset(data)
	return h
}

// Close does nothing.
func (*heldReader) Close() error { return nil }

// Bytes returns all of the bytes, however much was read.
func (h *heldReader) Bytes() []byte { return h.data }

// Held returns the bytes of a held body and true, without copying; otherwise
// nil and false.
func (b *Body) Held() ([]byte, bool) { return b.held, b.state == bodyHeld }

func (b *Body) heldAlready() bool { return b.state == bodyHeld }

// Flowing reports whether the body is an unread stream.
func (b *Body) Flowing() bool { return b.state == bodyFlowing }

// Gone reports whether the body was streamed away.
func (b *Body) Gone() bool { return b.state == bodyGone }

// Size returns the number of bytes, or a negative number when it is unknown.
func (b *Body) Size() int64 {
	switch b.state {
	case bodyFlowing:
		return b.size
	case bodyGone:
		return 0
	}
	return int64(len(b.held))
}

// Close drops an unread stream. A body that nobody sends must be closed, so
// that its connection is freed.
func (b *Body) Close() {
	if b.state == bodyFlowing {
		_ = b.src.Close() // nobody reads it any more: a late transport error has no reader
		*b = Body{state: bodyGone}
	}
}
