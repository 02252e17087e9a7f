package entity

import (
	"slices"
	"strings"
	"testing"
)

func TestMatchResource(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"/", "/anything/at/all", true},
		{"/", "", true},
		{"/**", "/a/b", true},
		{"/*", "/a", true},
		{"/*", "/a/b", false},
		{"/*", "", false},
		{"/users", "/users", true},
		{"/users", "/users/", true},
		{"/users", "/users/1", false},
		{"/users", "/user", false},
		{"/users/*", "/users/1", true},
		{"/users/*", "/users", false},
		{"/users/**", "/users/1/orders", true},
		{"/users/**", "/users", true},
		{"/*/users", "/token/users", true},
		{"/*/users", "/users", false},
		{"/a/**/z", "/a/b/c/z", true},
		{"/a/**/z", "/a/z", true},
		{"/a/**/z", "/a/b", false},
		{"/orders/{id}", "/orders/7", true},
		{"/Users", "/users", false},
		{"/a/**/**", "/a", true},
		{"/**/a/*/**/z", "/a/b/a/c/d/z", true},
		{"/**/a/*/**/z", "/a/b/a/z/c", false},
	} {
		if got := matchResource(c.pattern, c.path); got != c.want {
			t.Errorf("pattern %q, path %q: %v, want %v", c.pattern, c.path, got, c.want)
		}
	}
}

func TestProductMatch(t *testing.T) {
	get := func(suffix string) Call {
		return Call{Environment: "test", Proxy: "shop", BasePath: "/v1", Suffix: suffix, Method: "GET"}
	}
	operations := &OperationGroup{Configs: []OperationConfig{
		{APISource: "shop", Operations: []Operation{{Resource: "/"}, {Resource: "/orders/**", Methods: []string{"GET"}}}, Quota: &QuotaLimit{Limit: "5", Interval: "1", TimeUnit: "minute"}},
		{APISource: "other", Operations: []Operation{{Resource: "/**"}}},
	}}
	for name, c := range map[string]struct {
		product  Product
		call     Call
		want     bool
		resource string
		quota    Text
	}{
		"names nothing":              {Product{Quota: "9"}, get("/x"), true, "", "9"},
		"another environment":        {Product{Environments: []string{"prod"}}, get("/x"), false, "", ""},
		"its environment":            {Product{Environments: []string{"prod", "test"}}, get("/x"), true, "", ""},
		"another proxy":              {Product{Proxies: []string{"other"}}, get("/x"), false, "", ""},
		"its proxy, a resource":      {Product{Proxies: []string{"shop"}, APIResources: []string{"/y", "/x"}}, get("/x"), true, "/x", ""},
		"its proxy, other resources": {Product{Proxies: []string{"shop"}, APIResources: []string{"/y"}}, get("/x"), false, "", ""},
		"resource with base path":    {Product{APIResources: []string{"/v1/x"}}, get("/x"), true, "/v1/x", ""},
		"an operation":               {Product{OperationGroup: operations, Quota: "9"}, get("/orders/1"), true, "/orders/**", "5"},
		"the less specific one":      {Product{OperationGroup: operations}, get("/users"), true, "/", "5"},
		"another method falls back":  {Product{OperationGroup: operations}, Call{Environment: "test", Proxy: "shop", Suffix: "/orders/1", Method: "POST"}, true, "/", "5"},
		"operations of another proxy": {Product{OperationGroup: operations, Proxies: []string{"third"}},
			Call{Environment: "test", Proxy: "third", Suffix: "/x", Method: "GET"}, false, "", ""},
		"methods in any case": {Product{OperationGroup: operations}, Call{Environment: "test", Proxy: "shop", Suffix: "/orders/1", Method: "get"}, true, "/orders/**", "5"},
	} {
		t.Run(name, func(t *testing.T) {
			m, ok := c.product.Match(c.call)
			if ok != c.want {
				t.Fatalf("matches: %v, want %v", ok, c.want)
			}
			if !ok {
				return
			}
			if m.Resource != c.resource || m.Quota().Limit != c.quota {
				t.Errorf("resource %q with quota %q, want %q with %q", m.Resource, m.Quota().Limit, c.resource, c.quota)
			}
		})
	}
}

// A client may send any path: many ** must not make it costly.
func TestMatchResourceIsBounded(t *testing.T) {
	pattern := strings.Repeat("/**/a", 20) + "/z"
	if matchResource(pattern, strings.Repeat("/a", 20000)) {
		t.Error("a path without z matches")
	}
}

// FuzzMatchResource compares with the definition, read out loud.
func FuzzMatchResource(f *testing.F) {
	for _, seed := range [][2]string{{"/a/**/z", "/a/b/c/z"}, {"/**/a/**", "/b//a"}, {"", "/"}, {"/{id}/*", "/1/2"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		if len(pattern) > 24 || len(path) > 24 {
			t.Skip("the definition takes exponential time")
		}
		split := func(s string) []string { return strings.Split(strings.Trim(s, "/"), "/") }
		want := pattern == "/" || pattern == "/**" || matchesByDefinition(split(pattern), split(path))
		if got := matchResource(pattern, path); got != want {
			t.Errorf("pattern %q, path %q: %v, want %v", pattern, path, got, want)
		}
	})
}

func matchesByDefinition(pattern, path []string) bool {
	switch {
	case len(pattern) == 0:
		return len(path) == 0
	case pattern[0] == "**":
		return matchesByDefinition(pattern[1:], path) || len(path) > 0 && matchesByDefinition(pattern, path[1:])
	}
	return len(path) > 0 && matchSegment(pattern[0], path[0]) && matchesByDefinition(pattern[1:], path[1:])
}

func TestHasResource(t *testing.T) {
	plain := &Product{APIResources: []string{"/orders/**", "/users"}}
	group := &Product{APIResources: []string{"/unused"}, OperationGroup: &OperationGroup{Configs: []OperationConfig{
		{APISource: "shop", Operations: []Operation{{Resource: "/carts/*", Methods: []string{"GET"}}}}}}}
	for path, want := range map[string][]*Product{
		"/orders/7": {plain}, "/orders/**": {plain}, "/users": {plain}, "/users/1": {},
		"/carts/1": {group}, "/carts/*": {group}, "/unused": {},
	} {
		for _, p := range []*Product{plain, group} {
			if got := p.HasResource(path); got != slices.Contains(want, p) {
				t.Errorf("%s: the product with %v has it: %v", path, p.APIResources, got)
			}
		}
	}
	if !(&Product{}).HasResource("/x") {
		t.Error("a product that names no resource does not have one")
	}
}
