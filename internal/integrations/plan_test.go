package integrations

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// planExport makes an export of a few lines. Every task calls http://task/ID.
//
//	start: 1                    the trigger api_trigger/t leads to task 1
//	1: 2, 3 if $n$ = 1          edges of task 1
//	4 join: WHEN_ANY_SUCCEED    a field of task 4: join, fork, catcher
//	4 policy: {...}             failurePolicy and synchronousCallFailurePolicy, as JSON
//	4 failurePolicy: {...}      any other field, as JSON
//	catcher EC: 5               an error catcher
//	start catcher: EC           that of the trigger
//	var v STRING_VALUE IN: {}   a variable besides n and code, with its default value
func planExport(t testing.TB, lines string) []byte {
	t.Helper()
	p := &planned{t: t, tasks: map[string]map[string]any{}, trigger: map[string]any{"triggerType": "API", "triggerId": "api_trigger/t"}}
	for line := range strings.Lines(lines) {
		if key, rest, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			p.line(key, strings.TrimSpace(rest))
		}
	}
	var tasks []any
	for _, id := range slices.Sorted(maps.Keys(p.tasks)) {
		tasks = append(tasks, p.tasks[id])
	}
	out, err := json.Marshal(map[string]any{
		"triggerConfigs": []any{p.trigger}, "taskConfigs": tasks, "errorCatcherConfigs": p.catchers,
		"integrationParameters": append(p.variables,
			map[string]any{"key": "n", "dataType": "INT_VALUE", "inputOutputType": "IN_OUT"},
			map[string]any{"key": "code", "dataType": "STRING_VALUE", "inputOutputType": "OUT"},
		),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

type planned struct {
	t         testing.TB
	trigger   map[string]any
	tasks     map[string]map[string]any
	catchers  []any
	variables []any
}

func (p *planned) line(key, rest string) {
	words := strings.Fields(key)
	switch {
	case key == "start":
		p.trigger["startTasks"] = p.edges(rest)
	case key == "start catcher":
		p.trigger["errorCatcherId"] = rest
	case words[0] == "catcher":
		p.catchers = append(p.catchers, map[string]any{"errorCatcherId": words[1], "startErrorTasks": p.edges(rest)})
	case words[0] == "var":
		v := map[string]any{"key": words[1], "dataType": words[2], "inputOutputType": words[3]}
		if rest != "" {
			v["defaultValue"] = json.RawMessage(rest)
		}
		p.variables = append(p.variables, v)
	case len(words) == 1:
		p.task(key)["nextTasks"] = p.edges(rest)
	case words[1] == "policy":
		p.task(words[0])["failurePolicy"], p.task(words[0])["synchronousCallFailurePolicy"] = json.RawMessage(rest), json.RawMessage(rest)
	case words[1] == "join":
		p.task(words[0])["taskExecutionStrategy"] = rest
	case words[1] == "fork":
		p.task(words[0])["nextTasksExecutionPolicy"] = rest
	case words[1] == "catcher":
		p.task(words[0])["errorCatcherId"] = rest
	default:
		p.task(words[0])[words[1]] = json.RawMessage(rest)
	}
}

func (p *planned) edges(list string) []any {
	out := []any{}
	for _, e := range strings.Split(list, ",") {
		id, when, _ := strings.Cut(strings.TrimSpace(e), " if ")
		if id == "" {
			continue
		}
		p.task(id)
		out = append(out, map[string]any{"taskId": id, "condition": when})
	}
	return out
}

func (p *planned) task(id string) map[string]any {
	if p.tasks[id] == nil {
		text := func(s string) any { return map[string]any{"value": map[string]any{"stringValue": s}} }
		p.tasks[id] = map[string]any{"task": "GenericRestV2Task", "taskId": id, "parameters": map[string]any{
			"url": text("http://task/" + id), "httpMethod": text("GET"),
			"throwError": map[string]any{"value": map[string]any{"booleanValue": true}}, "responseStatus": text("$code$"),
		}}
	}
	return p.tasks[id]
}

// A player answers for the tasks of a plan: "3s" waits, a number is a status, each call takes
// the next word and the last one repeats. What is not listed answers 200 at once.
type player struct {
	plays map[string]string // task to words

	mu    sync.Mutex
	calls map[string]int
	at    map[string][]time.Time
	began time.Time
	log   []string // "1@0s": when a task was called, since the first call
}

func (p *player) client() *http.Client {
	p.calls, p.at = map[string]int{}, map[string][]time.Time{}
	return clientOf(func(r *http.Request) (*http.Response, error) {
		status, wait := p.next(strings.TrimPrefix(r.URL.Path, "/"))
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
	})
}

func (p *player) next(task string) (int, time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.began.IsZero() {
		p.began = time.Now()
	}
	p.log = append(p.log, task+"@"+time.Since(p.began).Round(time.Second).String())
	status, wait := 200, time.Duration(0)
	words := strings.Fields(p.plays[task])
	if len(words) > 0 {
		word := words[min(p.calls[task], len(words)-1)]
		if d, err := time.ParseDuration(word); err == nil {
			wait = d
		} else if n, err := toInt(word); err == nil {
			status = int(n)
		}
	}
	p.calls[task]++
	p.at[task] = append(p.at[task], time.Now())
	return status, wait
}

func (p *player) played() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(p.log)), " ")
}
