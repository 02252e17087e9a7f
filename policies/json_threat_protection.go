package policies

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/jsonlimits"
)

var _ = register(flow.Kind{
	Name:    "JSONThreatProtection",
	Group:   "security",
	Compile: compileJSONThreatProtection,
	Doc: flow.Doc{
		Title: "refuses JSON payloads that exceed structural limits",
		Text: `Reads the payload of Source (request by default; response and message are the others) if its Content-Type is
application/json, text/json or any +json, and fails where a limit is exceeded or the payload is not JSON, an empty one
included: attach the policy under a condition where a request may come without a payload. A limit that is absent or negative
does not exist.

ContainerDepth counts objects and arrays within each other, ArrayElementCount and ObjectEntryCount what is in one of them,
ObjectEntryNameLength and StringValueLength characters, of which an emoji is two, as in Java. Containers nest 10000 deep at
most, also without ContainerDepth. A payload that the endpoint streams (request.streaming.enabled, response.streaming.enabled)
is not read.

The fault is always called ExecutionFailed; its text says which limit it was and in which line. Variables set:
jsonattack.POLICY.failed and jsonattack.failed.`,
		Sample: `<JSONThreatProtection name="JTP-Order">
  <Source>request</Source>
  <ContainerDepth>10</ContainerDepth>
  <ArrayElementCount>20</ArrayElementCount>
  <ObjectEntryCount>15</ObjectEntryCount>
  <ObjectEntryNameLength>50</ObjectEntryNameLength>
  <StringValueLength>500</StringValueLength>
</JSONThreatProtection>`,
	},
})

// jsonThreatProtection is specified by policies-1.md 25. Its status is 500; an organization that asks Apigee to can get 400
// for request flows, which sluice does not know.
type jsonThreatProtection struct {
	source   threatSource
	limits   jsonlimits.Limits
	exceeded map[jsonlimits.Limit]*faults.Def
	invalid  *faults.Def // not JSON
}

func compileJSONThreatProtection(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Source", "ArrayElementCount", "ContainerDepth", "ObjectEntryCount", "ObjectEntryNameLength", "StringValueLength")
	limit := func(l jsonlimits.Limit) int { return b.Int(el, l.String(), -1, math.MinInt) }
	p := &jsonThreatProtection{
		source: compileThreatSource(b, el, "request", "SourceUnavailable"),
		limits: jsonlimits.Limits{
			ContainerDepth:        limit(jsonlimits.ContainerDepth),
			ArrayElementCount:     limit(jsonlimits.ArrayElementCount),
			ObjectEntryCount:      limit(jsonlimits.ObjectEntryCount),
			ObjectEntryNameLength: limit(jsonlimits.ObjectEntryNameLength),
			StringValueLength:     limit(jsonlimits.StringValueLength),
		},
		exceeded: map[jsonlimits.Limit]*faults.Def{},
		invalid:  b.Fault("ExecutionFailed/not JSON"),
	}
	for l := jsonlimits.ContainerDepth; l <= jsonlimits.StringValueLength; l++ {
		p.exceeded[l] = b.Fault("ExecutionFailed/" + l.String())
	}
	b.ReadsContent(p.source.name.String())
	return p
}

func (p *jsonThreatProtection) Execute(_ context.Context, x *flow.Exchange) error {
	m, err := p.source.message(x)
	if err != nil || !m.IsJSON() {
		return err
	}
	data, ok, err := threatPayload(m)
	if !ok {
		return err
	}
	return p.fault(jsonlimits.Check(data, p.limits))
}

func (p *jsonThreatProtection) fault(err error) error {
	if exceeded, ok := errors.AsType[*jsonlimits.ExceededError](err); ok {
		return p.exceeded[exceeded.Limit].Wrap(err, "line", strconv.Itoa(exceeded.Line))
	}
	if invalid, ok := errors.AsType[*jsonlimits.SyntaxError](err); ok {
		return p.invalid.Wrap(err, "token", invalid.Expecting, "line", strconv.Itoa(invalid.Line))
	}
	return err
}
