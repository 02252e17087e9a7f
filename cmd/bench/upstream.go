package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// upstreamRole answers every workload's request with its response. It prints the
// address that it listens on, and ends when its standard input does.
func upstreamRole([]string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go untilStdinEnds(l)
	return serveUpstream(l)
}

// untilStdinEnds closes the listener when the process that started this one is gone,
// however it went.
func untilStdinEnds(l net.Listener) {
	_, _ = io.Copy(io.Discard, os.Stdin) // any end of it is the end
	_ = l.Close()
}

// serveUpstream serves until the listener is closed.
func serveUpstream(l net.Listener) error {
	responses := map[string][]byte{}
	for _, w := range workloads {
		responses[w.path()] = []byte(w.response)
	}
	return serveWires(l, func(w *wire) { answer(w, responses) })
}

// serveWires serves each connection in a goroutine until the listener is closed.
func serveWires(l net.Listener, serve func(*wire)) error {
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		go serve(newWire(c))
	}
}

// answer serves one connection until it ends or sends what is not a known request.
func answer(w *wire, responses map[string][]byte) {
	defer w.Close()
	for {
		head, _, err := w.next()
		if err != nil {
			return
		}
		_, rest, _ := bytes.Cut(head, []byte(" "))
		path, _, _ := bytes.Cut(rest, []byte(" "))
		response, ok := responses[string(path)]
		if !ok {
			response = []byte("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		}
		if _, err := w.Write(response); err != nil {
			return
		}
	}
}
