package policies

import (
	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// threatSource is Source of the policies that protect from threats in messages.
type threatSource struct {
	name       *flow.Name
	missing    *faults.Def // there is no such variable
	notMessage *faults.Def // it holds something else
}

// compileThreatSource reads Source; def stands for none. Documented are request, response and message, real bundles also
// name messages of their own, which do.
func compileThreatSource(b *flow.Build, el *etree.Element, def, missing string) threatSource {
	name := b.Text(el, "Source")
	if name == "" {
		name = def
	}
	return threatSource{b.Name(name), b.Fault(missing), b.Fault("NonMessageVariable")}
}

// message returns the message, or a fault.
func (s *threatSource) message(x *flow.Exchange) (*flow.Message, error) {
	name := s.name.String()
	if m := x.Message(name); m != nil {
		return m, nil
	}
	v := x.Get(s.name)
	if broken := x.Err(); broken != nil {
		return nil, broken
	}
	if v.IsNull() {
		return nil, s.missing.New("source", name, "variable", name)
	}
	return nil, s.notMessage.New("variable", name)
}

// threatPayload is the payload of m. ok is false where it is streamed past the policies, as the endpoint's property wants.
func threatPayload(m *flow.Message) (data []byte, ok bool, err error) {
	if _, held := m.Body.Held(); m.Streamed && !held {
		return nil, false, nil
	}
	data, err = m.Content()
	return data, err == nil, err
}
