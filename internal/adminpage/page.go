package adminpage

import (
	"bytes"
	"embed"
	"errors"
	"html/template"
	"net/http"
	"time"

	"sluice/internal/appint"
	"sluice/internal/tasks"
	"sluice/proxy"
)

// Sources are what the pages show. Functions are asked again for each page; they and the services
// may be called concurrently.
type Sources struct {
	Version string
	Started time.Time
	State   string // where the state is kept, in words
	Facts   []Fact // what else the overview tells: addresses, environment

	Snapshot func() *proxy.Snapshot // what is served
	Load     func() *proxy.Load     // the last reading of the bundles; may return nil

	Integrations   *appint.Service // nil when they do not run here
	NoIntegrations string          // then: why, and how to start them

	Queues *tasks.Service
	Reach  string // how clients reach the queues, in words

	// Hosts are the names under which a browser may ask for the pages, besides IP addresses and
	// localhost.
	Hosts []string
	Now   func() time.Time // nil for time.Now
}

// Fact is a line of the overview.
type Fact struct{ Name, Value string }

//go:embed page
var files embed.FS

// pages is the handler of all pages.
type pages struct {
	Sources
	templates map[string]*template.Template
}

// New returns the handler of the pages, from / on.
func New(s Sources) http.Handler {
	if s.Now == nil {
		s.Now = time.Now
	}
	p := &pages{Sources: s, templates: map[string]*template.Template{}}
	layout := template.Must(template.New("layout.html").Funcs(p.functions()).ParseFS(files, "page/layout.html"))
	for _, name := range [...]string{"overview", "integrations", "executions", "execution", "queues", "tasks", "problem"} {
		p.templates[name] = template.Must(template.Must(layout.Clone()).ParseFS(files, "page/"+name+".html"))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", style)
	mux.Handle("GET /{$}", p.page("overview", "Overview", p.overview))
	mux.Handle("GET /integrations", p.page("integrations", "Integrations", p.integrations))
	mux.Handle("GET /executions", p.page("executions", "Executions", p.executions))
	mux.Handle("GET /executions/{id}", p.page("execution", "Executions", p.execution))
	mux.Handle("GET /queues", p.page("queues", "Queues", p.queues))
	mux.Handle("GET /queues/{name...}", p.page("tasks", "Queues", p.tasks))
	mux.Handle("GET /", p.page("problem", "", func(*http.Request) (any, error) { return nil, notFound("There is no such page.") }))
	return guard(s.Hosts, mux)
}

func style(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, files, "page/style.css")
}

// view is what a template gets.
type view struct {
	Tab     string // of the navigation that the page belongs to
	Version string
	Content any
}

// page is the handler of one page: read returns what its template shows.
func (p *pages) page(name, tab string, read func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, err := read(r)
		if err != nil {
			p.fail(w, tab, err)
			return
		}
		p.write(w, http.StatusOK, name, view{tab, p.Version, content})
	})
}

// write renders the whole page before its first byte is sent, so that an error is seen as one.
func (p *pages) write(w http.ResponseWriter, status int, name string, v view) {
	var text bytes.Buffer
	if err := p.templates[name].Execute(&text, v); err != nil {
		http.Error(w, "The page cannot be shown: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text.Bytes()) // the browser went away
}

// problem is an error that a page shows.
type problem struct {
	Status int
	Text   string
}

func (p *problem) Error() string { return p.Text }

func notFound(text string) error { return &problem{http.StatusNotFound, text} }
func refused(text string) error  { return &problem{http.StatusBadRequest, text} }

// missing is a page about what does not run here.
func missing(why string) error { return &problem{http.StatusOK, why} }

// fail shows an error. Services tell in words what is wrong.
func (p *pages) fail(w http.ResponseWriter, tab string, err error) {
	shown := &problem{http.StatusInternalServerError, shownText(err.Error())}
	errors.As(err, &shown)
	p.write(w, shown.Status, "problem", view{tab, p.Version, shown})
}
