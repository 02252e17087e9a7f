package policies

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

var _ = register(flow.Kind{
	Name:    "LLMTokenQuota",
	Group:   "traffic",
	Waits:   true,
	Compile: compileLLMTokenQuota,
	Doc: flow.Doc{
		Title: "lets a caller use so many tokens of a language model in a time",
		Text: `A Quota that counts tokens: Allow, Interval, TimeUnit, StartTime, type, Identifier, SharedName, Distributed and
the rest are those of Quota. LLMTokenUsageSource is a template that gives how many tokens the model says it used;
LLMModelSource one that gives the model's name.

What a request uses is known when the model has answered. So two policies with the same SharedName, Identifier and
model work together: one in the request flow with EnforceOnly, which looks whether something is left, and one in the
response flow with CountOnly, which counts and never refuses. The request that goes over the limit is answered, the
next one ends in LLMTokenQuotaViolation. In an EventFlow only events that tell how many are counted.

When the caller's API product names models in its llmOperationGroup, each model has a counter of its own, and a model
that is not named there ends in InvalidAPICallAsNoApiProductMatchFound. The model "ALL" stands for all together.
UseQuotaConfigInAPIProduct takes the limits from the product: those of the model, else those of the product.

The variables begin with ratelimit.POLICY: those of Quota, and model.`,
		Sample: `<LLMTokenQuota name="LTQ-Count" type="calendar">
  <Allow count="10000" countRef="verifyapikey.VA-Key.apiproduct.developer.llmQuota.limit"/>
  <Interval ref="verifyapikey.VA-Key.apiproduct.developer.llmQuota.interval">1</Interval>
  <TimeUnit ref="verifyapikey.VA-Key.apiproduct.developer.llmQuota.timeunit">hour</TimeUnit>
  <StartTime>2026-01-01 00:00:00</StartTime>
  <Identifier ref="verifyapikey.VA-Key.client_id"/>
  <Distributed>true</Distributed>
  <Synchronous>true</Synchronous>
  <LLMTokenUsageSource>{jsonPath('$.usageMetadata.totalTokenCount',response.content,true)}</LLMTokenUsageSource>
  <LLMModelSource>{jsonPath('$.modelVersion',response.content,true)}</LLMModelSource>
  <CountOnly>true</CountOnly>
  <SharedName>tokens</SharedName>
</LLMTokenQuota>`,
	},
})

// llmTokenQuota is specified by policies-2.md 32.
type llmTokenQuota struct {
	counter      *quotaCounter
	usage, model *llmSource // nil for none
	mode         flow.CountMode
	products     []*flow.Name // variables that may tell the caller's product
	prefix       string       // of the variables

	violation, noUsage, noMatch *faults.Def
}

// llmTokenQuotaElements are those of Quota without MessageWeight, and four more.
var llmTokenQuotaElements = []string{
	"Allow", "Interval", "TimeUnit", "StartTime", "Identifier", "Distributed", "Synchronous", "AsynchronousConfiguration",
	"PreciseAtSecondsLevel", "UseQuotaConfigInAPIProduct", "SharedName", "EnforceOnly", "CountOnly",
	"LLMTokenUsageSource", "LLMModelSource", "IgnoreUnresolvedVariables",
}

func compileLLMTokenQuota(b *flow.Build, el *etree.Element) flow.Policy {
	b.Known(el, llmTokenQuotaElements...)
	b.NeedState(el)
	noUsage, badTemplate := b.Fault("FailedToResolveTokenUsageCount"), b.Fault("MessageTemplateExtractionFailed")
	p := &llmTokenQuota{
		counter:   llmTokenQuotaCounter(b, el),
		usage:     compileLLMSource(b, el, "LLMTokenUsageSource", "", noUsage, badTemplate),
		model:     compileLLMSource(b, el, "LLMModelSource", "", b.Fault("FailedToResolveModelName"), badTemplate),
		mode:      quotaMode(b, el),
		prefix:    "ratelimit." + b.Owner + ".",
		violation: b.Fault("LLMTokenQuotaViolation"), noUsage: noUsage, noMatch: b.Fault("InvalidAPICallAsNoApiProductMatchFound"),
	}
	p.products = llmTokenQuotaProducts(b, p.counter.limits.product)
	if p.usage == nil && p.mode != flow.EnforceOnly {
		b.Warn(el, "MissingElement", "without LLMTokenUsageSource there is nothing to count: every request ends in FailedToResolveTokenUsageCount", "add LLMTokenUsageSource, or EnforceOnly")
	}
	return p
}

