package tasks

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/proto"
)

// FuzzRecord reads anything as a record: what is read is written as it was, in the sense that it
// is read the same again.
func FuzzRecord(f *testing.F) {
	r := &record{head: head{named: true, due: time.Unix(5, 6), born: time.Unix(4, 0), asked: 3, begun: 2, executions: 1, status: 503}, task: post("http://x.example/")}
	value, err := r.encode()
	check(f, err)
	f.Add(value)
	f.Add(tombstone)
	f.Add([]byte{})
	f.Add(value[:headSize])
	f.Fuzz(func(t *testing.T, value []byte) {
		h, headErr := decodeHead(value)
		r, err := decodeRecord(value)
		if err != nil {
			return
		}
		if headErr != nil || h != r.head {
			t.Fatalf("head %+v, %v; in the record %+v", h, headErr, r.head)
		}
		again, err := r.encode()
		check(t, err)
		r2, err := decodeRecord(again)
		if err != nil || r2.head != r.head || !proto.Equal(r2.task, r.task) {
			t.Fatalf("%+v is read back as %+v, %v", r, r2, err)
		}
	})
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{testQueue, testQueue + "/tasks/t", testParent, "projects/a.b:c/locations/l/queues/q/tasks/" + strings.Repeat("x", 501), ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		queue, id, err := splitTaskName(name)
		if err != nil {
			return
		}
		if queue+"/tasks/"+id != name || checkQueueName(queue) != nil || checkLocation(locationOf(queue)) != nil {
			t.Errorf("%q is queue %q and task %q", name, queue, id)
		}
		generation, k, ok := readPlace(place("0123456789ab", keyOf(id)))
		if generation != "0123456789ab" || k != keyOf(id) || !ok {
			t.Errorf("place: %q %v %t", generation, k, ok)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add(place("g", key{1}))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		if generation, k, ok := readPlace(text); ok && place(generation, k) != text {
			t.Errorf("%q is read as %q", text, place(generation, k))
		}
	})
}

func FuzzPageToken(f *testing.F) {
	now := time.Unix(1e9, 0)
	f.Add("")
	f.Add(pageToken("after this", now))
	f.Add("!")
	f.Fuzz(func(t *testing.T, token string) {
		after, err := readPageToken(token, now)
		if err != nil {
			return
		}
		if again, err := readPageToken(pageToken(after, now), now); again != after || err != nil {
			t.Errorf("%q is read as %q, %v", after, again, err)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{"", "state: PAUSED", `name="x" AND state!=RUNNING`, "AND", "rateLimits.x<3", " AND "} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if wanted, err := parseFilter(text); err == nil {
			wanted(&pb.Queue{Name: testQueue})
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Fri, 31 Dec 1999 23:59:59 GMT")
	f.Add("-1")
	f.Fuzz(func(t *testing.T, text string) {
		if d := readRetryAfter(text, time.Unix(1e9, 0)); d < 0 || d > maxRetryAfter {
			t.Errorf("%q is %s", text, d)
		}
	})
}

// FuzzOverrideURL applies overrides to any URL that a task may have: what comes out is a URL.
func FuzzOverrideURL(f *testing.F) {
	f.Add("http://x.example/a%2Fb?c#d", "other.example", int64(0), "/p%20q", "r=s", true)
	f.Add("https://[::1]:8080", "::1", int64(70), "", "", false)
	f.Fuzz(func(t *testing.T, text, host string, port int64, path, query string, always bool) {
		o := &pb.UriOverride{Host: &host, Port: &port, PathOverride: &pb.PathOverride{Path: path}, QueryOverride: &pb.QueryOverride{QueryParams: query}}
		if !always {
			o.UriOverrideEnforceMode = pb.UriOverride_IF_NOT_EXISTS
		}
		if checkURL(text, false) != nil || checkTarget(&pb.HttpTarget{UriOverride: o}) != nil {
			return
		}
		where, err := overrideURL(text, o)
		if err != nil {
			return
		}
		_, _ = http.NewRequest("POST", where, nil) // an error of it is an outcome, a panic is not
	})
}

// FuzzREST sends any path and body: never a panic, and always JSON.
func FuzzREST(f *testing.F) {
	s := inMemory(f, Options{})
	s.queueFor(f, &pb.Queue{})
	_, err := s.PauseQueue(f.Context(), &pb.PauseQueueRequest{Name: testQueue})
	check(f, err)
	f.Add("POST", "/v2/"+testQueue+"/tasks", `{"task":{"httpRequest":{"url":"http://x.example","httpMethod":4}}}`)
	f.Add("PATCH", "/v2/"+testQueue+"?updateMask=rateLimits.maxDispatchesPerSecond", `{"rateLimits":{"maxDispatchesPerSecond":3}}`)
	f.Add("GET", "/v2beta3/"+testQueue+"?readMask=stats", "")
	f.Add("GET", "/v2/"+testParent+"/queues?pageSize=x&filter=a", "")
	f.Add("POST", "/v2/"+testQueue+"/tasks/a:buffer", "body")
	f.Add("POST", "/v2/"+testQueue+":setIamPolicy", `{"policy":{}}`)
	handler := s.REST()
	f.Fuzz(func(t *testing.T, verb, target, body string) {
		r, err := http.NewRequest(verb, "http://h"+target, strings.NewReader(body))
		if err != nil || !strings.HasPrefix(target, "/") {
			return
		}
		w := &answerRecorder{header: http.Header{}}
		handler.ServeHTTP(w, r)
		if text := bytes.TrimSpace(w.body.Bytes()); len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
			t.Errorf("%s %s: %q", verb, target, text)
		}
	})
}

type answerRecorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answerRecorder) Header() http.Header         { return a.header }
func (a *answerRecorder) WriteHeader(status int)      { a.status = status }
func (a *answerRecorder) Write(p []byte) (int, error) { return a.body.Write(p) }
