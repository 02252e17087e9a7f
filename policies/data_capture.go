package policies

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "DataCapture",
	Group:   "extension",
	Compile: compileDataCapture,
	Doc: flow.Doc{
		Title: "captures values for analytics",
		Text: `Each Capture takes one value for a DataCollector: the variable that the attribute ref of Collect names, or what one of
URIPath, QueryParam, Header, FormParam, JSONPayload and XMLPayload finds in the message Source (default message). A Pattern has
exactly one variable, {$}; the first that matches counts.

A value that is not there is the default of Collect. Without a default it is "Not set" if IgnoreUnresolvedVariables is true, and
otherwise a fault. A private variable, a Source that is no message, a payload of another Content-Type and one that does not parse
are faults in any case. All captures are tried before the policy fails.

At most 100 values of 400 bytes each are captured for a request. What is above that is left out or cut, or with
ThrowExceptionOnLimit fails the policy. The variable dataCapturePolicyErrors lists what went wrong.

serve --analytics FILE writes what was captured, a line of JSON for each request. Data collectors need not be declared.`,
		Sample: `<DataCapture name="DC-Order">
  <IgnoreUnresolvedVariables>true</IgnoreUnresolvedVariables>
  <Capture>
    <DataCollector>dc_customer</DataCollector>
    <Collect default="none">
      <URIPath><Pattern ignoreCase="true">/customers/{$}</Pattern></URIPath>
    </Collect>
  </Capture>
  <Capture>
    <DataCollector>dc_total</DataCollector>
    <Collect default="0">
      <Source>request</Source>
      <JSONPayload><JSONPath>$.total</JSONPath></JSONPayload>
    </Collect>
  </Capture>
  <Capture>
    <DataCollector>dc_app</DataCollector>
    <Collect ref="developer.app.name" default="none"/>
  </Capture>
</DataCapture>`,
	},
})

// Limits of what is captured of one request (the DataCapture page).
const (
	dataCaptureMost  = 100 // values
	dataCaptureBytes = 400 // of each
)

// dataCaptureUnset is the value of a string that is not there and has no default. That of
// a number would be null; the collectors' types are not known here.
const dataCaptureUnset = "Not set"

// dataCapture is specified by policies-1.md 8 and the DataCapture page.
type dataCapture struct {
	name     string
	ignore   bool // IgnoreUnresolvedVariables
	throw    bool // ThrowExceptionOnLimit
	captures []dataCaptureOne

	unresolved, failed, private     *faults.Def
	tooMany, tooLong                *faults.Def
	notMessage, badType, badContent *faults.Def
	noJSON, noXML                   *faults.Def
}

// dataCaptureOne is a Capture.
type dataCaptureOne struct {
	collector string
	from      dataSource
	def       string
	hasDef    bool
}

// dataSource finds a value.
type dataSource interface {
	// find returns the value. Its error is errDataNothing, a *faults.Fault of the policy,
	// or that of a message that cannot be read.
	find(p *dataCapture, x *flow.Exchange) (string, error)
}

// errDataNothing says that there is nothing to look for in such a message, which is no
// fault.
var errDataNothing = errors.New("nothing to capture")

func compileDataCapture(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "IgnoreUnresolvedVariables", "ThrowExceptionOnLimit", "Capture")
	p := &dataCapture{
		name: b.Owner, ignore: b.Bool(el, "IgnoreUnresolvedVariables", false), throw: b.Bool(el, "ThrowExceptionOnLimit", false),
		unresolved: b.Fault("UnresolvedVariable"), failed: b.Fault("ExtractionFailure"), private: b.Fault("PrivateVariableAccess"),
		tooMany: b.Fault("VariableCountLimitExceeded"), tooLong: b.Fault("VariableValueLimitExceeded"),
		notMessage: b.Fault("NonMsgVariable"), badType: b.Fault("InvalidMsgContentType"), badContent: b.Fault("MsgContentParsingFailed"),
		noJSON: b.Fault("JSONPathQueryFailed"), noXML: b.Fault("XPathEvaluationFailed"),
	}
	c := &dataCaptureCompiler{Build: b, collectors: map[string]bool{}}
	list := flow.Children(el, "Capture")
	for _, child := range list {
		if one, ok := c.capture(child); ok {
			p.captures = append(p.captures, one)
		}
	}
	if len(list) == 0 {
		b.RefuseText(el, "MissingElement", "the policy captures nothing", "add <Capture> with <DataCollector> and <Collect>")
	}
	return p
}

