package integrations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

var _ = register(taskKind{name: "GenericRestV2Task", ui: "Call REST Endpoint", compile: compileREST})

// rest is Call REST Endpoint (https://cloud.google.com/application-integration/docs/call-rest-endpoint-task).
type rest struct {
	outcall
	method    string
	url       template
	query     []entry
	headers   []entry
	jsonHeads template // a JSON object: name to value
	userAgent template
	body      template
	timeout   time.Duration // 0: only the limit of the execution
	throw     bool

	toBody, toHeader, toStatus target
}

func compileREST(b *build, p parameters) (task, []error) {
	var errs []error
	t := &rest{
		method:    strings.ToUpper(constant(p, "httpMethod", toText, &errs)),
		url:       p.template("url", &errs),
		query:     p.entries("urlQueryStrings", &errs),
		headers:   slices.Concat(p.entries("httpParams", &errs), p.entries("additionalHeaders", &errs)),
		jsonHeads: p.template("jsonAdditionalHeaders", &errs),
		userAgent: p.template("userAgent", &errs),
		body:      p.template("requestBody", &errs),
		throw:     constant(p, "throwError", toBool, &errs),
		// The unit is not documented; seconds are our reading.
		timeout: time.Duration(min(max(constant(p, "timeout", toInt, &errs), 0), 1e6)) * time.Second,
	}
	if t.method == "" {
		t.method = http.MethodGet
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}, t.method) {
		errs = append(errs, fmt.Errorf("parameter httpMethod: %q is not one of GET, POST, PUT, PATCH, DELETE, HEAD", t.method))
	}
	t.toBody, t.toHeader, t.toStatus = p.target("responseBody", &errs), p.target("responseHeader", &errs), p.target("responseStatus", &errs)
	errs = append(errs, t.chooseClient(b, p)...)
	return t, errs
}

func (t *rest) chooseClient(b *build, p parameters) []error {
	var errs []error
	client := b.clients.plain
	authorize, own := b.auth(p, &errs)
	switch unchecked := constant(p, "disableSSLValidation", toBool, &errs); {
	case own != nil: // a client certificate; checks stay
		client = own
	case unchecked && b.clients.insecure == nil:
		return append(errs, &Problem{Reason: Certificate, Text: "disableSSLValidation needs a client that can leave out certificate checks"})
	case unchecked:
		client = b.clients.insecure
	}
	if !constant(p, "followRedirects", toBool, &errs) {
		client = stayingHere(client)
	}
	t.outcall = outcall{client, authorize}
	return errs
}

func (t *rest) run(ctx context.Context, a *attempt) error {
	if t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	req, err := t.request(ctx, a.scope)
	if err != nil {
		return err
	}
	resp, body, err := t.do(ctx, a, req)
	if err != nil {
		return err
	}
	return t.finish(a, resp, body)
}

// finish sets the outputs, also those of a failed call, so that an IGNORE policy or an error
// catcher can look at them.
func (t *rest) finish(a *attempt, resp *http.Response, body string) error {
	err := errors.Join(
		t.toStatus.set(a, statusLine(resp)),
		t.toHeader.set(a, headerText(resp.Header)),
		t.toBody.set(a, body))
	if err == nil && t.throw && resp.StatusCode >= 400 {
		return failedCall(resp)
	}
	return err
}

// headerText is the headers as a JSON object with sorted names, values joined by ", ". The form
// of Google's responseHeader is not documented.
func headerText(h http.Header) string {
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	slices.Sort(names)
	o := newObject()
	for _, n := range names {
		o.put(n, strings.Join(h[n], ", "))
	}
	return text(o)
}

func (t *rest) request(ctx context.Context, s *scope) (*http.Request, error) {
	address, err := t.address(s)
	if err != nil {
		return nil, err
	}
	body, err := t.body.text(s)
	if err != nil {
		return nil, err
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, t.method, address, reader)
	if err != nil {
		return nil, err
	}
	return req, t.setHeaders(req, s)
}

// address is the URL with the query parameters of the task added to its own.
func (t *rest) address(s *scope) (string, error) {
	written, err := t.url.text(s)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(strings.TrimSpace(written))
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", fmt.Errorf("%q is not an HTTP URL", written)
	}
	for _, e := range t.query {
		key, value, err := e.text(s)
		if err != nil {
			return "", err
		}
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += url.QueryEscape(key) + "=" + url.QueryEscape(value)
	}
	return u.String(), nil
}

func (e entry) text(s *scope) (key, val string, err error) {
	if key, err = e.key.text(s); err == nil {
		val, err = e.value.text(s)
	}
	return key, val, err
}

func (t *rest) setHeaders(req *http.Request, s *scope) error {
	for _, e := range t.headers {
		key, value, err := e.text(s)
		if err != nil {
			return err
		}
		setHeader(req, key, value)
	}
	extra, err := t.jsonHeads.text(s)
	if err != nil {
		return err
	}
	if v, err := readJSON(extra); err == nil {
		if o, ok := v.(*object); ok {
			for _, n := range o.names {
				setHeader(req, n, text(o.fields[n]))
			}
		}
	}
	agent, err := t.userAgent.text(s)
	if agent != "" {
		req.Header.Set("User-Agent", agent)
	}
	return err
}

// setHeader leaves Accept-Encoding to the client, which then decompresses: the outputs are
// uncompressed text.
func setHeader(req *http.Request, name, value string) {
	switch {
	case name == "" || strings.EqualFold(name, "Accept-Encoding"):
	case strings.EqualFold(name, "Host"):
		req.Host = value
	default:
		req.Header.Set(name, value)
	}
}
