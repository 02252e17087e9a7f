package policies_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/state"
	"sluice/policies"
)

// quotaServices are services with a store in memory.
func quotaServices(t testing.TB, now func() time.Time) *flow.Services {
	t.Helper()
	store := state.Memory(now)
	t.Cleanup(func() { _ = store.Close() }) // in memory: nothing is lost
	services := &flow.Services{Now: now}
	store.Services(services)
	return services
}

// compileTraffic compiles the text of a policy, which is called P.
func compileTraffic(t testing.TB, unit *flow.Unit, text string) (flow.Policy, flow.Problems) {
	t.Helper()
	doc := etree.NewDocument()
	if err := doc.ReadFromString(text); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, k := range policies.All() {
		if k.Name == doc.Root().Tag {
			unit.Problems = nil
			b := &flow.Build{Unit: unit, Owner: "P", Kind: k.Name}
			return k.Compile(b, doc.Root()), b.Problems
		}
	}
	t.Fatalf("no policy type %s", doc.Root().Tag)
	return nil, nil
}

func TestTrafficDeploymentErrors(t *testing.T) {
	quota := func(attributes, elements string) string { return "<Quota " + attributes + ">" + elements + "</Quota>" }
	const limits = "<Allow count='1'/><Interval>1</Interval><TimeUnit>hour</TimeUnit>"
	tests := []struct{ policy, code, text string }{
		{quota("", limits), "", ""},
		{quota("", ""), "", ""}, // found out when it runs, as the playbook tells
		{quota("", "<Interval>often</Interval>"), "InvalidQuotaInterval", "Invalid quota interval often in quota policy P."},
		{quota("", "<Interval ref='x'>0</Interval>"), "InvalidQuotaInterval", ""},
		{quota("", "<TimeUnit>fortnight</TimeUnit>"), "InvalidQuotaTimeUnit", "Invalid quota interval time unit fortnight in quota policy P"},
		{quota("", "<TimeUnit>second</TimeUnit>"), "", ""},
		{quota("", "<TimeUnit>second</TimeUnit><Distributed>true</Distributed>"), "InvalidTimeUnitForDistributedQuota", "Invalid timeunit second for distributed quota."},
		{quota("type='often'", limits), "InvalidQuotaType", "No enum constant com.apigee.quota.types.QuotaType.OFTEN."},
		{quota("type='default'", limits), "", ""},
		{quota("type='calendar'", limits), "InvalidStartTime", ""},
		{quota("type='calendar'", limits+"<StartTime>2026-01-01</StartTime>"), "InvalidStartTime", "Invalid Starttime:2026-01-01; Start Time should be of the format yyyy-MM-dd HH:mm:ss."},
		{quota("type='calendar'", limits+"<StartTime>2026-1-1 00:00:00</StartTime>"), "", ""},
		{quota("type='rollingwindow'", limits+"<StartTime>2026-1-1 00:00:00</StartTime>"), "StartTimeNotSupported", "Starttime is not supported for quotatype rollingwindow."},
		{quota("type='flexi'", limits+"<StartTime>2026-1-1 00:00:00</StartTime>"), "warning StartTimeNotSupported", ""},
		{quota("", limits+"<AsynchronousConfiguration><SyncIntervalInSeconds>-1</SyncIntervalInSeconds></AsynchronousConfiguration>"), "InvalidSynchronizeIntervalForAsyncConfiguration", "SyncIntervalInSeconds should be a value greater than zero."},
		{quota("", limits+"<AsynchronousConfiguration><SyncMessageCount>0</SyncMessageCount></AsynchronousConfiguration>"), "InvalidValue", ""},
		{quota("", limits+"<Synchronous>true</Synchronous><AsynchronousConfiguration/>"), "InvalidAsynchronizeConfigurationForSynchronousQuota", "AsynchronousConfiguration is not valid for synchronous quota."},
		{quota("", "<Allow count='many'/>"), "InvalidValue", ""},
		{quota("", "<Allow count='-1'/>"), "InvalidValue", ""},
		{quota("", "<Allow><Class><Allow class='a' count='1'/></Class></Allow>"), "InvalidValue", ""},
		{quota("", "<Allow><Class ref='x'><Allow count='1'/></Class></Allow>"), "InvalidValue", ""},
		{quota("", limits+"<EnforceOnly>true</EnforceOnly><CountOnly>true</CountOnly><SharedName>s</SharedName>"), "InvalidValue", ""},
		{quota("", limits+"<EnforceOnly>true</EnforceOnly>"), "warning MissingSharedName", ""},
		{quota("", "<UseQuotaConfigInAPIProduct/>"), "InvalidValue", ""},
		{quota("", "<UseQuotaConfigInAPIProduct stepName='VA'/>"), "warning InvalidStepName", ""},
		{quota("", "<UseQuotaConfigInAPIProduct stepName='VA'><DefaultConfig><Interval>x</Interval></DefaultConfig></UseQuotaConfigInAPIProduct>"), "InvalidQuotaInterval", ""},
		{quota("", limits+"<Weight>3</Weight>"), "warning UnknownElement", ""},

		{"<ResetQuota/>", "MissingElement", ""},
		{"<ResetQuota><Quota name='Q'><Identifier name='a'><Allow>many</Allow></Identifier></Quota></ResetQuota>", "InvalidCount", "Invalid count value many for identifier a in P"},

		{"<SpikeArrest/>", "MissingElement", ""},
		{"<SpikeArrest><Rate/></SpikeArrest>", "InvalidAllowedRate", ""},
		{"<SpikeArrest><Rate>10</Rate></SpikeArrest>", "InvalidAllowedRate", ""},
		{"<SpikeArrest><Rate>0ps</Rate></SpikeArrest>", "InvalidAllowedRate", ""},
		{"<SpikeArrest><Rate>1.5ps</Rate></SpikeArrest>", "InvalidAllowedRate", ""},
		{"<SpikeArrest><Rate ref='x'>10ph</Rate></SpikeArrest>", "InvalidAllowedRate", ""},
		{"<SpikeArrest><Rate ref='x'/></SpikeArrest>", "", ""},
		{"<SpikeArrest><Rate> 10ps </Rate></SpikeArrest>", "", ""},

		{"<ConcurrentRatelimit/>", "InvalidCountValue", ""},
		{"<ConcurrentRatelimit><AllowConnections count='0' ttl='5'/></ConcurrentRatelimit>", "InvalidCountValue", "ConcurrentRatelimit invalid count value specified."},
		{"<ConcurrentRatelimit><AllowConnections count='1'/></ConcurrentRatelimit>", "InvalidTTLForMessageTimeOut", "ConcurrentRatelimit invalid ttl value specified for message timeout."},
		{"<ConcurrentRateLimit><AllowConnections count='1' ttl='soon'/></ConcurrentRateLimit>", "InvalidTTLForMessageTimeOut", ""},
	}
	for _, tt := range tests {
		_, b := permissive.compile(t, tt.policy)
		severity, want := "error ", tt.code
		if rest, ok := strings.CutPrefix(tt.code, "warning "); ok {
			severity, want = "warning ", rest
		}
		codes := calloutProblems(b.Problems)
		if got := strings.Join(codes, ", "); want == "" && got != "" || want != "" && !strings.Contains(got, severity+want) || severity == "warning " && b.Problems.Refused() {
			t.Errorf("%s: %v, want %s%s", tt.policy, codes, severity, want)
		}
		if tt.text != "" && !strings.Contains(b.Problems.Error(), tt.text) {
			t.Errorf("%s: %s\nwant %s", tt.policy, b.Problems.Error(), tt.text)
		}
	}
}

