package policies

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/javatime"
)

// messageSyslog is Syslog.
type messageSyslog struct {
	logs   flow.Logs
	server *flow.SyslogServer
	text   *flow.Template
	header *messageHeader // nil: the message alone
}

// messageHeader is what FormatMessage puts before a message.
type messageHeader struct {
	priority string
	time     *javatime.Format
}

// messageSyslogPort is the port of syslog.
const messageSyslogPort = 514

// messageDateFormat is the default of DateFormat (recommended).
const messageDateFormat = "yyyy-MM-dd'T'HH:mm:ss.SSSZ"

func (c *messageLoggingCompiler) syslog(el *etree.Element) messageLog {
	c.Known(el, "Message", "Host", "Port", "Protocol", "FormatMessage", "DateFormat", "PayloadOnly", "SSLInfo")
	s := &messageSyslog{logs: c.MessageLogs(), text: c.message(el), header: c.header(el)}
	at := flow.SyslogAddress{Host: c.syslogHost(el), Port: c.syslogPort(el), UDP: c.syslogUDP(el)}
	s.server = c.Syslog(c.Build, at, c.Child(el, "SSLInfo"))
	return s
}

// syslogHost reads Host, which knows no variables. Whether the name resolves, Edge asks
// at deployment; here the first message tells, since the bundle may be served elsewhere.
func (c *messageLoggingCompiler) syslogHost(el *etree.Element) string {
	host := cmp.Or(c.Text(el, "Host"), "localhost")
	if strings.ContainsAny(host, "{}/@?# \t\r\n") {
		c.Refuse(c.Child(el, "Host"), "InvalidHostName", "host", host)
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// syslogPort reads Port; an element without a value is refused as documented.
func (c *messageLoggingCompiler) syslogPort(el *etree.Element) int {
	child := c.Child(el, "Port")
	if child == nil {
		return messageSyslogPort
	}
	port, err := strconv.Atoi(flow.TextOf(child))
	if err != nil || port < 1 || port > 65535 {
		c.Refuse(child, "InvalidPort", "port", flow.TextOf(child))
		return messageSyslogPort
	}
	return port
}

// syslogUDP reads Protocol.
func (c *messageLoggingCompiler) syslogUDP(el *etree.Element) bool {
	child := c.Child(el, "Protocol")
	switch strings.ToUpper(flow.TextOf(child)) {
	case "", "UDP":
		return true
	case "TCP":
		return false
	}
	c.Refuse(child, "InvalidProtocol", "protocol", flow.TextOf(child))
	return true
}

// header reads whether and how a header is made: RFC 5424, with Apigee as the application
// and the message's id where RFC 5424 has the host (recommended; the documented sample
// has some id there).
func (c *messageLoggingCompiler) header(el *etree.Element) *messageHeader {
	child := c.Child(el, "DateFormat")
	pattern := cmp.Or(flow.TextOf(child), messageDateFormat)
	format, err := javatime.Compile(pattern)
	if err != nil {
		c.RefuseText(child, "InvalidValue", "DateFormat is no date pattern: "+err.Error(), "write one as SimpleDateFormat takes them, such as "+messageDateFormat)
		return nil
	}
	if !c.Bool(el, "FormatMessage", false) || c.Bool(el, "PayloadOnly", false) {
		return nil
	}
	const user = 1 // facility
	return &messageHeader{priority: "<" + strconv.Itoa(user*8+c.level.syslog) + ">1 ", time: format}
}

func (s *messageSyslog) write(p *messageLogging, x *flow.Exchange) error {
	line, err := p.line(x, s.header, s.text)
	if err != nil {
		return err
	}
	_ = s.logs.Syslog(s.server, line) // that it is dropped is no fault (recommended)
	return nil
}

// line is a message with its header, if it has one.
func (p *messageLogging) line(x *flow.Exchange, h *messageHeader, text *flow.Template) ([]byte, error) {
	var line []byte
	if h != nil {
		line = append(line, h.priority+h.time.Format(x.Now().UTC())+" "+x.ID()+" Apigee - - - "...)
	}
	line, err := text.Append(line, x, true)
	return line, p.templateFault(err)
}
