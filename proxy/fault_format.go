package proxy

import (
	"errors"
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
