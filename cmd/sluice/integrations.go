package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	"sluice/flow"
	"sluice/internal/appint"
	"sluice/internal/integrations"
	"sluice/internal/spelling"
	"sluice/proxy"
)

// localEngine is the local Application Integration with the files that it was
// loaded from.
type localEngine struct {
	flow.Integrations
	known  catalogue
	take   func(name string, export []byte) []error // makes it the published version
	remove func(name string) error
	end    func() error
	loaded map[string]string // integration -> file
}

// catalogue tells what takes calls now.
type catalogue interface {
	Names() []string
	APITriggers(integration string) []string // none unless it takes calls
}

// newLocalEngine returns one that remembers nothing.
func newLocalEngine(n *proxy.Network) *localEngine {
	e := integrations.New(integrations.Options{Client: n.HTTPClient(false), InsecureClient: n.HTTPClient(true), Now: time.Now, NewID: newID})
	return &localEngine{
		Integrations: e.Service(defaultSettings().Region), known: e, take: e.Load,
		remove: func(name string) error { e.Remove(name); return nil },
		end:    func() error { e.Close(); return nil },
		loaded: map[string]string{},
	}
}

// newLastingEngine returns one whose executions are kept in the state.
func newLastingEngine(s *appint.Service) *localEngine {
	return &localEngine{Integrations: s, known: s, take: s.Load, remove: s.Remove, end: s.Close, loaded: map[string]string{}}
}

// load loads integrations/*.json beside the bundles at the paths, and the files
// given; what is gone since the last time is removed. It returns what is wrong with
// them, in the order of the files. A file that does not load leaves an earlier
// version of it in its place.
func (e *localEngine) load(paths, files []string) flow.Problems {
	var problems flow.Problems
	found := map[string]string{}
	for _, file := range append(integrationFiles(paths), files...) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if first, ok := found[name]; ok {
			problems = append(problems, integrationProblem(name, file, flow.Warning,
				fmt.Sprintf("integration %q is loaded from %s already; this file is not loaded", name, first), "rename one of them: the name of the file is that of the integration"))
			continue
		}
		found[name] = file
		problems = append(problems, e.loadFile(name, file)...)
	}
	for name, file := range e.loaded {
		if found[name] != "" {
			continue
		}
		if err := e.remove(name); err != nil {
			problems = append(problems, integrationProblem(name, file, flow.Error, err.Error(), ""))
		}
	}
	e.loaded = found
	return problems
}

// join loads the integrations of the settings along with the bundles of load, and
// adds what is wrong to its problems. It returns these.
func (e *localEngine) join(load *proxy.Load, s *settings) flow.Problems {
	problems := e.load(s.Paths, s.Integration)
	for _, p := range problems.Errors() {
		name := strings.TrimPrefix(p.Bundle, integrationPrefix)
		if len(e.known.APITriggers(name)) > 0 && !slices.Contains(load.Kept, p.Bundle) {
			load.Kept = append(load.Kept, p.Bundle)
		}
	}
	problems = append(problems, e.missing(load.Snapshot.Integrations())...)
	load.Problems = append(load.Problems, problems...)
	return problems
}

// integrationPrefix begins the name under which problems with an integration stand
// among those of bundles.
const integrationPrefix = "integration "

func (e *localEngine) loadFile(name, file string) flow.Problems {
	data, err := os.ReadFile(file)
	if err != nil {
		return flow.Problems{integrationProblem(name, file, flow.Error, err.Error(), "")}
	}
	var document json.RawMessage
	if err := json.Unmarshal(data, &document); err != nil {
		return flow.Problems{notJSON(integrationProblem(name, file, flow.Error, "the file is not JSON: "+err.Error(), "export the integration again"), data, err)}
	}
	var problems flow.Problems
	for _, err := range e.take(name, data) {
		problems = append(problems, refusedIntegration(name, file, err))
	}
	return problems
}

