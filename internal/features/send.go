package features

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// target is where requests go.
type target struct {
	client   *http.Client
	addr     string // HOST:PORT
	basePath string
	witness  Witness
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

const (
	maxBody      = 64 << 20
	requestLimit = time.Minute // cucumber-js gives a step 5 s unless support code says otherwise; many say 60
)

// newClient is an HTTP client that adds nothing of its own and follows nothing.
func newClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true, Proxy: nil},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// send sends a request with all that the session holds.
func (s *session) send(method, resource string) error {
	t := &s.shared.target
	s.repeats = s.repeats || t.basePath != "" && strings.HasPrefix(resource, t.basePath)
	path, query, err := locate(t.basePath+resource, s.query)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, requestLimit)
	defer cancel()
	body, form := s.payload()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+t.addr, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	r.URL = &url.URL{Scheme: "http", Host: t.addr, Opaque: path, RawQuery: query}
	r.Host = s.shared.config.Host
	s.head(r, form)
	s.exchanges++
	t.witness.Expect(s.exchanges, method+" "+r.URL.RequestURI())
	s.answer, err = exchange(t.client, r)
	t.witness.Await(ctx)
	return err
}

// payload is the body; form tells that it was made of form parameters.
func (s *session) payload() (body string, form bool) {
	if s.body != "" || len(s.form) == 0 {
		return s.body, false
	}
	return encode(s.form), true
}

// head sets the header. Names that differ in letter case only are one header, of
// which the last counts, as in Node.js.
func (s *session) head(r *http.Request, form bool) {
	spelt := map[string]string{}
	set := func(name, value string) {
		delete(r.Header, spelt[strings.ToLower(name)])
		spelt[strings.ToLower(name)] = name
		r.Header[name] = []string{value}
	}
	r.Header["User-Agent"] = nil // none, unless a step sets one
	for _, h := range s.headers {
		if strings.EqualFold(h.name, "Host") {
			r.Host = h.value
			continue
		}
		set(h.name, h.value)
	}
	const urlencoded = "application/x-www-form-urlencoded"
	if form && !strings.HasPrefix(strings.Join(r.Header[spelt["content-type"]], ""), urlencoded) {
		set("Content-Type", urlencoded)
	}
	if cookies := s.cookieHeader(strings.Join(r.Header[spelt["cookie"]], "")); cookies != "" {
		set("Cookie", cookies)
	}
}

// cookieHeader adds the cookies of the session to what a step has set; of two
// with one name the later counts.
func (s *session) cookieHeader(own string) string {
	var list []string
	for i, c := range s.cookies {
		name, _, _ := strings.Cut(c, "=")
		later := slices.ContainsFunc(s.cookies[i+1:], func(o string) bool { return strings.HasPrefix(o, name+"=") })
		if !later {
			list = append(list, c)
		}
	}
	if own != "" {
		list = append([]string{own}, list...)
	}
	return strings.Join(list, "; ")
}

func exchange(client *http.Client, r *http.Request) (*answer, error) {
	response, err := client.Do(r)
	if err != nil {
		return nil, unsent(err)
	}
	defer response.Body.Close()
	body, err := content(response)
	if err != nil {
		return nil, err
	}
	return &answer{response.StatusCode, response.Header, body}, nil
}

func content(response *http.Response) (string, error) {
	var r io.Reader = response.Body
	if strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") && response.ContentLength != 0 {
		z, err := gzip.NewReader(r)
		if err != nil {
			return "", fmt.Errorf("the body says that it is gzip: %w", err)
		}
		r = z
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("the body ended after %d bytes: %w", len(data), err)
	case len(data) > maxBody:
		return "", fmt.Errorf("the body is larger than %d MiB", maxBody>>20)
	}
	return string(data), nil
}

// unsent says why there is no answer.
func unsent(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without method and URL, which the report shows
	}
	var slow net.Error
	switch {
	case errors.As(err, &slow) && slow.Timeout():
		return fmt.Errorf("no answer within %s", requestLimit)
	case errors.Is(err, io.EOF):
		return errors.New("the connection was closed without an answer")
	}
	return fmt.Errorf("the request was not answered: %w", err)
}

// value is a header as Node.js shows it: several fields of one name are joined,
// except for those of which only the first counts.
func (a *answer) value(name string) (string, bool) {
	values := a.header.Values(name)
	switch name = strings.ToLower(name); {
	case len(values) == 0:
		return undefined, false
	case single[name]:
		return values[0], true
	case name == "set-cookie":
		return strings.Join(values, ","), true
	}
	return strings.Join(values, ", "), true
}

// single are the headers of which Node.js keeps the first field (documentation of
// http.IncomingMessage, message.headers).
var single = map[string]bool{
	"age": true, "authorization": true, "content-length": true, "content-type": true, "etag": true, "expires": true, "from": true,
	"host": true, "if-modified-since": true, "if-unmodified-since": true, "last-modified": true, "location": true, "max-forwards": true,
	"proxy-authorization": true, "referer": true, "retry-after": true, "server": true, "user-agent": true,
}
