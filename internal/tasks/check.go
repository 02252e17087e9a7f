package tasks

import (
	"net/url"
	"strings"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// Limits of tasks (docs, "Quotas and limits", and the comments of task.proto and target.proto).
const (
	maxTask         = 1 << 20
	maxURL          = 2083
	maxHeaders      = 80 << 10
	maxAhead        = 30 * 24 * time.Hour
	defaultDeadline = 10 * time.Minute
	minDeadline     = 15 * time.Second
	maxDeadline     = 30 * time.Minute
	maxRetryTime    = 10 * 365 * 24 * time.Hour // ours: v2beta3 keeps no task longer
)

func invalid(format string, args ...any) error {
	return status.Errorf(codes.InvalidArgument, format, args...)
}

// checkTask refuses what Cloud Tasks would. own allows what only this process may make.
func checkTask(t *pb.Task, q *queue, now time.Time, own bool) error {
	if t == nil {
		return invalid("Task is required")
	}
	if proto.Size(t) > maxTask {
		return invalid("Task size too large: %d bytes; the maximum is %d", proto.Size(t), maxTask)
	}
	if t.GetAppEngineHttpRequest() != nil {
		return status.Error(codes.Unimplemented, "App Engine tasks are not sent by this service: use httpRequest")
	}
	if t.GetHttpRequest() == nil {
		return invalid("Task.http_request is required")
	}
	if err := checkRequest(t.GetHttpRequest(), q.config, own); err != nil {
		return err
	}
	return checkTiming(t, now, own)
}

func checkTiming(t *pb.Task, now time.Time, own bool) error {
	if at := t.ScheduleTime; at != nil && (!at.IsValid() || at.AsTime().Sub(now) > maxAhead) {
		return invalid("Task.schedule_time must be at most 30 days in the future")
	}
	if d := t.DispatchDeadline; d != nil && !own && (!d.IsValid() || d.AsDuration() < minDeadline || d.AsDuration() > maxDeadline) {
		return invalid("Task.dispatch_deadline must be between 15s and 30m (1800s)")
	}
	return checkRetry("Task.retry_config", t.RetryConfig)
}

func checkRequest(r *pb.HttpRequest, q *pb.Queue, own bool) error {
	if err := checkURL(r.Url, own); err != nil {
		return err
	}
	if _, known := pb.HttpMethod_name[int32(r.HttpMethod)]; !known {
		return invalid("HttpRequest.http_method %d is not a method", r.HttpMethod)
	}
	if len(r.Body) > 0 && !takesBody(methodOf(r.HttpMethod)) {
		return invalid("HTTP request body is only allowed with POST, PUT, or PATCH, not %s", r.HttpMethod)
	}
	size := 0
	for name, value := range r.Headers {
		if !isHeader(name, value) {
			return invalid("HttpRequest.headers: %q is not a header", name)
		}
		size += len(name) + len(value)
	}
	if size >= maxHeaders {
		return invalid("HttpRequest.headers must be less than 80KB together")
	}
	return checkTokens(r, q)
}

func checkTokens(r *pb.HttpRequest, q *pb.Queue) error {
	if o := r.GetOidcToken(); o != nil && o.ServiceAccountEmail == "" {
		return invalid("OidcToken.service_account_email is required")
	}
	o := r.GetOauthToken()
	if o == nil {
		return nil
	}
	if o.ServiceAccountEmail == "" {
		return invalid("OAuthToken.service_account_email is required")
	}
	where, err := overrideURL(r.Url, q.GetHttpTarget().GetUriOverride())
	u, err2 := url.Parse(where)
	if err != nil || err2 != nil || !isGoogle(u.Hostname()) {
		return invalid("OAuthToken is for *.googleapis.com only; use OidcToken for %s", r.Url)
	}
	return nil
}

func checkURL(text string, own bool) error {
	if own && strings.HasPrefix(text, internalScheme) {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return invalid(`HttpRequest.url must begin with "http://" or "https://": %.200q`, text)
	}
	if len(u.String()) > maxURL {
		return invalid("HttpRequest.url must be at most %d characters after encoding", maxURL)
	}
	return nil
}

// isHeader tells whether a header can be sent at all.
func isHeader(name, value string) bool {
	const token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	return name != "" && strings.Trim(name, token) == "" && !strings.ContainsAny(value, "\r\n\x00")
}

// checkRetry refuses settings that make no sense. nil is none.
func checkRetry(where string, r *pb.RetryConfig) error {
	if r.GetMaxAttempts() < -1 {
		return invalid("%s.max_attempts must be -1 or above", where)
	}
	if r.GetMaxDoublings() < 0 {
		return invalid("%s.max_doublings must be 0 or above", where)
	}
	for name, d := range map[string]*durationpb.Duration{"max_retry_duration": r.GetMaxRetryDuration(), "min_backoff": r.GetMinBackoff(), "max_backoff": r.GetMaxBackoff()} {
		if d != nil && (!d.IsValid() || d.AsDuration() < 0 || d.AsDuration() > maxRetryTime) {
			return invalid("%s.%s must be between 0s and ten years", where, name)
		}
	}
	if r.GetMinBackoff() != nil && r.GetMaxBackoff() != nil && r.MinBackoff.AsDuration() > r.MaxBackoff.AsDuration() {
		return invalid("%s.min_backoff must not be above max_backoff", where)
	}
	return nil
}

// checkQueue refuses what is no configuration of a queue. It is called before fillLimits.
func checkQueue(q *pb.Queue) error {
	l := q.GetRateLimits()
	if r := l.GetMaxDispatchesPerSecond(); !(r >= 0 && r <= maxRate) {
		return invalid("Queue.rate_limits.max_dispatches_per_second must be above 0 and at most %g", maxRate)
	}
	if c := l.GetMaxConcurrentDispatches(); c < 0 || c > maxConcurrency {
		return invalid("Queue.rate_limits.max_concurrent_dispatches must be between 1 and %d", maxConcurrency)
	}
	if r := q.GetStackdriverLoggingConfig().GetSamplingRatio(); !(r >= 0 && r <= 1) {
		return invalid("Queue.stackdriver_logging_config.sampling_ratio must be between 0 and 1")
	}
	if err := checkRetry("Queue.retry_config", q.RetryConfig); err != nil {
		return err
	}
	return checkTarget(q.HttpTarget)
}

func checkTarget(t *pb.HttpTarget) error {
	o := t.GetUriOverride()
	if o != nil && o.Host != nil && !isHost(*o.Host) {
		return invalid("Queue.http_target.uri_override.host must be a host, and not empty")
	}
	if p := o.GetPort(); p < 0 || p > 65535 {
		return invalid("Queue.http_target.uri_override.port must be between 0 and 65535")
	}
	size := 0
	for _, h := range t.GetHeaderOverrides() {
		if !isHeader(h.GetHeader().GetKey(), h.GetHeader().GetValue()) {
			return invalid("Queue.http_target.header_overrides: %q is not a header", h.GetHeader().GetKey())
		}
		size += len(h.GetHeader().GetKey()) + len(h.GetHeader().GetValue())
	}
	if size >= maxHeaders {
		return invalid("Queue.http_target.header_overrides must be less than 80KB together")
	}
	if o := t.GetOauthToken(); o != nil && (o.ServiceAccountEmail == "" || o.Scope == "") {
		return invalid("Queue.http_target.oauth_token must have service_account_email and scope")
	}
	if o := t.GetOidcToken(); o != nil && (o.ServiceAccountEmail == "" || o.Audience == "") {
		return invalid("Queue.http_target.oidc_token must have service_account_email and audience")
	}
	return nil
}

func isHost(text string) bool {
	u, err := url.Parse("http://" + text)
	return err == nil && text != "" && u.Host == text && u.Port() == ""
}

// deadlineOf returns how long an attempt may take.
func deadlineOf(t *pb.Task) time.Duration {
	return first(t.GetDispatchDeadline().AsDuration(), defaultDeadline)
}
