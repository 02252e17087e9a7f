package tasks

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
)

func TestOverrideURL(t *testing.T) {
	http1, https := pb.UriOverride_HTTP, pb.UriOverride_HTTPS
	ifNot := pb.UriOverride_IF_NOT_EXISTS
	for _, tt := range []struct {
		url      string
		override *pb.UriOverride
		want     string
	}{
		{"http://a.example/p?q", nil, "http://a.example/p?q"},
		{"http://a.example/p?q", &pb.UriOverride{Scheme: &https}, "https://a.example/p?q"},
		{"https://a.example:1/p?q", &pb.UriOverride{Scheme: &http1, Host: proto.String("b.example")}, "http://b.example:1/p?q"},
		{"http://a.example:1/p", &pb.UriOverride{Port: proto.Int64(2)}, "http://a.example:2/p"},
		{"http://a.example:1/p", &pb.UriOverride{Port: proto.Int64(0)}, "http://a.example/p"},
		{"http://a.example/p?q", &pb.UriOverride{PathOverride: &pb.PathOverride{Path: "/x%2Fy%20z"}, QueryOverride: &pb.QueryOverride{QueryParams: "k=v"}}, "http://a.example/x%2Fy%20z?k=v"},
		{"http://a.example/p?q", &pb.UriOverride{PathOverride: &pb.PathOverride{}, QueryOverride: &pb.QueryOverride{}}, "http://a.example"},
		{"http://[::1]:8/p", &pb.UriOverride{Port: proto.Int64(0)}, "http://[::1]/p"},
		{"http://a.example:1/p?q", &pb.UriOverride{UriOverrideEnforceMode: ifNot, Scheme: &https, Host: proto.String("b"), Port: proto.Int64(2), PathOverride: &pb.PathOverride{Path: "/x"}, QueryOverride: &pb.QueryOverride{QueryParams: "k"}}, "http://a.example:1/p?q"},
		{"http://a.example", &pb.UriOverride{UriOverrideEnforceMode: ifNot, Scheme: &https, Host: proto.String("b"), Port: proto.Int64(2), PathOverride: &pb.PathOverride{Path: "/x"}, QueryOverride: &pb.QueryOverride{QueryParams: "k"}}, "http://a.example:2/x?k"},
	} {
		if got, err := overrideURL(tt.url, tt.override); got != tt.want || err != nil {
			t.Errorf("%s with %v: %s, %v, want %s", tt.url, tt.override, got, err, tt.want)
		}
	}
}

// TestRequestOfQueue builds requests for a queue with an HTTP target: its settings win.
func TestRequestOfQueue(t *testing.T) {
	task := post("http://a.example/")
	task.Name = testQueue + "/tasks/t"
	task.GetHttpRequest().Body = []byte("body")
	task.GetHttpRequest().Headers = map[string]string{"X-A": "task", "X-B": "task", "Host": "forged", "X-AppEngine-Country": "forged", "X-Google-Foo": "forged", "Transfer-Encoding": "chunked"}
	target := &pb.HttpTarget{HttpMethod: pb.HttpMethod_PATCH, HeaderOverrides: []*pb.HttpTarget_HeaderOverride{{Header: &pb.HttpTarget_Header{Key: "X-B", Value: "queue"}}}}
	q := &pb.Queue{Name: testQueue, HttpTarget: target}
	r := &record{head: head{due: time.Unix(1e9, 250001000)}, task: task}
	request, err := r.request(context.Background(), q)
	check(t, err)
	if request.Method != "PATCH" || request.ContentLength != 4 || request.Host != "a.example" {
		t.Errorf("%s, %d bytes, host %s", request.Method, request.ContentLength, request.Host)
	}
	for name, want := range map[string]string{
		"X-A": "task", "X-B": "queue", "Content-Type": "application/json", "Host": "", "X-AppEngine-Country": "", "X-Google-Foo": "", "Transfer-Encoding": "",
		"X-CloudTasks-TaskETA": "1000000000.250001",
	} {
		if got := request.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	target.HttpMethod = pb.HttpMethod_GET
	request, err = r.request(context.Background(), q)
	check(t, err)
	if request.Method != "GET" || request.ContentLength != 0 {
		t.Errorf("%s with %d bytes; a GET has no body", request.Method, request.ContentLength)
	}
}

// TestCodes looks at what stands for answers in Attempt.response_status.
func TestCodes(t *testing.T) {
	for status, want := range map[int]string{
		299: "", 302: "UNKNOWN(2): HTTP status code 302", 404: "NOT_FOUND(5): HTTP status code 404", 418: "FAILED_PRECONDITION(9): HTTP status code 418",
		429: "RESOURCE_EXHAUSTED(8): HTTP status code 429", 500: "INTERNAL(13): HTTP status code 500", 503: "UNAVAILABLE(14): HTTP status code 503",
	} {
		var o outcome
		if o.fromStatus(status); o.message != want {
			t.Errorf("%d: %q, want %q", status, o.message, want)
		}
	}
}

func TestReadRetryAfter(t *testing.T) {
	now := time.Unix(1e9, 0).UTC()
	for text, want := range map[string]time.Duration{
		"": 0, "x": 0, "-5": 0, "17": 17 * time.Second, "999999": maxRetryAfter,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
	} {
		if got := readRetryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// TestRefusedQueues lists what is no configuration.
func TestRefusedQueues(t *testing.T) {
	target := func(o *pb.UriOverride) *pb.Queue { return &pb.Queue{HttpTarget: &pb.HttpTarget{UriOverride: o}} }
	retry := func(r *pb.RetryConfig) *pb.Queue { return &pb.Queue{RetryConfig: r} }
	for field, q := range map[string]*pb.Queue{
		"uri_override.host":         target(&pb.UriOverride{Host: proto.String("")}),
		"uri_override.host must":    target(&pb.UriOverride{Host: proto.String("a/b")}),
		"uri_override.port":         target(&pb.UriOverride{Port: proto.Int64(-1)}),
		"max_attempts":              retry(&pb.RetryConfig{MaxAttempts: -2}),
		"max_doublings":             retry(&pb.RetryConfig{MaxDoublings: -1}),
		"min_backoff must not be":   retry(&pb.RetryConfig{MinBackoff: seconds(2), MaxBackoff: seconds(1)}),
		"max_retry_duration":        retry(&pb.RetryConfig{MaxRetryDuration: seconds(-1)}),
		"max_concurrent_dispatches": {RateLimits: &pb.RateLimits{MaxConcurrentDispatches: 5001}},
		"sampling_ratio":            {StackdriverLoggingConfig: &pb.StackdriverLoggingConfig{SamplingRatio: 2}},
		"is not a header":           {HttpTarget: &pb.HttpTarget{HeaderOverrides: []*pb.HttpTarget_HeaderOverride{{}}}},
		"oidc_token":                {HttpTarget: &pb.HttpTarget{AuthorizationHeader: &pb.HttpTarget_OidcToken{OidcToken: &pb.OidcToken{ServiceAccountEmail: "a@b"}}}},
		"oauth_token":               {HttpTarget: &pb.HttpTarget{AuthorizationHeader: &pb.HttpTarget_OauthToken{OauthToken: &pb.OAuthToken{Scope: "s"}}}},
	} {
		if err := checkQueue(q); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%v: %v, want an error about %s", q, err, field)
		}
	}
}
