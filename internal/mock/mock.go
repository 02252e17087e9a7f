package mock

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxRequestBody = 10 << 20
	maxGenerated   = 100 << 10
	maxWait        = 10 * time.Second
)

// Handler serves all stand-ins on one listener and chooses by the Host header; its port and letter case do not count.
func Handler() http.Handler {
	mocktarget, httpbin, echo := Mocktarget(), Httpbin(), Echo()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch hostname(r.Host) {
		case "mocktarget.apigee.net":
			mocktarget.ServeHTTP(w, r)
		case "httpbin.org", "www.httpbin.org":
			httpbin.ServeHTTP(w, r)
		default:
			echo.ServeHTTP(w, r)
		}
	})
}

func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// clientIP is the address a backend would see: what a proxy in front reports, else the peer.
func clientIP(r *http.Request) string {
	if forwarded := r.Header.Get("X-Forwarded-For"); forwarded != "" {
		return forwarded
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// readBody returns the whole request body. When it cannot, it has answered 413 or 400 and reports false.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequestBody))
	if err == nil {
		return body, true
	}
	status := http.StatusBadRequest
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		status = http.StatusRequestEntityTooLarge
	}
	http.Error(w, err.Error(), status)
	return nil, false
}

// wait returns after d, at most maxWait, or with the context's error when the client is gone earlier.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(min(d, maxWait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// seconds reads a decimal number of seconds, bounded to [0, maxWait] before it becomes a Duration, which could not
// hold every float. NaN is refused.
func seconds(text string) (time.Duration, bool) {
	s, err := strconv.ParseFloat(text, 64)
	if (err != nil && !errors.Is(err, strconv.ErrRange)) || s != s {
		return 0, false
	}
	s = max(0, min(s, maxWait.Seconds()))
	return time.Duration(s * float64(time.Second)), true
}

// finalStatus reads a status that may end an exchange: 1xx would only announce one, and net/http panics beyond 999.
func finalStatus(text string) (int, bool) {
	code, err := strconv.Atoi(text)
	return code, err == nil && code >= 200 && code <= 599
}
