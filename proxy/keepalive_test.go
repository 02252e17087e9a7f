package proxy

import (
	"bufio"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// counting is a target that answers "ok" and counts its connections.
func counting(t *testing.T) (url string, connections *atomic.Int32) {
	t.Helper()
	connections = &atomic.Int32{}
	return "http://" + bareTarget(t, func(c net.Conn) {
		connections.Add(1)
		for br := bufio.NewReader(c); ; {
			if _, err := readArrived(br); err != nil {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}), connections
}

// TestKeepAliveTimeout: keepalive.timeout.millis is how long a connection to the
// target is used again, for each TargetEndpoint.
func TestKeepAliveTimeout(t *testing.T) {
	for property, want := range map[string]int32{"": 1, "keepalive.timeout.millis=60000": 1, "keepalive.timeout.millis=5": 3, "keepalive.timeout.millis=0": 3} {
		t.Run(property, func(t *testing.T) {
			url, connections := counting(t)
			s := rig{files: []string{proxyAt("/p"), targetAt(url, property)}}.serve(t)
			for range 3 {
				s.wants("GET /p HTTP/1.1", 200, "ok")
				time.Sleep(10 * time.Millisecond) // the runtime's own clock decides
			}
			if n := connections.Load(); n != want {
				t.Errorf("%d connections, want %d", n, want)
			}
		})
	}
}
