package integrations

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"sluice/internal/script"
)

var _ = register(taskKind{name: "JavaScriptTask", ui: "JavaScript", compile: compileJavaScript})

const (
	// javaScriptLimit bounds one run; Google documents none.
	javaScriptLimit = 20 * time.Second
	maxLogged       = 4 << 10 // bytes of event.log that the record keeps
)

// javaScript is the JavaScript task: executeScript(event), with variables read and set through
// event (https://cloud.google.com/application-integration/docs/configure-javascript-task). It runs
// in the engine of Apigee's Javascript policy, which is not all of the ES2024 that Google
// documents: what does not parse is refused when the version is published.
type javaScript struct{ program *script.Program }

// The script sees only event: what the engine offers to policies is put out of its reach first.
const (
	javaScriptBefore = `
var event = (function (context, print) {
  var info = function (name) { return context.getVariable("info." + name); };
  return {
    getParameter: function (name) { return context.getVariable("variable." + name); },
    setParameter: function (name, v) { context.setVariable("variable." + name, v === undefined ? null : v); },
    getEventExecutionInfoId: function () { return info("execution"); },
    getIntegrationName: function () { return info("integration"); },
    getGoogleCloudProjectId: function () { return info("project"); },
    getGcpProjectId: function () { return info("project"); },
    getRegion: function () { return info("region"); },
    log: function (v) { print(v); }
  };
})(context, print);
context = undefined; print = undefined;`
	javaScriptAfter = `executeScript(event);`
)

var definesExecuteScript = regexp.MustCompile(`\bexecuteScript\b`)

func compileJavaScript(_ *build, p parameters) (task, []error) {
	var errs []error
	source := constant(p, "script", toText, &errs)
	if len(errs) > 0 {
		return nil, errs
	}
	if !definesExecuteScript.MatchString(source) {
		return nil, []error{fmt.Errorf("parameter script: there is no function executeScript(event)")}
	}
	program, err := script.Compile(script.Source{Name: "event", Text: javaScriptBefore}, script.Source{Name: "script", Text: source}, script.Source{Name: "call", Text: javaScriptAfter})
	if err != nil {
		return nil, []error{fmt.Errorf("parameter script: %w", err)}
	}
	return &javaScript{program}, nil
}

var errNoCalls = errors.New("a script of an integration makes no calls")

func (t *javaScript) run(ctx context.Context, a *attempt) error {
	vars := &scriptVariables{a: a}
	var logged strings.Builder
	return t.program.Run(ctx, &script.Env{
		Variables: vars,
		Print: func(line string) {
			if logged.Len()+len(line) < maxLogged {
				logged.WriteString(line + "\n")
				a.log.logged(a.n, logged.String())
			}
		},
		Message: func(script.Role) script.Message { return nil },
		Send: func(context.Context, script.Request) (*script.Call, error) {
			return nil, errNoCalls
		},
		Session: scriptSession{},
		Now:     a.now,
		Limit:   javaScriptLimit,
	})
}

// scriptVariables are the variables of an execution as scripts reach them. Objects and arrays
// are copies.
type scriptVariables struct{ a *attempt }

// Get reads variable.NAME and info.NAME.
func (s *scriptVariables) Get(name string) (any, error) {
	if what, ok := strings.CutPrefix(name, "info."); ok {
		return s.info(what), nil
	}
	v, _ := s.a.scope.named(strings.TrimPrefix(name, "variable."))
	switch v.(type) {
	case []any, *object:
		return script.Data{JSON: string(appendJSON(nil, v))}, nil
	}
	return v, nil
}

func (s *scriptVariables) info(what string) any {
	switch what {
	case "execution":
		return s.a.id
	case "integration":
		return s.a.in.name
	case "project":
		return s.a.from.Project
	}
	return s.a.from.Region
}

// Set sets variable.NAME; nothing else can be set.
func (s *scriptVariables) Set(name string, v any) error {
	name, ok := strings.CutPrefix(name, "variable.")
	if !ok {
		return nil
	}
	var err error
	switch given := v.(type) {
	case script.Data:
		v, err = parseJSON(given.JSON)
	case []string:
		list := make([]any, len(given))
		for i, e := range given {
			list[i] = e
		}
		v = list
	case float64:
		v = plainNumber(given)
	}
	if err == nil {
		err = s.a.scope.setNamed(name, v)
	}
	if err != nil {
		return fmt.Errorf("event.setParameter(%q): %w", name, err)
	}
	return nil
}

// scriptSession keeps nothing: a task has no other scripts to share with.
type scriptSession struct{}

func (scriptSession) Get(string) any  { return nil }
func (scriptSession) Set(string, any) {}
func (scriptSession) Names() []string { return nil }
