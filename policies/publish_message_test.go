package policies_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sluice/faults"
	"sluice/flow"
)

const publishing = `<PublishMessage><Source>{request.content}</Source><CloudPubSub><Topic>projects/p/topics/t</Topic></CloudPubSub></PublishMessage>`

func TestPublishMessageAtDeployment(t *testing.T) {
	const topic = "<CloudPubSub><Topic>projects/p/topics/t</Topic></CloudPubSub>"
	tests := []struct{ elements, want string }{
		{"<Source>m</Source>" + topic, ""},
		{"<UseMessageAsSource>request</UseMessageAsSource>" + topic, ""},
		{topic, "error MissingElement"},
		{"<Source> </Source>" + topic, "error MissingElement"},
		{"<Source>m</Source><UseMessageAsSource>request</UseMessageAsSource>" + topic, "error InvalidValue"},
		{"<Source>m</Source>", "error MissingElement"},
		{"<Source>m</Source><CloudPubSub/>", "error MissingElement"},
		{"<Source>m</Source><CloudPubSub><Topic>orders</Topic></CloudPubSub>", "warning InvalidValue"},
		{"<Source>m</Source><CloudPubSub><Topic>projects/p/topics/</Topic></CloudPubSub>", "warning InvalidValue"},
		{"<Source>m</Source><Attributes><Attribute>v</Attribute></Attributes>" + topic, "error MissingAttribute"},
		{"<Source>m</Source><Attributes><Attribute name='a'>v</Attribute><Attribute name='a'/></Attributes>" + topic, "error InvalidValue"},
		{"<Source>m</Source><Attributes>" + publishedAttributes(10) + "</Attributes>" + topic, ""},
		{"<Source>m</Source><Attributes>" + publishedAttributes(11) + "</Attributes>" + topic, "error InvalidValue"},
		{"<Source>m</Source><Authentication/>" + topic, "warning UnknownElement"},
		{publishEndpoint("europe-west1-pubsub.googleapis.com"), ""},
		{publishEndpoint("https://europe-west1-pubsub.googleapis.com:443/v1/"), ""},
		{publishEndpoint("http://localhost:8085"), ""},
		{publishEndpoint("https://{request.header.host}"), "error InvalidValue"},
		{publishEndpoint("ftp://localhost"), "error InvalidValue"},
		{publishEndpoint("https://me:secret@localhost"), "error InvalidValue"},
		{publishEndpoint("https://localhost/?a"), "error InvalidValue"},
		{publishEndpoint("https://"), "error InvalidValue"},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, "<PublishMessage>"+tt.elements+"</PublishMessage>")
		if got := strings.Join(calloutProblems(b.Problems), ", "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.elements, got, tt.want)
		}
	}
}

func publishEndpoint(text string) string {
	return "<Source>m</Source><CloudPubSub><Topic>projects/p/topics/t</Topic><Endpoint>" + text + "</Endpoint></CloudPubSub>"
}

func publishedAttributes(n int) string {
	var s strings.Builder
	for i := range n {
		s.WriteString("<Attribute name='a" + string(rune('a'+i)) + "'/>")
	}
	return s.String()
}

// TestPublishMessageWithoutAnswer: what gave no answer tells the client no more than
// that, and a client that has gone ends the policy without a fault.
func TestPublishMessageWithoutAnswer(t *testing.T) {
	tests := []struct {
		err    error
		fault  string
		reason string
	}{
		{faults.MustRuntime("GatewayTimeout").New(), "ExecutionFailed", "timeout occurred"},
		{faults.MustRuntime("SslHandshakeFailed").New(), "ExecutionFailed", "no answer from Pub/Sub"},
		{errors.New("dial 10.0.0.1: refused"), "ExecutionFailed", "no answer from Pub/Sub"},
		{faults.MustRuntime("GoogleTokenGenerationFailure").New(), "GoogleTokenGenerationFailure", "no Google token could be made"},
	}
	for _, tt := range tests {
		w := permissive
		w.connection = &callee{answer: func(context.Context, *flow.Exchange, flow.Call) (*flow.Message, error) { return nil, tt.err }}
		err := w.run(t, client(), publishing)
		if got := calloutFault(t, err); got != tt.fault {
			t.Errorf("%v: fault %s, want %s", tt.err, got, tt.fault)
		}
		if f, ok := errors.AsType[*faults.Fault](err); ok && (!strings.HasSuffix(f.Reason, tt.reason) || !errors.Is(f, tt.err)) {
			t.Errorf("%v: %q with cause %v, want %q", tt.err, f.Reason, f.Cause, tt.reason)
		}
	}
}

func TestPublishMessageTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := permissive
		w.connection = &callee{answer: func(ctx context.Context, _ *flow.Exchange, _ flow.Call) (*flow.Message, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		p, _ := w.compile(t, publishing)
		start := time.Now()
		err := p.Execute(t.Context(), client())
		if f, ok := errors.AsType[*faults.Fault](err); !ok || !strings.HasSuffix(f.Reason, "timeout occurred") || time.Since(start) != 55*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := p.Execute(gone, client()); err != context.Canceled {
			t.Errorf("without a client: %v", err)
		}
	})
}

// TestPublishMessageSize: what Pub/Sub would refuse is not sent.
func TestPublishMessageSize(t *testing.T) {
	to := &callee{answer: says(200, `{"messageIds":["1"]}`)}
	w := permissive
	w.connection = to
	x := client()
	x.Request.SetContent(make([]byte, 10_000_000))
	if err := w.run(t, x, strings.Replace(publishing, "<Source>{request.content}</Source>", "<UseMessageAsSource>request</UseMessageAsSource>", 1)); err != nil || len(to.calls) != 1 {
		t.Fatalf("%v, %d calls", err, len(to.calls))
	}
	x.Request.SetContent(make([]byte, 10_000_001))
	if got := calloutFault(t, w.run(t, x, publishing)); got != "ExecutionFailed" || len(to.calls) != 1 {
		t.Errorf("fault %q, %d calls", got, len(to.calls))
	}
}

// TestPublishMessageBytes: a payload that is no text arrives byte for byte.
func TestPublishMessageBytes(t *testing.T) {
	to := &callee{answer: says(200, `{"messageIds":["1"]}`)}
	w := permissive
	w.connection = to
	x := client()
	x.Request.SetContent([]byte{0, 0xff, '\n', '"'})
	if err := w.run(t, x, publishing); err != nil {
		t.Fatal(err)
	}
	body, _ := to.calls[0].Request.Content()
	var sent struct{ Messages []struct{ Data []byte } }
	if err := json.Unmarshal(body, &sent); err != nil || string(sent.Messages[0].Data) != "\x00\xff\n\"" {
		t.Errorf("%s: %v", body, err)
	}
}

func BenchmarkPublishMessage(b *testing.B) {
	w := permissive
	w.connection = &callee{answer: says(200, `{"messageIds":["136969346945"]}`)}
	p, _ := w.compile(b, publishing)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(b.Context(), client()); err != nil {
			b.Fatal(err)
		}
	}
}