// brokenCounters do not answer.
type brokenCounters struct{}

func (brokenCounters) Count(context.Context, flow.Count) (flow.Counted, error) {
	return flow.Counted{}, state.ErrUnavailable
}

// TestQuotaWithoutCounters: a counter that does not answer fails the policy, so
// that nobody gets more than is allowed; DataStoreFailureModeOpen lets pass.
func TestQuotaWithoutCounters(t *testing.T) {
	const limits = "<Quota><Allow count='1'/><Interval>1</Interval><TimeUnit>hour</TimeUnit>"
	for text, want := range map[string]error{
		limits + "</Quota>": state.ErrUnavailable,
		limits + "<DataStoreFailureModeOpen>true</DataStoreFailureModeOpen></Quota>": nil,
	} {
		x := client()
		x.Services.Counters = brokenCounters{}
		if err := permissive.run(t, x, text); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", text, err, want)
		}
	}
}

// TestQuotaCountersAreApart: policies, proxies and environments have counters of
// their own, and no identifier reaches another's.
func TestQuotaCountersAreApart(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	services := quotaServices(t, func() time.Time { return now })
	use := func(policy, proxy, environment, identifier string) string {
		x := client()
		x.Services = services
		x.Proxy = &flow.ProxyInfo{Organization: "acme", Environment: environment, Name: proxy}
		x.Put("who", flow.Text(identifier))
		return faultText(permissive.run(t, x, "<Quota><SharedName>"+policy+"</SharedName><Identifier ref='who'/><Allow count='1'/><Interval>1</Interval><TimeUnit>hour</TimeUnit></Quota>"))
	}
	for _, c := range [][4]string{
		{"Q", "orders", "test", "ann"}, {"Q2", "orders", "test", "ann"}, {"Q", "bills", "test", "ann"}, {"Q", "orders", "prod", "ann"},
		{"Q", "orders", "test", "bob"}, {"Q", "orders", "test", "\x00ann"}, {"Q", "orders", "test", strings.Repeat("x", 5000)}, {"Q", "orders", "test", strings.Repeat("x", 5001)},
	} {
		if got := use(c[0], c[1], c[2], c[3]); got != "<nil>" {
			t.Errorf("%q shares its counter: %s", c, got)
		}
		if got := use(c[0], c[1], c[2], c[3]); !strings.Contains(got, "QuotaViolation") {
			t.Errorf("%q is not counted: %s", c, got)
		}
	}
}

