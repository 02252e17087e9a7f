package integrations

import (
	"encoding/json"
	"maps"
	"slices"
)

// versions are those of one integration that can run.
type versions struct {
	published *integration // takes new calls; nil if none does
	byName    map[string]*integration
}

// Load compiles an exported IntegrationVersion and puts it in the place of an earlier one of
// that name; executions under way finish with the version that they began with. It returns all
// problems, each a *Problem. An integration with problems is not loaded, and the earlier one
// stays.
func (e *Engine) Load(name string, json []byte) []error { return e.Publish(name, "", json, nil) }

// Publish is Load for one of several versions of an integration: from now on it takes the calls
// that name no version. config gives values to config variables, each a ValueType or plain JSON,
// by their names with or without backticks.
func (e *Engine) Publish(name, version string, export []byte, config map[string]json.RawMessage) []error {
	return e.put(name, version, export, config, true)
}

// Draft is Publish for a version that is to run only for calls that name it.
func (e *Engine) Draft(name, version string, export []byte, config map[string]json.RawMessage) []error {
	return e.put(name, version, export, config, false)
}

// Check returns the problems that Publish would.
func (e *Engine) Check(name string, export []byte) []error {
	_, bad := compile(name, export, nil, e.build)
	return bad
}

func (e *Engine) put(name, version string, export []byte, config map[string]json.RawMessage, publish bool) []error {
	in, bad := compile(name, export, config, e.build)
	if len(bad) > 0 {
		return bad
	}
	in.version = version
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.loaded[name]
	if v == nil {
		v = &versions{byName: map[string]*integration{}}
		e.loaded[name] = v
	}
	v.byName[version] = in
	if publish {
		v.published = in
	}
	return nil
}

// Unpublish takes an integration out of use. Its versions stay for calls that name them, and
// for executions that have begun with them.
func (e *Engine) Unpublish(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if v := e.loaded[name]; v != nil {
		v.published = nil
	}
}

// Forget removes one version. If it was published, nothing is any more.
func (e *Engine) Forget(name, version string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := e.loaded[name]
	if v == nil {
		return
	}
	if v.published != nil && v.published.version == version {
		v.published = nil
	}
	if delete(v.byName, version); len(v.byName) == 0 {
		delete(e.loaded, name)
	}
}

// Remove forgets an integration with all its versions. Its executions under way go on.
func (e *Engine) Remove(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.loaded, name)
}

// Names returns the integrations that take calls, sorted.
func (e *Engine) Names() []string {
	return e.having(func(*integration) bool { return true })
}

// Having returns the integrations with an API trigger of that id that take calls, sorted.
func (e *Engine) Having(triggerID string) []string {
	return e.having(func(in *integration) bool {
		t := in.triggers[triggerID]
		return t != nil && t.api
	})
}

// APITriggers returns the ids of the API triggers of an integration that takes calls, sorted;
// none for any other.
func (e *Engine) APITriggers(name string) []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	in := e.version(name, "")
	if in == nil {
		return nil
	}
	ids := slices.Sorted(maps.Keys(in.triggers))
	return slices.DeleteFunc(ids, func(id string) bool { return !in.triggers[id].api })
}

func (e *Engine) having(is func(*integration) bool) []string {
	e.mu.RLock()
	defer e.mu.RUnlock()
	names := slices.Sorted(maps.Keys(e.loaded))
	return slices.DeleteFunc(names, func(n string) bool {
		in := e.loaded[n].published
		return in == nil || !is(in)
	})
}

// version is that of an execution, or else the published one. It is for holders of the lock.
func (e *Engine) version(name, version string) *integration {
	v := e.loaded[name]
	if v == nil {
		return nil
	}
	if in := v.byName[version]; in != nil && version != "" {
		return in
	}
	return v.published
}