// integrationProblem is a problem with the file of an integration.
func integrationProblem(name, file string, s flow.Severity, message, hint string) flow.Problem {
	return flow.Problem{Bundle: integrationPrefix + name, File: file, Severity: s.String(), Code: "InvalidIntegration", Message: message, Hint: hint}
}

// notJSON is p with the place of a syntax error.
func notJSON(p flow.Problem, data []byte, err error) flow.Problem {
	if syntax := new(json.SyntaxError); errors.As(err, &syntax) {
		before := data[:min(max(syntax.Offset-1, 0), int64(len(data)))]
		p.Line = bytes.Count(before, []byte("\n")) + 1
		p.Column = len(before) - bytes.LastIndexByte(before, '\n')
	}
	return p
}

// Codes of problems with integrations that flags of serve mend.
const (
	missingAuthConfig = "MissingAuthConfig"
	missingSetting    = "MissingSetting"
)

// refusedIntegration is one reason why the engine does not take an integration,
// with the flag of serve that gives it what it lacks.
func refusedIntegration(name, file string, err error) flow.Problem {
	p := integrationProblem(name, file, flow.Error, err.Error(), "")
	bad := new(integrations.Problem)
	if !errors.As(err, &bad) {
		return p
	}
	p.Element, p.Message = bad.Where, bad.Text
	switch bad.Reason {
	case integrations.AuthProfile:
		p.Code, p.Hint = missingAuthConfig, "give the profile with serve --auth-configs FILE"
	case integrations.Setting:
		p.Code, p.Hint = missingSetting, "see --smtp, --connectors and --google-services of sluice serve"
	case integrations.TaskType:
		p.Code = "UnknownTaskType"
	}
	return p
}

// missing warns of integrations and triggers that bundles name and that are not
// there. Of one whose file was refused the file's own problem tells.
func (e *localEngine) missing(refs []flow.IntegrationRef) flow.Problems {
	var problems flow.Problems
	for _, r := range refs {
		triggers := e.known.APITriggers(r.Name)
		switch {
		case r.Name == "-" || len(triggers) == 0 && e.loaded[r.Name] != "":
		case len(triggers) == 0:
			p := r.NameAt
			p.Code, p.Message = "UnknownIntegration", fmt.Sprintf("no integration %q is published here", r.Name)
			p.Hint = nearestOr(r.Name, e.known.Names(), "put its export into integrations/"+r.Name+".json beside apiproxy; Google's are called with --integrations google")
			problems = append(problems, p)
		case strings.HasPrefix(r.Trigger, triggerPrefix) && !slices.Contains(triggers, r.Trigger):
			p := r.TriggerAt
			p.Code, p.Message = "UnknownTrigger", fmt.Sprintf("integration %q has no API trigger %q", r.Name, r.Trigger)
			p.Hint = nearestOr(r.Trigger, triggers, "it has "+strings.Join(triggers, ", "))
			problems = append(problems, p)
		}
	}
	return problems
}

// triggerPrefix begins the id of an API trigger; a policy warns of any other itself.
const triggerPrefix = "api_trigger/"

func nearestOr(written string, names []string, otherwise string) string {
	if name := spelling.Likely(written, names); name != "" {
		return fmt.Sprintf("did you mean %q?", name)
	}
	return otherwise
}

// integrationFiles finds integrations/*.json beside apiproxy folders.
func integrationFiles(paths []string) []string {
	return beside(paths, filepath.Join("integrations", "*.json"))
}

// beside finds the files that match a pattern in the folders that hold an
// apiproxy folder, at any depth below the paths.
func beside(paths []string, pattern string) []string {
	var files []string
	for _, root := range paths {
		_ = proxy.Walk(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil // what cannot be read is reported by the loader of bundles
			}
			if strings.HasPrefix(d.Name(), ".") && p != root || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if d.Name() == "apiproxy" {
				found, _ := filepath.Glob(filepath.Join(filepath.Dir(p), pattern)) // the pattern is well-formed
				files = append(files, found...)
				return filepath.SkipDir
			}
			return nil
		})
	}
	sort.Strings(files)
	return files
}
