package main

import (
	"errors"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
)

func TestSplit(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := newSplit(l)
	for text, to := range map[string]*half{
		"GET / HTTP/1.1\r\n\r\n":            s.other,
		"P":                                 nil, // and no more
		"PUT /x HTTP/1.1\r\n\r\n":           s.other,
		"PRI * HTTP/1.0\r\n\r\n":            s.other,
		http2.ClientPreface + "and a frame": s.http2,
		http2.ClientPreface:                 s.http2,
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []byte(text) { // as slowly as it can come
			if _, err := c.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.(*net.TCPConn).CloseWrite()
		if to == nil {
			if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
				t.Errorf("%q: %v, want the end", text, err)
			}
			continue
		}
		served, err := to.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(served); string(got) != text || err != nil {
			t.Errorf("%q was read as %q, %v", text, got, err)
		}
		_ = served.Close()
		_ = c.Close()
	}
	_ = s.other.Close()
	if c, err := net.Dial("tcp", l.Addr().String()); err != nil {
		t.Errorf("one half is open: %v", err)
	} else {
		_ = c.Close()
	}
	_ = s.http2.Close()
	for _, h := range []*half{s.http2, s.other} {
		if _, err := h.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
	s.deciding.Wait()
}
