package flow

import (
	"bytes"
	"errors"
	"io"
)

// DefaultPayloadLimit is how many bytes of a body a policy may look at unless
// request.payload.parse.limit or response.payload.parse.limit say otherwise.
const DefaultPayloadLimit = 10 << 20

// Errors of Body.Hold.
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
// gives ErrBodyTooBig; one that was sent already gives ErrBodyGone.
func (b *Body) Hold(limit int64) ([]byte, error) {
	switch b.state {
	case bodyHeld:
		return b.held, nil
	case bodyGone:
		return nil, ErrBodyGone
	}
	if b.size > limit {
		return nil, ErrBodyTooBig
	}
	data, err := readAtMost(b.src, b.size, limit)
	if err != nil {
		return nil, err
	}
	b.Close()
	*b = Body{held: data}
	return data, nil
}

func readAtMost(r io.Reader, size, limit int64) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, max(size+1, 512)))
	n, err := buf.ReadFrom(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, ErrBodyTooBig
	}
	return buf.Bytes(), nil
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
		return io.NopCloser(bytes.NewReader(nil)), 0
	}
	return io.NopCloser(bytes.NewReader(b.held)), int64(len(b.held))
}

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
