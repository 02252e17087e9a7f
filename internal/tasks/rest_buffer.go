package tasks

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"
	"google.golang.org/protobuf/encoding/protojson"
)

// bufferPath is the path of tasks:buffer, with the queue and the id of the task, which may be
// empty.
var bufferPath = regexp.MustCompile(`^/v2(?:beta[23])?/(` + queueForm + `)/tasks(?:/([^/:]*))?:buffer$`)

// buffer makes a task of an HTTP request: its body and headers, for the target of the queue (docs,
// "Create HTTP target tasks", "Using the BufferTask method"). The request's method does not matter.
func (s *Service) buffer(r *http.Request, parent, id string) (proto.Message, error) {
	q, err := s.live(r.Context(), parent)
	if err != nil {
		return nil, answer(err)
	}
	where, err := bufferURL(q.config)
	if err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	t := &pb.Task{MessageType: &pb.Task_HttpRequest{HttpRequest: &pb.HttpRequest{
		Url: where, HttpMethod: q.config.HttpTarget.HttpMethod, Headers: bufferHeaders(r.Header), Body: body,
	}}}
	if !takesBody(methodOf(q.config.HttpTarget.HttpMethod)) {
		t.GetHttpRequest().Body = nil
	}
	if id != "" {
		t.Name = parent + "/tasks/" + id
	}
	made, err := s.create(r.Context(), parent, t, false)
	if err != nil {
		return nil, answer(err)
	}
	return bufferAnswer(show(made, pb.Task_BASIC))
}

// bufferURL returns the URL that a queue gives to tasks that have none.
func bufferURL(q *pb.Queue) (string, error) {
	o := q.GetHttpTarget().GetUriOverride()
	if o == nil || o.Host == nil {
		return "", invalid("The queue %s must have httpTarget.uriOverride.host for buffered tasks", q.Name)
	}
	// Nothing of the task exists, so the queue's part is applied in both modes.
	always := proto.CloneOf(o)
	always.UriOverrideEnforceMode = pb.UriOverride_ALWAYS
	where, err := overrideURL((&url.URL{Scheme: "https", Host: o.GetHost()}).String(), always)
	if err != nil {
		return "", invalid("The httpTarget.uriOverride of the queue %s makes no URL: %s", q.Name, err)
	}
	return where, nil
}

// bufferHeaders returns the headers that become the task's. Those that speak to us and not to the
// target stay here: most of all the caller's credentials for Cloud Tasks.
func bufferHeaders(h http.Header) map[string]string {
	kept := map[string]string{}
	for name, values := range h {
		switch name {
		case "Authorization", "Cookie", "Accept-Encoding", "X-Goog-Api-Key", "X-Goog-User-Project":
			continue
		}
		if !isReserved(name) {
			kept[name] = strings.Join(values, ", ")
		}
	}
	return kept
}

// bufferAnswer returns {"task": ...}. The message that has this form is in no published descriptor.
func bufferAnswer(t *pb.Task) (proto.Message, error) {
	text, err := protojson.Marshal(t)
	if err != nil {
		return nil, answer(err)
	}
	shown := &structpb.Struct{}
	if err := protojson.Unmarshal(text, shown); err != nil {
		return nil, answer(err)
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{"task": structpb.NewStructValue(shown)}}, nil
}
