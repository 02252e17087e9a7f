package policies

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

const (
	publishEndpoint = "https://pubsub.googleapis.com"
	publishScope    = "https://www.googleapis.com/auth/pubsub"
	// maxPublishedAttributes is that of the public schema of the policy; Pub/Sub itself
	// takes a hundred.
	maxPublishedAttributes = 10
)

func compilePublishMessage(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "UseMessageAsSource", "Attributes", "CloudPubSub", "IgnoreUnresolvedVariables")
	p := &publishMessage{
		ignore: b.Bool(el, "IgnoreUnresolvedVariables", false),
		failed: b.Fault("ExecutionFailed"), unresolved: b.Fault("UnresolvedVariable"),
		badTopic: b.Fault("InvalidTopic"), noToken: b.Fault("GoogleTokenGenerationFailure"),
		missing: b.Fault("SourceMessageNotAvailable"), notMessage: b.Fault("NonMessageVariable"),
	}
	p.compileSource(b, el)
	p.compileAttributes(b, b.Child(el, "Attributes"))
	p.compilePubSub(b, el)
	return p
}

// compileSource reads what is published: one of two elements says it.
func (p *publishMessage) compileSource(b *flow.Build, el *etree.Element) {
	source, message := b.Child(el, "Source"), b.Child(el, "UseMessageAsSource")
	text, name := flow.TextOf(source), flow.TextOf(message)
	switch {
	case text != "" && name != "":
		b.RefuseText(message, "InvalidValue", "Source and UseMessageAsSource exclude each other", "leave one of them")
	case name != "":
		p.message = b.Name(name)
		b.ReadsContent(name)
	case text != "":
		p.source = b.Template(source, text)
	default:
		b.RefuseText(el, "MissingElement", "neither Source nor UseMessageAsSource says what is published", "add <Source>{request.content}</Source>")
	}
}

func (p *publishMessage) compileAttributes(b *flow.Build, el *etree.Element) {
	b.Known(el, "Attribute")
	seen := map[string]bool{}
	for _, child := range flow.Children(el, "Attribute") {
		name := b.Attr(child, "name")
		switch {
		case name == "":
			b.RefuseText(child, "MissingAttribute", "Attribute has no name", `write <Attribute name="NAME">VALUE</Attribute>`)
		case seen[name]:
			b.RefuseText(child, "InvalidValue", "attribute "+strconv.Quote(name)+" is there twice", "leave one of them")
		}
		seen[name] = true
		p.attributes = append(p.attributes, publishedAttribute{name, b.Template(child, flow.TextOf(child))})
	}
	if len(p.attributes) > maxPublishedAttributes {
		b.RefuseText(el, "InvalidValue", "Attributes has "+strconv.Itoa(len(p.attributes))+" attributes", "write ten at most")
	}
}

func (p *publishMessage) compilePubSub(b *flow.Build, el *etree.Element) {
	pubsub := b.Child(el, "CloudPubSub")
	if pubsub == nil {
		b.RefuseText(el, "MissingElement", "element CloudPubSub is missing", "add <CloudPubSub><Topic>projects/PROJECT/topics/TOPIC</Topic></CloudPubSub>")
		return
	}
	b.Known(pubsub, "Topic", "Endpoint")
	topic := b.Child(pubsub, "Topic")
	p.topic = b.Template(topic, b.Need(pubsub, "Topic"))
	if fixed, ok := p.topic.Static(); ok && fixed != "" {
		if _, ok := publishTopic(fixed); !ok {
			b.Warn(topic, "InvalidValue", strconv.Quote(fixed)+" is no topic: the policy ends in InvalidTopic", "write projects/PROJECT/topics/TOPIC")
		}
	}
	at, ok := publishAddress(b.Text(pubsub, "Endpoint"))
	if !ok {
		b.RefuseText(b.Child(pubsub, "Endpoint"), "InvalidValue", "Endpoint is no address of Pub/Sub", "write https://REGION-pubsub.googleapis.com, or http://HOST:PORT of the emulator")
		return
	}
	p.root = strings.TrimSuffix(strings.TrimRight(at.EscapedPath(), "/"), "/v1")
	p.connection = b.Connection(publishConnection(at))
}

// publishAddress reads Endpoint; without a scheme it is one of https. The element's
// syntax is not established: a text with variables is refused, because the token of
// the service account goes there.
func publishAddress(text string) (*url.URL, bool) {
	if text == "" {
		text = publishEndpoint
	}
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	at, err := url.Parse(text)
	if err != nil || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" || strings.ContainsAny(text, "{}") {
		return nil, false
	}
	return at, at.Scheme == "https" || at.Scheme == "http"
}

// publishConnection is what a ServiceCallout would have for the same call, so that it
// goes the way of every other one: host mappings, forward proxies, verified
// certificates. Over http goes no token, as the emulator wants none.
func publishConnection(at *url.URL) *etree.Element {
	c := etree.NewElement("HTTPTargetConnection")
	c.CreateElement("URL").SetText(at.Scheme + "://" + at.Host)
	if at.Scheme == "https" {
		scopes := c.CreateElement("Authentication").CreateElement("GoogleAccessToken").CreateElement("Scopes")
		scopes.CreateElement("Scope").SetText(publishScope)
	}
	return c
}

// publishTopic reads projects/PROJECT/topics/TOPIC and escapes it for a path. What
// names may hold is Pub/Sub's documented grammar, without its lengths.
func publishTopic(text string) (path string, ok bool) {
	part := strings.Split(strings.TrimSpace(text), "/")
	if len(part) != 4 || part[0] != "projects" || part[2] != "topics" {
		return "", false
	}
	if !publishName(part[1], "-.:") || !publishName(part[3], "-_.~+%") {
		return "", false
	}
	return "projects/" + url.PathEscape(part[1]) + "/topics/" + url.PathEscape(part[3]), true
}

// publishName reports whether text begins with a letter or digit and goes on with
// those and the marks.
func publishName(text, marks string) bool {
	for i, r := range text {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !letter && (i == 0 || !strings.ContainsRune(marks, r)) {
			return false
		}
	}
	return text != ""
}
