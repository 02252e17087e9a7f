package http1

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind names what is wrong with a message. Where Apigee has a name for it the
// name is Apigee's (reference runtime.md, section "protocol.http faults").
type Kind string

// Kinds of ProtocolError.
const (
	TooBigLine                 Kind = "TooBigLine"                 // request or status line
	TooBigHeaders              Kind = "TooBigHeaders"              // bytes or number of header or trailer lines
	InvalidMessage             Kind = "InvalidMessage"             // syntax, framing
	DuplicateHeader            Kind = "DuplicateHeader"            // Name: the header that must not repeat
	HeaderNameWithNonASCIIChar Kind = "HeaderNameWithNonAsciiChar" // Name: the header
	HeaderWithInvalidChar      Kind = "HeaderWithInvalidChar"      // Name: the header
	RequestTimeOut             Kind = "RequestTimeOut"             // the header section did not arrive in time
	UnsupportedVersion         Kind = "UnsupportedVersion"         // neither HTTP/1.1 nor HTTP/1.0
	UnsupportedMethod          Kind = "UnsupportedMethod"          // CONNECT
	UnsupportedEncoding        Kind = "UnsupportedEncoding"        // a transfer coding other than chunked
)

// ProtocolError says that a peer broke the protocol or a limit. Nothing more
// is read from a connection on which one occurred.
type ProtocolError struct {
	Status int    // status to answer with; 502 for answers of a target
	Kind   Kind   //
	Name   string // the header concerned, or ""
	Detail string // one line for people
}

func (e *ProtocolError) Error() string {
	if e.Name == "" {
		return fmt.Sprintf("%s: %s", e.Kind, e.Detail)
	}
	return fmt.Sprintf("%s %q: %s", e.Kind, e.Name, e.Detail)
}

// fromTarget turns an error of parsing an answer into what a gateway says of it.
func (e *ProtocolError) fromTarget() *ProtocolError {
	e.Status = http.StatusBadGateway
	return e
}

func invalid(detail string) *ProtocolError {
	return &ProtocolError{Status: http.StatusBadRequest, Kind: InvalidMessage, Detail: detail}
}

func duplicate(name string) *ProtocolError {
	return &ProtocolError{Status: http.StatusBadRequest, Kind: DuplicateHeader, Name: name, Detail: "may appear only once"}
}

// Op is what was going on with a connection when it failed.
type Op string

// Ops of IOError, seen from the gateway.
const (
	Connect       Op = "connect"
	ReadRequest   Op = "read request"
	WriteResponse Op = "write response"
	WriteRequest  Op = "write request"
	ReadResponse  Op = "read response"
)

// IOError is a failed connection: Op tells which one and at what. A peer that
// closed too early gives io.ErrUnexpectedEOF in Err, a cancelled call the
// context's error.
type IOError struct {
	Op  Op
	Err error
}

func (e *IOError) Error() string { return string(e.Op) + ": " + e.Err.Error() }
func (e *IOError) Unwrap() error { return e.Err }

// Timeout reports whether the peer was too slow.
func (e *IOError) Timeout() bool { return isTimeout(e.Err) }

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// Errors of using a ResponseWriter out of order.
var (
	ErrHeadWritten   = errors.New("http1: the head of the answer was already written")
	ErrNoHead        = errors.New("http1: body before the head of the answer")
	ErrContentLength = errors.New("http1: body does not have the announced length")
	ErrFinished      = errors.New("http1: the answer is already finished")
	ErrBodyClosed    = errors.New("http1: read of a closed body")
)
