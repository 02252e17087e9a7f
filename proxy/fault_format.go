package proxy

import (
	"errors"
	"strconv"
	"strings"

	"sluice/faults"
	"sluice/flow"
)

// wantsXML reports whether the client speaks XML (Options.XMLFaults).
func (r *run) wantsXML() bool {
	m := r.x.Request
	return isXML(m.MediaType()) || !m.Header.Has("Content-Type") && isXML(m.Header.Value("Accept"))
}

func isXML(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/xml") || strings.HasPrefix(mediaType, "application/xml")
}

// toXML replaces the default JSON body of a fault. A message that RaiseFault or
// a target brought stays.
func toXML(m *flow.Message, f *faults.Fault, err error) {
	var own *flow.Raised
	if errors.As(err, &own) {
		return
	}
	m.Header.Set("Content-Type", "application/xml")
	m.SetContent(f.XMLBody())
}

// hopByHop reports headers that belong to one connection (RFC 9110 7.6.1) or to
// the framing of one message.
func hopByHop(name string) bool {
	switch len(name) {
	case 2:
		return strings.EqualFold(name, "TE")
	case 6:
		return strings.EqualFold(name, "Expect")
	case 7:
		return strings.EqualFold(name, "Trailer") || strings.EqualFold(name, "Upgrade")
	case 10:
		return strings.EqualFold(name, "Connection") || strings.EqualFold(name, "Keep-Alive")
	case 14:
		return strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "HTTP2-Settings")
	case 16:
		return strings.EqualFold(name, "Proxy-Connection")
	case 17:
		return strings.EqualFold(name, "Transfer-Encoding")
	case 19:
		return strings.EqualFold(name, "Proxy-Authorization")
	case 18:
		return strings.EqualFold(name, "Proxy-Authenticate")
	}
	return false
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
