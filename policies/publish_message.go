package policies

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "PublishMessage",
	Group:   "extension",
	Waits:   true,
	Compile: compilePublishMessage,
	Doc: flow.Doc{
		Title: "publishes a message to a topic of Google Cloud Pub/Sub",
		Text: `Publishes what the template Source makes, or the payload of the message that UseMessageAsSource names, and waits
for the answer. Topic is a template for projects/PROJECT/topics/TOPIC; Attributes are templates, up to ten. A variable that
does not resolve fails the policy, unless IgnoreUnresolvedVariables is true: then it is empty.

The deployment's service account, which needs pubsub.topics.publish, signs the call: --service-account, --google-tokens.
Endpoint is a regional or private address of Pub/Sub. The emulator of Pub/Sub is reached by an Endpoint of http, which gets
no token, or, without a change of the bundle, by --map-host pubsub.googleapis.com=localhost:8085.

Variable set, only when the message was published: publishmessage.message.id. Apigee documents no faults; sluice has
ExecutionFailed, UnresolvedVariable, InvalidTopic and those of its own source.`,
		Sample: `<PublishMessage name="PM-Order">
  <Source>{request.content}</Source>
  <Attributes>
    <Attribute name="tenant">{request.header.x-tenant:none}</Attribute>
  </Attributes>
  <CloudPubSub>
    <Topic>projects/{organization.name}/topics/orders</Topic>
  </CloudPubSub>
  <IgnoreUnresolvedVariables>false</IgnoreUnresolvedVariables>
</PublishMessage>`,
	},
})

const (
	publishMessageID = "publishmessage.message.id"
	// publishTimeout bounds a call: the default of ServiceCallout, as none is documented.
	publishTimeout = 55 * time.Second
	// maxPublished is Pub/Sub's documented quota for a message's data, in bytes.
	maxPublished = 10_000_000
)

// publishMessage is specified by policies-2.md 13.
type publishMessage struct {
	connection flow.Connection
	root       string         // path of the endpoint, before /v1
	topic      *flow.Template // projects/PROJECT/topics/TOPIC
	source     *flow.Template // nil: the payload of message
	message    *flow.Name
	attributes []publishedAttribute
	ignore     bool // IgnoreUnresolvedVariables

	failed, unresolved, badTopic, noToken *faults.Def
	missing, notMessage                   *faults.Def
}

type publishedAttribute struct {
	name  string
	value *flow.Template
}

func (p *publishMessage) Execute(ctx context.Context, x *flow.Exchange) error {
	request, err := p.request(x)
	if err != nil {
		return err
	}
	path, err := p.path(x)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	answer, err := p.connection.Call(limited, x, flow.Call{Request: request, URI: path, Timeout: publishTimeout})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return p.fault(err)
	}
	defer answer.Body.Close()
	id, err := p.publishedID(answer)
	if err != nil {
		return err
	}
	x.Put(publishMessageID, flow.Text(id))
	return nil
}

// request is the call of projects.topics.publish, as the REST reference of Pub/Sub has it.
func (p *publishMessage) request(x *flow.Exchange) (*flow.Message, error) {
	data, err := p.data(x)
	if err != nil {
		return nil, err
	}
	if len(data) > maxPublished {
		return nil, p.failed.New("reason", "the message has more than "+strconv.Itoa(maxPublished)+" bytes")
	}
	attributes, err := p.attributesOf(x)
	if err != nil {
		return nil, err
	}
	type message struct {
		Data       []byte            `json:"data,omitempty"` // base64 on the wire
		Attributes map[string]string `json:"attributes,omitempty"`
	}
	body, err := json.Marshal(struct {
		Messages []message `json:"messages"`
	}{[]message{{data, attributes}}})
	if err != nil {
		return nil, err
	}
	m := flow.NewRequest()
	m.Method = "POST"
	m.Header.Add("Content-Type", "application/json")
	m.SetContent(body)
	return m, nil
}

// data is what is published.
func (p *publishMessage) data(x *flow.Exchange) ([]byte, error) {
	if p.source != nil {
		text, err := p.expand(x, p.source)
		return []byte(text), err
	}
	name := p.message.String()
	if m := x.Message(name); m != nil {
		return m.Content()
	}
	v := x.Get(p.message)
	switch broken := x.Err(); {
	case broken != nil:
		return nil, broken
	case !v.IsNull():
		return nil, p.notMessage.New("variable", name)
	}
	return nil, p.missing.New("source", name)
}

func (p *publishMessage) attributesOf(x *flow.Exchange) (map[string]string, error) {
	if len(p.attributes) == 0 {
		return nil, nil
	}
	made := make(map[string]string, len(p.attributes))
	for _, a := range p.attributes {
		value, err := p.expand(x, a.value)
		if err != nil {
			return nil, err
		}
		made[a.name] = value
	}
	return made, nil
}

// path is that of the topic's publish method.
func (p *publishMessage) path(x *flow.Exchange) (string, error) {
	text, err := p.expand(x, p.topic)
	if err != nil {
		return "", err
	}
	topic, ok := publishTopic(text)
	if !ok {
		return "", p.badTopic.New("topic", text)
	}
	return p.root + "/v1/" + topic + ":publish", nil
}

func (p *publishMessage) expand(x *flow.Exchange, t *flow.Template) (string, error) {
	text, err := t.Expand(x, p.ignore)
	if broken := x.Err(); broken != nil {
		return "", broken // a body that cannot be read looks like an unresolved variable
	}
	if u, ok := errors.AsType[*flow.UnresolvedError](err); ok {
		return "", p.unresolved.New("variable", u.Name)
	}
	_, function := errors.AsType[*flow.FunctionError](err)
	if function || errors.Is(err, flow.ErrTemplateTooBig) {
		return "", p.failed.Wrap(err, "reason", "a template cannot be expanded")
	}
	return text, err
}

// publishedID reads the answer to a publication of one message.
func (p *publishMessage) publishedID(answer *flow.Message) (string, error) {
	if answer.Status != 200 {
		return "", p.failed.New("reason", "ResponseCode "+strconv.Itoa(answer.Status)+" is treated as error")
	}
	body, err := answer.Content()
	if err != nil {
		return "", p.failed.Wrap(err, "reason", "the answer of Pub/Sub cannot be read")
	}
	var told struct {
		MessageIDs []string `json:"messageIds"`
	}
	if err := json.Unmarshal(body, &told); err != nil || len(told.MessageIDs) != 1 || told.MessageIDs[0] == "" {
		return "", p.failed.Wrap(err, "reason", "the answer of Pub/Sub has no message ID")
	}
	return told.MessageIDs[0], nil
}

// fault is that of a call without an answer. The reason is for the client and names
// no address; the cause keeps the error.
func (p *publishMessage) fault(err error) error {
	f, ok := errors.AsType[*faults.Fault](err)
	switch {
	case ok && f.Def.Name == p.noToken.Name:
		return p.noToken.Wrap(err)
	case errors.Is(err, context.DeadlineExceeded) || ok && f.Def.Name == "GatewayTimeout":
		return p.failed.Wrap(err, "reason", "timeout occurred")
	}
	return p.failed.Wrap(err, "reason", "no answer from Pub/Sub")
}
