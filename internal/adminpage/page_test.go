package adminpage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	pb "cloud.google.com/go/cloudtasks/apiv2/cloudtaskspb"

	"sluice/internal/appint"
	"sluice/internal/tasks"
	"sluice/proxy"
)

func TestOverview(t *testing.T) {
	load := served()
	o := newOperator(t, func(s *Sources) {
		s.Load, s.Snapshot = func() *proxy.Load { return load }, func() *proxy.Snapshot { return load.Snapshot }
	})
	page := o.get("/", 200)
	o.expect(page, "1 API proxy, 1 shared flow", "/v1/orders", "orders-v1", "/srv/orders", "in memory", "test of local", "90 min ago", "sluice 1.2.3",
		"<h3>broken", "MissingTarget", "apiproxy/proxies/default.xml:3:7", "/ProxyEndpoint/RouteRule", "name one of &lt;targets&gt;",
		"<h3>edited", "an earlier version is served", "element &lt;Step&gt; is not closed", "1 warning in the bundles", "0 integrations", "1 queue<")
}

// TestNotHere is a process without integrations.
func TestNotHere(t *testing.T) {
	o := newOperator(t, func(s *Sources) {
		s.Integrations, s.NoIntegrations = nil, "start them with --integrations local"
		s.Reach = "nobody reaches them"
	})
	if page := o.get("/", 200); strings.Contains(page, "/executions?") {
		t.Errorf("the overview tells of what is not here:\n%s", page)
	}
	for path, want := range map[string]string{
		"/integrations": "--integrations local", "/executions": "--integrations local", "/executions/x": "--integrations local",
		"/queues": "nobody reaches them",
	} {
		o.expect(o.get(path, 200), want)
	}
}

func TestExecutions(t *testing.T) {
	o := newOperator(t, nil)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(503)
		}
		_, _ = w.Write([]byte("twelve"))
	}))
	t.Cleanup(target.Close)
	o.publish("orders", calling)
	o.publish("approvals", waiting)
	good := o.run("orders", texts("url", target.URL+"/good", "item", "tea", "apiKey", "canary"))
	bad := o.run("orders", texts("url", target.URL+"/bad"))
	paused := o.run("approvals", "{}")

	page := o.get("/integrations", 200)
	o.expect(page, "2 integrations", "<h2>approvals", "<h2>orders", "published", "from a file", "active")

	page = o.get("/executions", 200)
	o.expect(page, good, bad, paused, "succeeded", "failed", "suspended", "<b>3</b> all")
	if strings.Index(page, paused) > strings.Index(page, bad) || strings.Index(page, bad) > strings.Index(page, good) {
		t.Error("the newest is not first")
	}
	page = o.get("/executions?integration=orders&state=FAILED", 200)
	o.expect(page, bad, "<b>2</b> all")
	if strings.Contains(page, good) || strings.Contains(page, paused) {
		t.Error("the filter lets others through")
	}

	page = o.get("/executions/"+good, 200)
	o.expect(page, "Ask &lt;the&gt; store", "GenericRestV2Task", "&#34;item&#34;: &#34;tea&#34;", "&#34;answer&#34;: &#34;twelve&#34;", "&#34;apiKey&#34;: &#34;(hidden)&#34;", "api_trigger/run")
	if strings.Contains(page, "canary") {
		t.Error("a secret is shown")
	}
	o.expect(o.get("/executions/"+bad, 200), `class="failure"`, "503", `<a href="#task-1">See task 1</a>`)
	o.expect(o.get("/executions/"+paused, 200), "Suspensions", "May it?", "pending", "in 59 min")
	o.expect(o.get("/", 200), "2 integrations", "state=FAILED")
	o.get("/executions/nobody", 404)
	o.get("/executions/"+strings.Repeat("x", 500), 404)
	o.get("/executions?after=x", 400)
}

const orders = "projects/shop/locations/here/queues/orders"

func TestQueues(t *testing.T) {
	o := newOperator(t, nil)
	o.queue(orders)
	due := time.Now().Add(210 * time.Minute)
	o.task(orders, "first", due, &pb.HttpRequest{
		Url: "https://shop.example/buy?canary=1", Headers: map[string]string{"X-Canary": "canary"}, Body: []byte("canary"),
	})
	o.task(orders, "second", due.Add(time.Minute), &pb.HttpRequest{Url: "https://shop.example/two", HttpMethod: pb.HttpMethod_PUT})

	page := o.get("/queues", 200)
	o.expect(page, "2 queues", `href="/queues/`+orders+`"`, "projects/shop/locations/here", "paused", "500/s", "burst 100, 1000 at a time", "100 attempts", "100ms to 1h apart, 16 doublings", "in 3 h")
	page = o.get("/queues/"+orders, 200)
	o.expect(page, "first", "second", "in 3 h", "POST <code>https://shop.example/buy?...</code>", "PUT <code>https://shop.example/two</code>")
	if strings.Contains(page, "canary") || strings.Contains(page, "Canary") {
		t.Error("a secret is shown")
	}
	if strings.Index(page, "first</code>") > strings.Index(page, "second</code>") {
		t.Error("the first that is due is not first")
	}
	o.expect(o.get("/queues/"+orders+"?skip=2", 200), "No task waits beyond these", "First")
	o.expect(o.get("/queues/"+tasks.OwnLocation+"/queues/"+appint.QueueName, 200), "integrations", "running", "no limit of attempts")
	o.get("/queues/projects/shop/locations/here/queues/none", 404)
	o.get("/queues/what", 404)
	for _, skip := range []string{"x", "-1", "99999999999999999999"} {
		o.get("/queues/"+orders+"?skip="+skip, 400)
	}
}