// Execute tries all captures, and then fails with the first fault of them.
func (p *dataCapture) Execute(_ context.Context, x *flow.Exchange) error {
	var first error
	for i := range p.captures {
		err := p.capture(x, &p.captures[i])
		if err != nil && !p.owns(err) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return first
}

// owns reports whether an error is a fault of this policy type, and not one of the
// message that it read.
func (p *dataCapture) owns(err error) bool {
	f, ok := errors.AsType[*faults.Fault](err)
	return ok && f.Def.Element == p.failed.Element
}

func (p *dataCapture) capture(x *flow.Exchange, c *dataCaptureOne) error {
	text, err := c.from.find(p, x)
	if broken := x.Err(); broken != nil {
		return broken
	}
	if err != nil {
		text = dataCaptureUnset
		if c.hasDef {
			text = c.def
		}
	}
	if p.excuses(c, err) {
		err = nil
	}
	if err != nil && !p.owns(err) {
		return err
	}
	if err != nil {
		p.note(x, flow.FaultOf(err).Name(), c.collector)
	}
	return errors.Join(err, p.keep(x, c.collector, text))
}

// excuses reports whether a value may be missing: there is a default, or nobody insists
// on a value.
func (p *dataCapture) excuses(c *dataCaptureOne, err error) bool {
	if errors.Is(err, errDataNothing) {
		return true
	}
	f, ok := errors.AsType[*faults.Fault](err)
	missing := ok && slices.Contains([]*faults.Def{p.unresolved, p.failed, p.noJSON, p.noXML}, f.Def)
	return missing && (p.ignore || c.hasDef)
}

// keep captures a value within the limits.
func (p *dataCapture) keep(x *flow.Exchange, collector, text string) error {
	if p.full(x, collector) {
		p.noteOnce(x, "MaxVariableCountLimitReached", collector)
		if p.throw {
			return p.tooMany.New("collector", collector)
		}
		return nil
	}
	if len(text) > dataCaptureBytes {
		p.note(x, "MaxValueSizeLimitReached", collector)
		if p.throw {
			return p.tooLong.New("collector", collector)
		}
		text = strings.ToValidUTF8(text[:dataCaptureBytes], "")
	}
	x.Capture(flow.Captured{Name: collector, Value: flow.Text(text)})
	return nil
}

// full reports whether a request has no room for one more collector.
func (p *dataCapture) full(x *flow.Exchange, collector string) bool {
	n := 0
	for _, c := range x.Captured() {
		switch {
		case c.Statistic || c.Name == dataCaptureErrors:
		case c.Name == collector:
			return false
		default:
			n++
		}
	}
	return n >= dataCaptureMost
}

// dataCaptureErrors is the variable, and the field of analytics, that lists errors.
const dataCaptureErrors = "dataCapturePolicyErrors"

// dataCaptureError is an entry of it. The page shows two names of errors; the others are
// those of the faults, or like those two.
type dataCaptureError struct {
	ErrorType     string `json:"errorType"`
	PolicyName    string `json:"policyName"`
	DataCollector string `json:"dataCollector"`
}

// note adds an error to the list. It is subject to the limit of a value: what does not
// fit is left out, so that the list stays JSON.
func (p *dataCapture) note(x *flow.Exchange, kind, collector string) {
	entry, err := json.Marshal(dataCaptureError{kind, p.name, collector})
	if err != nil {
		return // texts: it cannot fail
	}
	list := "[" + string(entry) + "]"
	if before, ok := x.Held(dataCaptureErrors); ok {
		list = strings.TrimSuffix(before.String(), "]") + "," + list[1:]
	}
	if len(list) > dataCaptureBytes {
		return
	}
	x.Put(dataCaptureErrors, flow.Text(list))
	x.Capture(flow.Captured{Name: dataCaptureErrors, Value: flow.Text(list)})
}

// noteOnce is note unless the list has such an error.
func (p *dataCapture) noteOnce(x *flow.Exchange, kind, collector string) {
	if before, _ := x.Held(dataCaptureErrors); !strings.Contains(before.String(), `"`+kind+`"`) {
		p.note(x, kind, collector)
	}
}
