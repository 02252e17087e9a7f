package policies

import (
	"errors"
	"sort"

	"sluice/flow"
	"sluice/internal/script"
)

// javascriptErrorMessage is read by error handlers of public bundles. Some scripts
// set it themselves before they throw; theirs stays.
const javascriptErrorMessage = "javascript.errorMessage"

// javascriptVariables are the flow variables as a script gets and sets them.
type javascriptVariables struct {
	x         *flow.Exchange
	names     map[string]*flow.Name
	describes bool // the script has set javascript.errorMessage
}

func (v *javascriptVariables) name(text string) *flow.Name {
	if n := v.names[text]; n != nil {
		return n
	}
	return flow.ParseName(text)
}

// Get implements script.Variables: a number of a variable is a number of the script,
// whatever its type in Java.
func (v *javascriptVariables) Get(name string) (any, error) {
	value := v.x.Get(v.name(name))
	if err := v.x.Err(); err != nil {
		return nil, err
	}
	switch value.Type() {
	case flow.Null:
		return nil, nil
	case flow.Boolean:
		return value.True(), nil
	case flow.Integer, flow.Long:
		return value.Int(), nil
	case flow.Float, flow.Double:
		n, _ := value.Number()
		return n, nil
	case flow.Collection:
		return value.Items(), nil
	case flow.MessageObject:
		return &javascriptMessage{x: v.x, m: value.Message()}, nil
	case flow.Object:
		return javascriptObject(value), nil
	}
	return value.String(), nil
}

// javascriptObject is what a script stored, or the text of something else.
func javascriptObject(value flow.Value) any {
	switch ref := value.Ref().(type) {
	case script.Data, *script.Call:
		return ref
	}
	return value.String()
}

// Set implements script.Variables. A variable that cannot be set stays as it is, and
// the trace tells: what Apigee does is not established, and a script that works there
// must go on here.
func (v *javascriptVariables) Set(name string, value any) error {
	if name == javascriptErrorMessage {
		v.describes = true
	}
	err := v.x.Set(v.name(name), javascriptValue(value))
	if refused := (*flow.SetError)(nil); errors.As(err, &refused) {
		v.x.Warn(refused.Error())
		return nil
	}
	return err
}

// javascriptValue makes a flow variable's value. Whole numbers become integers;
// Rhino makes doubles of most, which then print as 1.0 (recalled, and not copied).
func javascriptValue(value any) flow.Value {
	switch v := value.(type) {
	case nil:
		return flow.Value{}
	case bool:
		return flow.Bool(v)
	case int64:
		if v == int64(int32(v)) {
			return flow.Int(int(v))
		}
		return flow.Int64(v)
	case float64:
		return flow.Float64(v)
	case string:
		return flow.Text(v)
	case []string:
		return flow.List(v)
	case *javascriptMessage:
		return flow.MessageValue(v.m)
	}
	return flow.ObjectValue(value)
}

// message returns a message as scripts see it; the interface is nil when there is none.
func (v *javascriptVariables) message(role script.Role) script.Message {
	var m *flow.Message
	switch role {
	case script.RequestMessage:
		m = v.x.Request
	case script.ResponseMessage:
		m = v.x.Response
	case script.ErrorMessage:
		m = v.x.Error
	case script.AmbientMessage:
		m = v.x.Ambient()
	default:
		m = v.ofEndpoint(role)
	}
	if m == nil {
		return nil
	}
	return &javascriptMessage{x: v.x, m: m}
}

// ofEndpoint is one of the messages of context. The runtime has one message for both
// endpoints; only the pair of the running one is in scope (the page). In the error
// state, of which the page does not speak, both are.
func (v *javascriptVariables) ofEndpoint(role script.Role) *flow.Message {
	inTarget := v.x.Phase == flow.TargetRequest || v.x.Phase == flow.TargetResponse
	ofTarget := role == script.TargetRequestMessage || role == script.TargetResponseMessage
	switch {
	case inTarget != ofTarget && !v.x.InError():
		return nil
	case role == script.ProxyRequestMessage || role == script.TargetRequestMessage:
		return v.x.Request
	}
	return v.x.Response
}

// javascriptSessionName is the variable that keeps context.session.
const javascriptSessionName = "javascript.session"

// javascriptValues are the values of context.session. They belong to one exchange.
type javascriptValues map[string]any

// javascriptSession is context.session: its values stay until the transaction ends.
type javascriptSession struct{ x *flow.Exchange }

func (s *javascriptSession) values() javascriptValues {
	held, _ := s.x.Held(javascriptSessionName)
	values, _ := held.Ref().(javascriptValues)
	return values
}

// Get implements script.Session.
func (s *javascriptSession) Get(name string) any { return s.values()[name] }

// Set implements script.Session.
func (s *javascriptSession) Set(name string, v any) {
	values := s.values()
	if values == nil {
		values = javascriptValues{}
		s.x.Put(javascriptSessionName, flow.ObjectValue(values))
	}
	if v == nil {
		delete(values, name)
		return
	}
	values[name] = v
}

// Names implements script.Session.
func (s *javascriptSession) Names() []string {
	names := make([]string, 0, len(s.values()))
	for name := range s.values() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