// TestHostile gives things the names that an attacker would.
func TestHostile(t *testing.T) {
	const name = `"><script>alert(1)'{{.}}`
	load := served()
	load.Snapshot.Deployments[0].Name, load.Snapshot.Deployments[0].Path = name, name
	load.Refused, load.Problems[0].Bundle, load.Problems[0].Excerpt = []string{name}, name, name
	o := newOperator(t, func(s *Sources) {
		s.Load, s.Snapshot = func() *proxy.Load { return load }, func() *proxy.Snapshot { return load.Snapshot }
		s.State, s.Facts = name, []Fact{{name, name}}
	})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(name)) }))
	t.Cleanup(target.Close)
	o.publish(name, calling)
	id := o.run(url.PathEscape(name), texts("url", target.URL, "item", name))
	for _, path := range []string{
		"/", "/integrations", "/executions", "/executions/" + id, "/executions?integration=%22%3E%3Cscript%3E", "/executions?state=%22%3E%3Cscript%3E",
		"/integrations?after=%22%3E%3Cscript%3E", "/queues?after=%22%3E%3Cscript%3E",
	} {
		page := o.get(path, 200)
		if strings.Contains(page, "<script") || strings.Contains(page, "alert(1)'") {
			t.Errorf("%s has a script:\n%s", path, page)
		}
	}
	o.expect(o.get("/executions/"+id, 200), "&lt;script&gt;alert(1)")
	for _, path := range []string{"/%22%3E%3Cscript%3E", "/executions/%22%3E%3Cscript%3E", "/queues/%22%3E%3Cscript%3E", "/style.css/x"} {
		if page := o.get(path, 404); strings.Contains(page, "<script") {
			t.Errorf("%s has a script:\n%s", path, page)
		}
	}
}

// next is the link to the next page.
var next = regexp.MustCompile(`rel="next" href="([^"]*)"`)

// follow goes from page to page and counts what found finds on each.
func (o *operator) follow(path string, most int, found *regexp.Regexp) (pages int, seen map[string]int) {
	o.t.Helper()
	seen = map[string]int{}
	for ; pages < most && path != ""; pages++ {
		page := o.get(path, 200)
		for _, m := range found.FindAllStringSubmatch(page, -1) {
			seen[m[1]]++
		}
		path = ""
		if m := next.FindStringSubmatch(page); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	return pages, seen
}

// patience is how long a page may take: far more than it does, also on a busy machine.
const patience = 30 * time.Second

func (o *operator) expectQuick(path string) {
	o.t.Helper()
	begin := time.Now()
	page := o.get(path, 200)
	if took := time.Since(begin); took > patience || len(page) > 200<<10 {
		o.t.Errorf("%s took %s and has %d bytes", path, took, len(page))
	}
}

// TestManyTasks pages through a queue of 10,000.
func TestManyTasks(t *testing.T) {
	o := newOperator(t, nil)
	o.queue(orders)
	const count = 10_000
	start := time.Now().Add(time.Hour)
	for i := range count {
		o.task(orders, fmt.Sprintf("task-%05d", i), start.Add(time.Duration(i)*time.Second), &pb.HttpRequest{Url: "https://shop.example/"})
	}
	o.expectQuick("/queues")
	o.expectQuick("/queues/" + orders)
	pages, seen := o.follow("/queues/"+orders, 3, regexp.MustCompile(`<code>(task-\d+)</code>`))
	if pages != 3 || len(seen) != 3*pageSize || seen["task-00000"] != 1 || seen["task-00149"] != 1 {
		t.Errorf("%d pages with %d tasks", pages, len(seen))
	}
	last := o.get("/queues/"+orders+"?skip=4950", 200)
	o.expect(last, "The first 5000 tasks are shown", "task-04999")
	if strings.Contains(last, `rel="next"`) {
		t.Error("there is a page after the last one")
	}
}

// TestManyExecutions pages through the newest of 10,000.
func TestManyExecutions(t *testing.T) {
	o := newOperator(t, nil)
	o.publish("orders", waiting)
	const count = 10_000
	for range count / 100 {
		body := `{"triggerId":"api_trigger/run","scheduleTime":"2099-01-01T00:00:00Z"}`
		for range 100 {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/projects/p/locations/l/integrations/orders:schedule", strings.NewReader(body))
			answer := httptest.NewRecorder()
			if o.services.Handler().ServeHTTP(answer, req); answer.Code != 200 {
				t.Fatal(answer.Body)
			}
		}
	}
	o.expectQuick("/")
	o.expectQuick("/executions")
	o.expectQuick("/executions?integration=orders&state=PENDING")
	o.expect(o.get("/executions", 200), fmt.Sprintf("<b>%d</b> all", count))
	const most = 10
	pages, seen := o.follow("/executions?state=PENDING", most, regexp.MustCompile(`<a href="/executions/([^"]+)"><code>`))
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s comes %d times", id, times)
		}
	}
	if pages != most || len(seen) != most*pageSize {
		t.Errorf("%d executions on %d pages, want %d", len(seen), pages, most*pageSize)
	}
}
