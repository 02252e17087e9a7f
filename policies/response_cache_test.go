package policies_test

import (
	"strings"
	"testing"
	"time"

	"sluice/flow"
	"sluice/policies"
	"sluice/proxy"
)

// compileBundle compiles files, by their path, as the API proxy "test".
func compileBundle(t *testing.T, files map[string]string) flow.Problems {
	t.Helper()
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		t.Fatal(err)
	}
	network, err := proxy.NewNetwork(nil, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(network.Close)
	b := &proxy.Bundle{Kind: proxy.APIProxy, Name: "test", Path: "test", Files: map[string][]byte{}}
	for name, text := range files {
		b.Files[name] = []byte(text)
	}
	c := &proxy.Compiler{Registry: registry, Services: quotaServices(t, time.Now), Environment: &proxy.Environment{}, Network: network}
	_, problems := c.Proxy(b)
	return problems
}

// TestResponseCacheIsAttachedOnce: a policy may stand once in all request flows of
// a bundle and once in all its response flows. Each further step is refused.
func TestResponseCacheIsAttachedOnce(t *testing.T) {
	const rc, other, off = "<Step><Name>RC</Name></Step>", "<Step><Name>Other</Name></Step>", "<Step><Name>Off</Name></Step>"
	request := func(steps string) string { return "<Request>" + steps + "</Request>" }
	response := func(steps string) string { return "<Response>" + steps + "</Response>" }
	flows := func(pre, conditional, post string) string {
		return "<PreFlow>" + pre + `</PreFlow><Flows><Flow name="f">` + conditional + "</Flow></Flows><PostFlow>" + post + "</PostFlow>"
	}
	const sentence = ": Response cache step definition RC can not be attached more than once in the "
	const inRequest = "ResponseCacheStepAttachmentNotAllowedReq" + sentence + "request path."
	const inResponse = "ResponseCacheStepAttachmentNotAllowedResp" + sentence + "response path."
	for _, tt := range []struct {
		name, proxy, target, want string
	}{
		{"as meant", flows(request(rc), "", response(rc)), "", ""},
		{"in a flow twice", flows(request(rc+rc), "", ""), "", "proxies/default.xml " + inRequest},
		{"in two flows", flows(request(rc), request(rc), ""), "", "proxies/default.xml " + inRequest},
		{"three times", flows(request(rc), request(rc), request(rc)), "", "proxies/default.xml " + inRequest + "\nproxies/default.xml " + inRequest},
		{"at both endpoints", flows(request(rc), "", ""), flows(request(rc), "", ""), "targets/default.xml " + inRequest},
		{"in two response flows", flows("", response(rc), response(rc)), "", "proxies/default.xml " + inResponse},
		{"twice in both", flows(request(rc+rc)+response(rc), "", response(rc)), "", "proxies/default.xml " + inRequest + "\nproxies/default.xml " + inResponse},
		{"responses at both endpoints", flows("", "", response(rc)), flows("", "", response(rc)), "targets/default.xml " + inResponse},
		{"two policies", flows(request(rc+other), "", response(rc+other)), "", ""},
		{"disabled", flows(request(off+off), "", response(off+off)), "", ""},
		{"a fault rule too", flows(request(rc), "", response(rc)) + `<FaultRules><FaultRule name="r">` + rc + "</FaultRule></FaultRules>", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			policy := func(name, enabled string) string {
				return `<ResponseCache name="` + name + `" enabled="` + enabled + `"><CacheKey><KeyFragment>k</KeyFragment></CacheKey></ResponseCache>`
			}
			problems := compileBundle(t, map[string]string{
				"proxies/default.xml": `<ProxyEndpoint name="default"><HTTPProxyConnection><BasePath>/</BasePath></HTTPProxyConnection>` + tt.proxy +
					`<RouteRule name="r"><TargetEndpoint>default</TargetEndpoint></RouteRule></ProxyEndpoint>`,
				"targets/default.xml": `<TargetEndpoint name="default"><HTTPTargetConnection><URL>http://target</URL></HTTPTargetConnection>` + tt.target + "</TargetEndpoint>",
				"policies/RC.xml":     policy("RC", "true"), "policies/Other.xml": policy("Other", "true"), "policies/Off.xml": policy("Off", "false"),
			})
			var got []string
			for _, p := range problems.Errors() {
				got = append(got, strings.TrimPrefix(p.File, "test/")+" "+p.Code+": "+p.Message)
				if !strings.HasSuffix(p.Element, "/Step") {
					t.Errorf("it stands at %s", p.Element)
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got %v\nwant %s", problems, tt.want)
			}
		})
	}
}
