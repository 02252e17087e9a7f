package integrations

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// maxResponse is the limit of the page of Call REST Endpoint; other pages of Google say 25 or
// 34 MB (reference: integrations.md 1). It counts the body after decompression.
const maxResponse = 50 << 20

// idempotencyKey is the header of every call of a durable execution: the same value whenever
// the task is repeated.
const idempotencyKey = "X-Idempotency-Key"

// An outcall is how the tasks of one kind call: a client, and credentials if there are any.
type outcall struct {
	client    *http.Client
	authorize authorizer
}

// do sends req and reads the answer. An HTTP error is no error here.
func (o outcall) do(ctx context.Context, a *attempt, req *http.Request) (*http.Response, string, error) {
	if o.authorize != nil && req.Header.Get("Authorization") == "" {
		if err := o.authorize(ctx, req); err != nil {
			return nil, "", fmt.Errorf("authentication: %w", err)
		}
	}
	if a.durable() {
		req.Header.Set(idempotencyKey, a.key())
	}
	resp, err := o.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return nil, "", err
	}
	if len(body) > maxResponse {
		return nil, "", &StatusError{Code: 409, Status: "ABORTED", Message: fmt.Sprintf("the response of %s exceeds %d MB", req.URL.Redacted(), maxResponse>>20), composed: true}
	}
	return resp, strings.ToValidUTF8(string(body), "\ufffd"), nil
}

// json sends a JSON body, if there is one, and reads a JSON answer. An HTTP error is an error.
func (o outcall) json(ctx context.Context, a *attempt, method, address string, body value) (value, error) {
	var reader io.Reader
	if body != nil {
		reader = strings.NewReader(text(body))
	}
	req, err := http.NewRequestWithContext(ctx, method, address, reader)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, answer, err := o.do(ctx, a, req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 400 {
		return nil, failedCall(resp)
	}
	if strings.TrimSpace(answer) == "" {
		return nil, nil
	}
	return readJSON(answer)
}

// httpFailure is an HTTP error of a called endpoint; ErrorInfo.code is its status.
type httpFailure struct {
	code  int
	text  string
	brief string // the same without the query
}

func (e *httpFailure) Error() string { return e.text }

func failedCall(resp *http.Response) error {
	answered := func(address string) string {
		return fmt.Sprintf("%s %s answered %s", resp.Request.Method, address, statusLine(resp))
	}
	return &httpFailure{resp.StatusCode, answered(resp.Request.URL.Redacted()), answered(bare(resp.Request.URL))}
}

// statusLine is "200 OK", also over HTTP/2, which sends no reason.
func statusLine(resp *http.Response) string {
	if _, reason, ok := strings.Cut(resp.Status, " "); ok && reason != "" {
		return resp.Status
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
}
