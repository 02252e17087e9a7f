package policies_test

import (
	"strings"
	"testing"

	"sluice/flow"
)

// refusal is what is told of a bundle that is refused or warned of: severity, code,
// element and sentence of each problem.
func refusal(list flow.Problems) string {
	var lines []string
	for _, p := range list {
		lines = append(lines, p.Severity+" "+p.Code+" at "+p.Element+": "+p.Message)
	}
	return strings.Join(lines, "\n")
}

// TestCacheDeployment tells what is refused of what the cache policies share; ""
// is what loads.
func TestCacheDeployment(t *testing.T) {
	const lookup = "<LookupCache><CacheKey><KeyFragment>k</KeyFragment></CacheKey><AssignTo>v</AssignTo>%</LookupCache>"
	const populate = "<PopulateCache><CacheKey><KeyFragment>k</KeyFragment></CacheKey><Source>v</Source>%</PopulateCache>"
	const response = "<ResponseCache><CacheKey><KeyFragment>k</KeyFragment></CacheKey>%</ResponseCache>"
	timeout := func(text string) string {
		return "<CacheLookupTimeoutInSeconds>" + text + "</CacheLookupTimeoutInSeconds>"
	}
	expiry := func(settings string) string { return "<ExpirySettings>" + settings + "</ExpirySettings>" }
	for _, tt := range []struct{ policy, elements, want string }{
		{lookup, timeout("1"), ""},
		{lookup, timeout(""), ""},
		{lookup, timeout("0"), "error InvalidTimeout at /LookupCache/CacheLookupTimeoutInSeconds: CacheLookupTimeoutInSeconds 0 value should be greater than zero."},
		{lookup, timeout("-5"), "error InvalidTimeout at /LookupCache/CacheLookupTimeoutInSeconds: CacheLookupTimeoutInSeconds -5 value should be greater than zero."},
		{response, timeout("soon"), "error InvalidTimeout at /ResponseCache/CacheLookupTimeoutInSeconds: CacheLookupTimeoutInSeconds soon value should be greater than zero."},
		{lookup, "<Scope>Everywhere</Scope>", `error InvalidValue at /LookupCache/Scope: "Everywhere" is not one of Exclusive, Global, Application, Proxy, Target`},
		{"<LookupCache><AssignTo>v</AssignTo></LookupCache>", "", "error MissingElement at /LookupCache: element CacheKey is missing"},
		{strings.Replace(lookup, "v<", "<", 1), "", "error MissingElement at /LookupCache/AssignTo: element AssignTo is missing or empty"},
		{strings.Replace(populate, "<Source>v</Source>", "", 1), "", "error MissingElement at /PopulateCache: element Source is missing or empty"},

		{populate, "<ExpirySettings/>", ""},
		{populate, expiry("<TimeoutInSeconds>300</TimeoutInSeconds>"), ""},
		{populate, expiry("<TimeoutInSeconds ref='life'/>"), ""},
		{populate, expiry("<TimeoutInSec>60</TimeoutInSec>"), ""},
		{populate, expiry("<TimeOfDay>23:59:59</TimeOfDay>"), ""},
		{populate, expiry("<ExpiryDate>12-31-2030</ExpiryDate>"), ""},
		{populate, expiry("<TimeoutInSeconds>5m</TimeoutInSeconds>"), `error InvalidValue at /PopulateCache/ExpirySettings/TimeoutInSeconds: "5m" is not a number of seconds`},
		{populate, expiry("<TimeoutInSeconds ref='life'>5m</TimeoutInSeconds>"), `error InvalidValue at /PopulateCache/ExpirySettings/TimeoutInSeconds: "5m" is not a number of seconds`},
		{response, expiry("<TimeoutInSec>5m</TimeoutInSec>"), `error InvalidValue at /ResponseCache/ExpirySettings/TimeoutInSec: "5m" is not a number of seconds`},
		{populate, expiry("<TimeOfDay>25:00:00</TimeOfDay>"), `error InvalidValue at /PopulateCache/ExpirySettings/TimeOfDay: "25:00:00" is not a time such as 23:00:00`},
		{response, expiry("<ExpiryDate>2030-12-31</ExpiryDate>"), `error InvalidValue at /ResponseCache/ExpirySettings/ExpiryDate: "2030-12-31" is not a date such as 12-31-2030`},
		{response, expiry("<Forever/>"), "warning UnknownElement at /ResponseCache/ExpirySettings/Forever: element Forever is not known in ExpirySettings and is ignored"},

		{response, `<SkipCacheLookup>request.verb = "PUT"</SkipCacheLookup><SkipCachePopulation/>`, ""},
		{response, `<SkipCacheLookup>request.verb === "PUT"</SkipCacheLookup>`, "error InvalidMessagePatternForErrorCode at /ResponseCache/SkipCacheLookup: "},
		{response, `<SkipCachePopulation>request.verb === "PUT"</SkipCachePopulation>`, "error InvalidMessagePatternForErrorCode at /ResponseCache/SkipCachePopulation: "},
		{response, "<ExcludeErrorResponse>perhaps</ExcludeErrorResponse>", `error InvalidValue at /ResponseCache/ExcludeErrorResponse: "perhaps" is not true or false`},
	} {
		_, b := permissive.compile(t, strings.Replace(tt.policy, "%", tt.elements, 1))
		got := refusal(b.Problems)
		if got != tt.want && !(strings.HasSuffix(tt.want, ": ") && strings.HasPrefix(got, tt.want) && len(b.Problems) == 1) {
			t.Errorf("%s\n got %s\nwant %s", tt.elements, got, tt.want)
		}
	}
}
