package policies

import (
	"cmp"
	"context"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "StatisticsCollector",
	Group:   "extension",
	Compile: compileStatisticsCollector,
	Doc: flow.Doc{
		Title: "captures statistics for analytics (Edge; DataCapture is its successor)",
		Text: `Each Statistic takes the variable that ref names, as a value of its type: string, integer, float, long, double or boolean.
The text of the element is the default, for a variable that is not there and for one that is no such value; without a default
the value is null. A type may be left out only where ref names a predefined variable. Texts are cut at 1000 characters.

The last StatisticsCollector that runs in a request counts. serve --analytics FILE writes what was captured.`,
		Sample: `<StatisticsCollector name="SC-Purchase">
  <Statistics>
    <Statistic name="productID" ref="product.id" type="string">999999</Statistic>
    <Statistic name="price" ref="product.price" type="double">0</Statistic>
  </Statistics>
</StatisticsCollector>`,
	},
})

// statisticsLength is where texts are cut, in characters (policies-2.md 22).
const statisticsLength = 1000

// statisticsCollector is specified by policies-2.md 22.
type statisticsCollector struct{ list []statistic }

// statistic is a compiled Statistic.
type statistic struct {
	name string
	ref  *flow.Name // nil: the default alone
	typ  statisticType
	def  flow.Value // null when there is none
}

func compileStatisticsCollector(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, "Statistics")
	list := flow.Child(el, "Statistics")
	b.Known(list, "Statistic")
	p := &statisticsCollector{}
	for _, child := range flow.Children(list, "Statistic") {
		p.list = append(p.list, compileStatistic(b, child))
	}
	if len(p.list) == 0 {
		b.RefuseText(cmp.Or(list, el), "MissingElement", "the policy collects nothing", `add <Statistics><Statistic name="..." ref="..." type="string">default</Statistic></Statistics>`)
	}
	return p
}

// statisticName is what a name may be: no spaces, underscores or special characters are
// documented, but public bundles that Edge takes have underscores.
var statisticName = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)

// statisticsReserved are system variables that a statistic must not be called
// (documented: "organization, environment ..."; the full list is not known).
var statisticsReserved = map[string]bool{"organization": true, "environment": true, "apiproxy": true}

func compileStatistic(b *flow.Build, el *etree.Element) statistic {
	s := statistic{name: b.Attr(el, "name"), ref: b.Ref(el, "ref")}
	switch {
	case s.name == "":
		b.RefuseText(el, "MissingElement", "Statistic has no name", `write <Statistic name="...">`)
	case statisticsReserved[strings.ToLower(s.name)] || flow.ParseName(s.name).Predefined():
		b.Refuse(el, "InvalidName", "name", s.name)
	case !statisticName.MatchString(s.name):
		b.Warn(el, "InvalidName", "the name "+s.name+" has characters that analytics do not take", "write letters and digits")
	}
	s.typ = compileStatisticType(b, el, &s)
	if text := flow.TextOf(el); text != "" {
		var ok bool
		if s.def, ok = s.typ.value(text); !ok {
			b.Warn(el, "InvalidValue", "the default "+text+" is no "+string(s.typ)+": the value will be null", "write one")
		}
	}
	return s
}

// compileStatisticType reads the attribute type. Bundles write it in any case.
func compileStatisticType(b *flow.Build, el *etree.Element, s *statistic) statisticType {
	text := b.Attr(el, "type")
	switch t := statisticType(strings.ToLower(text)); {
	case text == "" && s.ref != nil && s.ref.Predefined():
		return statisticAny
	case text == "":
		b.Refuse(el, "DatatypeMissing", "name", s.name, "type", b.Attr(el, "ref"))
	case t.known():
		return t
	default:
		b.Refuse(el, "UnsupportedDatatype", "collection", s.name, "type", text)
	}
	return statisticString
}

func (p *statisticsCollector) Execute(_ context.Context, x *flow.Exchange) error {
	x.ForgetStatistics()
	for i := range p.list {
		v, err := p.list[i].value(x)
		if err != nil {
			return err
		}
		x.Capture(flow.Captured{Name: p.list[i].name, Value: v, Statistic: true})
	}
	return nil
}

// value is the value to collect: that of the variable, else the default. Private
// variables must not show in analytics, so they count as missing.
func (s *statistic) value(x *flow.Exchange) (flow.Value, error) {
	if s.ref == nil || s.ref.Private() {
		return s.def, nil
	}
	v := x.Get(s.ref)
	if err := x.Err(); err != nil || v.IsNull() {
		return s.def, err
	}
	text := v.String()
	if m := v.Message(); m != nil {
		content, err := m.Content()
		if err != nil {
			return flow.Value{}, err
		}
		text = string(content)
	}
	if s.typ == statisticAny && (v.Type().Numeric() || v.Type() == flow.Boolean) {
		return v, nil
	}
	if typed, ok := s.typ.value(text); ok {
		return typed, nil
	}
	return s.def, nil
}

// statisticType is the type attribute; statisticAny is that of a predefined variable.
type statisticType string

const (
	statisticAny     statisticType = ""
	statisticString  statisticType = "string"
	statisticInteger statisticType = "integer"
	statisticLong    statisticType = "long"
	statisticFloat   statisticType = "float"
	statisticDouble  statisticType = "double"
	statisticBoolean statisticType = "boolean"
)

func (t statisticType) known() bool {
	switch t {
	case statisticString, statisticInteger, statisticLong, statisticFloat, statisticDouble, statisticBoolean:
		return true
	}
	return false
}

// value converts text.
func (t statisticType) value(text string) (flow.Value, bool) {
	trimmed := strings.TrimSpace(text)
	switch t {
	case statisticBoolean:
		yes := strings.EqualFold(trimmed, "true")
		return flow.Bool(yes), yes || strings.EqualFold(trimmed, "false")
	case statisticInteger:
		n, err := strconv.ParseInt(trimmed, 10, 32)
		return flow.Int(int(n)), err == nil
	case statisticLong:
		n, err := strconv.ParseInt(trimmed, 10, 64)
		return flow.Int64(n), err == nil
	case statisticFloat:
		n, ok := flow.Text(trimmed).Number()
		return flow.Float32(float32(n)), ok && math.Abs(n) <= math.MaxFloat32
	case statisticDouble:
		n, ok := flow.Text(trimmed).Number()
		return flow.Float64(n), ok
	}
	return flow.Text(statisticCut(text)), true
}

// statisticCut cuts a text.
func statisticCut(text string) string {
	n := 0
	for i := range text {
		if n++; n > statisticsLength {
			return text[:i]
		}
	}
	return text
}
