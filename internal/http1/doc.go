// Package http1 speaks HTTP/1.1 and HTTP/1.0 on both sides of a gateway, and
// passes on what the wire carried: spelling and order of header lines, repeated
// lines, the raw target, the reason phrase, interim answers, trailers.
//
// # The way of a request
//
//  1. Server.serveConn (server.go, conn.go) waits for a header section.
//     sectionReader (head.go) finds its end, refuses what is too big or not
//     made of CRLF lines, and turns it into one string; header fields are parts
//     of it. A connection that opens like HTTP/2 is given away (preface.go).
//  2. Request.parse (request.go) and readFraming (framing.go) refuse everything
//     on which two parsers could disagree. Refusals are *ProtocolError and are
//     answered by Server.Refuse (refuse.go). Of an absolute-form target the host
//     replaces what the Host line says: all readers of the request see one host.
//  3. The handler reads Request.Body (body.go, chunked.go), which answers
//     Expect: 100-continue when it is first read, and calls ResponseWriter.Watch
//     (watch.go) before it waits for anything but the client.
//  4. Client.Do (client.go, call.go) takes a kept connection (pool.go) or dials,
//     writes the request from the caller's goroutine, or with a large stream from
//     another one (upload.go), and reads the answer (answer.go, tunnel.go).
//  5. ResponseWriter (response.go, headwrite.go) writes the answer into a sink
//     (wire.go): a small one leaves in one system call, a stream is sent before
//     each read that would wait.
//  6. What the handler left unread is read away or the connection ends, and the
//     next request is read.
//
// # Why not a library
//
// net/http, which this package is tested against, canonicalises and sorts header
// names, cannot send a reason phrase, and costs three times the CPU: 38 us a
// request for its server, Transport and ReverseProxy, where nginx takes 12.7 us
// and an event loop in Go without any HTTP 10.9 us. Half of that is handing each
// request and answer between goroutines, which no option turns off. A handler
// over hand-kept target connections behind its server still took 25 us. fasthttp
// (14 us) and hertz (16 us) keep less: in the same measurement neither passed
// trailers, fasthttp buffered streams and took a 103 for the final answer, so
// that the next caller got the one that was meant (reference performance.md,
// "Which stack"; libraries.md, section 2). HTTP/2 and HTTP/3 stay with net/http
// and quic-go.
//
// From net/http come constants, status texts and the date format only.
package http1
