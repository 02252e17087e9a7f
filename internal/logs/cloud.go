package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sluice/flow"
)

// CloudLogging is the URL of Google's service.
const CloudLogging = "https://logging.googleapis.com" + entriesWrite

const (
	entriesWrite = "/v2/entries:write"
	cloudFile    = "cloud-logging.jsonl" // entries that are kept here
	cloudScope   = "https://www.googleapis.com/auth/logging.write"
	cloudTimeout = 30 * time.Second

	// Bounds of one call (the documented quotas are 1,000 entries and 10 MB).
	maxEntries    = 1000
	maxEntryBytes = 4 << 20
)

// cloudRotation bounds cloudFile.
var cloudRotation = flow.LogRotation{Size: 64 << 20, Keep: 4}

// Cloud implements flow.Logs: entries go to Google, or as lines of JSON to a file.
func (s *Service) Cloud(entry *flow.CloudLogEntry) error {
	text, err := json.Marshal(wireEntry(entry))
	if err != nil {
		return err
	}
	if s.o.Cloud == "" {
		return s.keepEntry(text)
	}
	to := s.cloudURL(entry.Endpoint)
	return s.put("cloud "+entry.Account+" "+to, "Cloud Logging at "+to, text, func() sink {
		return &cloudSink{service: s, url: to, account: entry.Account}
	})
}

// cloudURL is where an entry goes: to the endpoint that its policy names, unless there is
// a stand-in for Cloud Logging. An endpoint may be a host alone.
func (s *Service) cloudURL(endpoint string) string {
	if endpoint == "" || s.o.Cloud != CloudLogging {
		return s.o.Cloud
	}
	if u, err := url.Parse(endpoint); err == nil && strings.Trim(u.Path, "/") == "" {
		return strings.TrimRight(endpoint, "/") + entriesWrite
	}
	return endpoint
}

// keepEntry appends an entry to the local file. Without a folder for it, it is dropped.
func (s *Service) keepEntry(text []byte) error {
	if s.root == nil {
		s.withoutCloud.Do(func() {
			s.o.Report("entries for Cloud Logging are dropped; --message-logs DIR keeps them, --cloud-logging google sends them")
		})
		return nil
	}
	s.files.rotate(cloudFile, cloudRotation)
	return s.put("file "+cloudFile, "the file "+cloudFile, append(text, '\n'), func() sink {
		return &fileSink{root: s.root, path: cloudFile, files: &s.files}
	})
}

// logEntry is the LogEntry of the REST API.
type logEntry struct {
	LogName     string            `json:"logName"`
	Resource    monitoredResource `json:"resource"`
	Timestamp   time.Time         `json:"timestamp"`
	Severity    string            `json:"severity,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	TextPayload string            `json:"textPayload,omitempty"`
	JSONPayload json.RawMessage   `json:"jsonPayload,omitempty"`
}

type monitoredResource struct {
	Type string `json:"type"`
}

func wireEntry(e *flow.CloudLogEntry) *logEntry {
	w := &logEntry{LogName: e.Name, Resource: monitoredResource{e.ResourceType}, Timestamp: e.Time.UTC(), Severity: e.Severity, Labels: e.Labels}
	if e.JSON {
		w.JSONPayload = json.RawMessage(e.Text)
	} else {
		w.TextPayload = e.Text
		if len(e.Text) > maxMessage {
			w.TextPayload = strings.ToValidUTF8(e.Text[:maxMessage], "")
		}
	}
	return w
}

// cloudSink is Cloud Logging, for one service account.
type cloudSink struct {
	service *Service
	url     string
	account string
}

// write writes as many entries as one call takes.
func (c *cloudSink) write(ctx context.Context, batch [][]byte) (int, error) {
	body := []byte(`{"partialSuccess":true,"entries":[`)
	n := 0
	for ; n < len(batch) && n < maxEntries && (n == 0 || len(body)+len(batch[n]) < maxEntryBytes); n++ {
		if n > 0 {
			body = append(body, ',')
		}
		body = append(body, batch[n]...)
	}
	status, err := c.post(ctx, append(body, "]}"...))
	switch {
	case err != nil:
		return 0, err
	case status/100 == 2:
		return n, nil
	case status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests && status != http.StatusUnauthorized:
		return n, &refusedError{fmt.Errorf("it answered with status %d", status)}
	}
	return 0, fmt.Errorf("it answered with status %d", status)
}

// post makes one call. Errors tell nothing of entries, nor of the token.
func (c *cloudSink) post(ctx context.Context, body []byte) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, cloudTimeout)
	defer cancel()
	token, err := c.service.o.Identity.Token(ctx, flow.TokenRequest{Account: c.account, Scopes: []string{cloudScope}})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.service.o.Client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	return resp.StatusCode, nil
}

func (c *cloudSink) close() { c.service.o.Client.CloseIdleConnections() }
