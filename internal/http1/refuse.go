package http1

import (
	"errors"
	"net/http"
	"time"
)

// refuse answers what could not be read as a request and ends the connection.
func (c *conn) refuse(ex *exchange, err error) bool {
	var perr *ProtocolError
	switch {
	case errors.As(err, &perr):
	case isTimeout(err):
		perr = &ProtocolError{Status: http.StatusRequestTimeout, Kind: RequestTimeOut, Detail: "the header section did not arrive in time"}
	default:
		return false // the client has gone
	}
	if ex == nil {
		ex = &exchange{}
		ex.req.Proto = "HTTP/1.1"
		ex.w.start(c, &ex.req)
	}
	c.now = ex
	ex.w.close = true
	if c.srv.Refuse != nil {
		c.srv.Refuse(&ex.w, perr)
	} else {
		refusePlainly(&ex.w, perr)
	}
	ex.w.complete()
	ex.w.out.close()
	c.linger()
	return false
}

func refusePlainly(w *ResponseWriter, e *ProtocolError) {
	text := []byte(e.Detail + "\n")
	header := []Field{{Name: "Content-Type", Value: "text/plain; charset=utf-8"}}
	if w.WriteHead(e.Status, "", header, int64(len(text))) == nil {
		_, _ = w.Write(text) // the client may have gone
	}
}

// linger lets the client read the answer: closing a connection with unread
// input resets it, and the reset may overtake the answer.
func (c *conn) linger() {
	half, ok := c.link.Conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.link.resume()
	if c.link.readUntil(time.Now().Add(lingerTime)) != nil {
		return
	}
	for left := drainLimit; left > 0; {
		n, err := c.br.Discard(min(left, readBuffer))
		left -= n
		if err != nil {
			return
		}
	}
}