// TestQuotaWeightTypes: numbers of every type are weights, as far as they are whole.
func TestQuotaWeightTypes(t *testing.T) {
	services := quotaServices(t, time.Now)
	for _, tt := range []struct {
		weight flow.Value
		used   string
	}{
		{flow.Text(" 3 "), "3"}, {flow.Int(3), "3"}, {flow.Int64(3), "3"}, {flow.Float64(3), "3"},
		{flow.Float64(3.5), ""}, {flow.Text("3.5"), ""}, {flow.Text(""), ""}, {flow.Bool(true), ""}, {flow.Int64(1 << 41), ""},
	} {
		x := client()
		x.Services = services
		x.Put("w", tt.weight)
		x.Put("id", flow.Text(tt.weight.Type().String()+tt.weight.String()))
		err := permissive.run(t, x, "<Quota><Identifier ref='id'/><Allow count='9'/><Interval>1</Interval><TimeUnit>month</TimeUnit><MessageWeight ref='w'/></Quota>")
		if got := x.Lookup("ratelimit.P.used.count").String(); got != tt.used {
			t.Errorf("%s %q: %q used, want %q (%v)", tt.weight.Type(), tt.weight.String(), got, tt.used, err)
		}
	}
}

// BenchmarkQuota measures the whole policy, with its variables.
func BenchmarkQuota(b *testing.B) {
	const limits = "<Quota><Identifier ref='client_id'/><Allow count='1000000000'/><Interval>1</Interval><TimeUnit>hour</TimeUnit>"
	for _, bench := range []struct{ name, text string }{
		{"local", limits + "</Quota>"},
		{"asynchronous", limits + "<Distributed>true</Distributed></Quota>"},
		{"synchronous in memory", limits + "<Distributed>true</Distributed><Synchronous>true</Synchronous></Quota>"},
	} {
		b.Run(bench.name, func(b *testing.B) { benchmarkPolicy(b, bench.text) })
	}
}

func BenchmarkSpikeArrest(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"smoothing", "<SpikeArrest><Rate>1000000000ps</Rate></SpikeArrest>"},
		{"smoothing by identifier", "<SpikeArrest><Rate>1000000000ps</Rate><Identifier ref='client_id'/></SpikeArrest>"},
		{"effective", "<SpikeArrest><Rate>1000000000ps</Rate><UseEffectiveCount>true</UseEffectiveCount></SpikeArrest>"},
	} {
		b.Run(bench.name, func(b *testing.B) { benchmarkPolicy(b, bench.text) })
	}
}

// benchmarkPolicy runs a policy again and again on one exchange.
func benchmarkPolicy(b *testing.B, text string) {
	p, build := permissive.compile(b, text)
	if build.Problems.Refused() {
		b.Fatal(build.Problems)
	}
	x := client()
	x.Services = quotaServices(b, time.Now)
	x.Put("client_id", flow.Text("a-client-id-of-usual-length-0123456789"))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Execute(context.Background(), x); err != nil {
			b.Fatal(err)
		}
	}
}