// llmTokenQuotaCounter compiles the counter. What is wrong with it at deployment has
// Quota's errors: those of LLMTokenQuota are not known. At run time InvalidConfiguration
// is taken for an Interval or TimeUnit that is nowhere (inferred: the sources name the
// fault, and not what raises it).
func llmTokenQuotaCounter(b *flow.Build, el *etree.Element) *quotaCounter {
	invalid := b.Fault("InvalidConfiguration")
	kind := b.Kind
	defer func() { b.Kind = kind }()
	b.Kind = "Quota"
	return compileQuotaCounter(b, el, quotaUse{policy: kind, product: "llmQuota", noInterval: invalid, noUnit: invalid})
}

// llmTokenQuotaProducts are the variables of the step that UseQuotaConfigInAPIProduct
// names, or the one that every VerifyAPIKey and OAuthV2 policy sets.
func llmTokenQuotaProducts(b *flow.Build, from *quotaProduct) []*flow.Name {
	if from == nil {
		return []*flow.Name{b.Name("apiproduct.name")}
	}
	var names []*flow.Name
	for _, s := range from.sources {
		names = append(names, s.product)
	}
	return names
}

func (p *llmTokenQuota) Execute(ctx context.Context, x *flow.Exchange) error {
	model, err := p.modelOf(x)
	if err != nil {
		return err
	}
	tokens, err := p.tokens(x)
	if llmTokenQuotaLater(x, err, p.noUsage) {
		return nil
	}
	if err != nil {
		return err
	}
	limit, ok, err := p.limit(x, model)
	if err != nil || !ok {
		return err
	}
	return p.count(ctx, x, limit, model, tokens)
}

func (p *llmTokenQuota) modelOf(x *flow.Exchange) (string, error) {
	if p.model == nil {
		return "", nil
	}
	text, err := p.model.text(x)
	return strings.TrimSpace(text), err
}

// llmMostTokens is the largest number of tokens; above it a few answers would leave 63
// bits.
const llmMostTokens = 1 << 40

// tokens is what is counted. A policy with EnforceOnly counts nothing: it asks whether
// one more would fit.
func (p *llmTokenQuota) tokens(x *flow.Exchange) (int64, error) {
	if p.mode == flow.EnforceOnly {
		return 1, nil
	}
	if p.usage == nil {
		return 0, p.noUsage.New()
	}
	text, err := p.usage.text(x)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 || n > llmMostTokens {
		return 0, p.noUsage.New()
	}
	return n, nil
}

// llmTokenQuotaLater reports whether err is that an event of a stream tells no usage: one
// of its last events does, and that one is counted (as third parties have seen).
func llmTokenQuotaLater(x *flow.Exchange, err error, noUsage *faults.Def) bool {
	f, ok := errors.AsType[*faults.Fault](err)
	if !ok || f.Def != noUsage {
		return false
	}
	_, event := x.Held("response.event.current.content")
	return event
}

// llmAllModels is the model that stands for all of them together, as public bundles
// write it.
const llmAllModels = "ALL"

// limit is what holds for the request and the model; ok is false when nothing does.
func (p *llmTokenQuota) limit(x *flow.Exchange, model string) (limit quotaLimit, ok bool, err error) {
	limit, ok, err = p.counter.limits.resolve(x)
	if err != nil || model == "" || model == llmAllModels {
		return limit, ok, err
	}
	product := x.Services.Entities.Product(p.product(x))
	if product == nil {
		return limit, ok, nil
	}
	config, named, match := product.MatchModel(x.Proxy.Name, model)
	switch {
	case !named:
		return limit, ok, nil
	case !match:
		return limit, false, p.noMatch.New()
	}
	limit.scope.model = model
	if own := config.LLMQuota; own != nil && p.counter.limits.product != nil {
		ok = limit.replace(product.Name, string(own.Limit), string(own.Interval), own.TimeUnit) || ok
	}
	return limit, ok, nil
}

func (p *llmTokenQuota) product(x *flow.Exchange) string {
	for _, name := range p.products {
		if text := x.Get(name).String(); text != "" {
			return text
		}
	}
	return ""
}

func (p *llmTokenQuota) count(ctx context.Context, x *flow.Exchange, limit quotaLimit, model string, tokens int64) error {
	identifier := p.counter.identify(x)
	counted, err := x.Services.Counters.Count(ctx, flow.Count{
		Of: p.counter.counters(x.Proxy, &limit), Identifier: identifier,
		Now: x.Now(), Weight: tokens, Allowed: limit.allowed, Mode: p.mode,
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("the tokens could not be counted: %w", err)
	}
	if p.mode == flow.CountOnly {
		limit.allowed = math.MaxInt64 // observed
	}
	x.PutResults(p.prefix, &llmTokenResults{
		quotaResults: quotaResults{
			identifier: identifier, class: limit.scope.class,
			allowed: limit.allowed, used: counted.Used, exceeded: counted.Exceeded, expires: counted.Expires.UnixMilli(),
			violated: counted.Violated,
		},
		model: model,
	})
	if counted.Violated {
		return p.violation.New("identifier", identifier)
	}
	return nil
}
