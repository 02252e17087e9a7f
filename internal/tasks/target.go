package tasks

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
)

// request builds what an attempt sends: the task's request with the overrides of its queue, and
// the headers of Cloud Tasks. Its Authorization is still missing (token.go).
func (r *record) request(ctx context.Context, q *pb.Queue) (*http.Request, error) {
	own := r.task.GetHttpRequest()
	if own == nil {
		return nil, &refusedError{codes.Unimplemented, "App Engine tasks are not sent: use httpRequest"}
	}
	where, err := overrideURL(own.Url, q.GetHttpTarget().GetUriOverride())
	if err != nil {
		return nil, &refusedError{codes.InvalidArgument, err.Error()}
	}
	method := methodOf(own.HttpMethod)
	if m := q.GetHttpTarget().GetHttpMethod(); m != pb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		method = methodOf(m)
	}
	body := own.Body
	if !takesBody(method) {
		body = nil // "if the value is set to GET the body of the task will be ignored"
	}
	request, err := http.NewRequestWithContext(ctx, method, where, bytes.NewReader(body))
	if err != nil {
		return nil, &refusedError{codes.InvalidArgument, err.Error()}
	}
	request.Header = r.header(q)
	return request, nil
}

func methodOf(m pb.HttpMethod) string {
	if m == pb.HttpMethod_HTTP_METHOD_UNSPECIFIED {
		return http.MethodPost
	}
	return m.String()
}

func takesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// overrideURL applies a queue's UriOverride.
func overrideURL(text string, o *pb.UriOverride) (string, error) {
	u, err := url.Parse(text)
	if err != nil || o == nil {
		return text, err
	}
	// "In the IF_NOT_EXISTS mode, queue-level configuration is only applied where task-level
	// configuration does not exist." A task's URL always has scheme and host.
	always := o.UriOverrideEnforceMode != pb.UriOverride_IF_NOT_EXISTS
	if o.Scheme != nil && always {
		u.Scheme = strings.ToLower(o.GetScheme().String())
	}
	host, port := u.Hostname(), u.Port()
	if o.Host != nil && always {
		host = strings.Trim(o.GetHost(), "[]")
	}
	if o.Port != nil && (always || port == "") {
		port = ""
		if o.GetPort() != 0 {
			port = strconv.FormatInt(o.GetPort(), 10)
		}
	}
	u.Host = joinHost(host, port)
	if o.PathOverride != nil && (always || u.Path == "") {
		setPath(u, o.PathOverride.Path)
	}
	if o.QueryOverride != nil && (always || u.RawQuery == "") {
		u.RawQuery = o.QueryOverride.QueryParams
	}
	return u.String(), nil
}

// setPath takes a path as it stands in a URL.
func setPath(u *url.URL, path string) {
	if path != "" && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u.RawPath = ""
	plain, err := url.PathUnescape(path)
	if err != nil {
		u.Path = path
		return
	}
	u.Path, u.RawPath = plain, path
}

func joinHost(host, port string) string {
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// Headers of Cloud Tasks (docs, "Create HTTP target tasks", "Write a task handler").
const userAgent = "Google-Cloud-Tasks"

// header returns the headers of the request: the task's, then the queue's, then ours.
func (r *record) header(q *pb.Queue) http.Header {
	h := http.Header{}
	for name, value := range r.task.GetHttpRequest().GetHeaders() {
		if !isReserved(name) {
			h.Set(name, value)
		}
	}
	if target := q.GetHttpTarget(); target != nil {
		overrideHeaders(h, target)
	}
	h.Set("User-Agent", userAgent)
	h.Set("X-CloudTasks-QueueName", shortName(q.Name))
	h.Set("X-CloudTasks-TaskName", shortName(r.task.Name))
	h.Set("X-CloudTasks-TaskRetryCount", strconv.Itoa(int(r.task.DispatchCount)))
	h.Set("X-CloudTasks-TaskExecutionCount", strconv.FormatUint(uint64(r.executions), 10))
	h.Set("X-CloudTasks-TaskETA", fmt.Sprintf("%d.%06d", r.due.Unix(), r.due.Nanosecond()/1000))
	if r.status != 0 {
		h.Set("X-CloudTasks-TaskPreviousResponse", strconv.Itoa(int(r.status)))
	}
	// The text of the reason is not documented; this is the status of the last attempt.
	if reason := r.task.GetLastAttempt().GetResponseStatus().GetMessage(); reason != "" {
		h.Set("X-CloudTasks-TaskRetryReason", printable(reason))
	}
	return h
}

func overrideHeaders(h http.Header, target *pb.HttpTarget) {
	for _, o := range target.HeaderOverrides {
		if !isReserved(o.GetHeader().GetKey()) {
			h.Set(o.GetHeader().GetKey(), o.GetHeader().GetValue())
		}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json") // the default of HttpTarget, which tasks alone do not have
	}
}

// isReserved tells whether a header is ignored or replaced: what Google names, and what would
// break the message.
func isReserved(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "content-length", "user-agent", "connection", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive", "proxy-connection":
		return true
	}
	return strings.HasPrefix(name, "x-google-") || strings.HasPrefix(name, "x-appengine-") || strings.HasPrefix(name, "x-cloudtasks-")
}

// printable returns a text that can stand in a header.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}
