package policies

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// messageCloud is CloudLogging.
type messageCloud struct {
	logs     flow.Logs
	name     *flow.Template
	text     *flow.Template
	json     bool // contentType="application/json"
	labels   []messageLabel
	resource string
	endpoint string
	account  string
	severity string

	badName, badJSON, pending *faults.Def
}

type messageLabel struct{ key, value *flow.Template }

// messageResource is the documented default of ResourceType.
const messageResource = "global"

func (c *messageLoggingCompiler) cloud(el *etree.Element) messageLog {
	c.Known(el, "LogName", "Message", "Labels", "ResourceType", "Endpoint")
	m := &messageCloud{
		logs: c.MessageLogs(), name: c.Template(flow.Child(el, "LogName"), c.Need(el, "LogName")), text: c.message(el),
		json: c.cloudJSON(flow.Child(el, "Message")), labels: c.labels(flow.Child(el, "Labels")),
		resource: messageResource, endpoint: c.cloudEndpoint(el), account: c.Account, severity: c.level.cloud,
		badName: c.Fault("InvalidGoogleCloudLogName"), badJSON: c.Fault("InvalidJSONMessage"), pending: c.Fault("TooManyPendingLoggingRequest"),
	}
	if text := c.Text(el, "ResourceType"); text != "" {
		m.resource = text
	}
	return m
}

// cloudJSON reads the attributes of Message that CloudLogging has. What
// escapeReservedCharacters escapes is not established.
func (c *messageLoggingCompiler) cloudJSON(el *etree.Element) bool {
	if c.BoolAttr(el, "escapeReservedCharacters", false) {
		c.Warn(el, "UnusedAttribute", "escapeReservedCharacters is ignored: what it does is documented nowhere", "escape values themselves, as in {escapeJSON(request.content)}")
	}
	switch t := c.Attr(el, "contentType"); strings.ToLower(t) {
	case "application/json":
		return true
	case "", "text/plain":
	default:
		c.Warn(el, "InvalidValue", "contentType "+t+" is not known and taken for text/plain", "write text/plain or application/json")
	}
	return false
}

func (c *messageLoggingCompiler) labels(el *etree.Element) []messageLabel {
	c.Known(el, "Label")
	var list []messageLabel
	for _, child := range flow.Children(el, "Label") {
		c.Known(child, "Key", "Value")
		key, value := flow.Child(child, "Key"), flow.Child(child, "Value")
		list = append(list, messageLabel{c.Template(key, c.Need(child, "Key")), c.Template(value, flow.TextOf(value))})
	}
	return list
}

// cloudEndpoint reads Endpoint, the URL of entries.write on a private address. A token
// goes there, so it is https.
func (c *messageLoggingCompiler) cloudEndpoint(el *etree.Element) string {
	url := c.Text(el, "Endpoint")
	if url != "" && !strings.HasPrefix(url, "https://") {
		c.RefuseText(flow.Child(el, "Endpoint"), "InvalidValue", "Endpoint is no URL of https", "write https://...")
	}
	return url
}

func (m *messageCloud) write(p *messageLogging, x *flow.Exchange) error {
	entry, err := m.entry(p, x)
	if err != nil {
		return err
	}
	if err := m.logs.Cloud(entry); errors.Is(err, flow.ErrPendingLogs) {
		return m.pending.Wrap(err)
	}
	return nil
}

func (m *messageCloud) entry(p *messageLogging, x *flow.Exchange) (*flow.CloudLogEntry, error) {
	e := &flow.CloudLogEntry{Account: m.account, Endpoint: m.endpoint, ResourceType: m.resource, Severity: m.severity, Time: x.Now()}
	var err error
	if e.Name, err = p.expand(x, m.name); err != nil {
		return nil, err
	}
	if !isCloudLogName(e.Name) {
		return nil, m.badName.New("logname", e.Name)
	}
	if e.Text, err = p.expand(x, m.text); err != nil {
		return nil, err
	}
	if m.json {
		if !json.Valid([]byte(e.Text)) {
			return nil, m.badJSON.New()
		}
		// A payload is an object; other JSON is logged as text.
		e.JSON = strings.HasPrefix(strings.TrimLeft(e.Text, " \t\r\n"), "{")
	}
	e.Labels, err = m.labelsOf(p, x)
	return e, err
}

func (m *messageCloud) labelsOf(p *messageLogging, x *flow.Exchange) (map[string]string, error) {
	if len(m.labels) == 0 {
		return nil, nil
	}
	labels := make(map[string]string, len(m.labels))
	for _, l := range m.labels {
		key, err := p.expand(x, l.key)
		if err != nil {
			return nil, err
		}
		if labels[key], err = p.expand(x, l.value); err != nil {
			return nil, err
		}
	}
	return labels, nil
}

// maxCloudLogID bounds the last part of a log's name (the LogEntry reference).
const maxCloudLogID = 512

// isCloudLogName reports whether a name is projects/PROJECT/logs/LOG. LOG is
// percent-encoded, so that it has no slash.
func isCloudLogName(name string) bool {
	part := strings.Split(name, "/")
	if len(part) != 4 || part[0] != "projects" || part[1] == "" || part[2] != "logs" || part[3] == "" || len(part[3]) > maxCloudLogID {
		return false
	}
	return strings.IndexFunc(part[1]+part[3], func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && !strings.ContainsRune("-_.%:", r)
	}) < 0
}
