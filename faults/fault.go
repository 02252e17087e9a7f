package faults

import (
	"cmp"
	"slices"
	"strings"
)

// Values of Fault.Detail seen on Apigee X (reference/runtime.md 7.5).
const (
	DetailTargetReadTimeout    = "TARGET_READ_TIMEOUT"
	DetailTargetConnectTimeout = "TARGET_CONNECT_TIMEOUT"
)

// unknownStatus answers for runtime faults whose status nobody knows: the one
// that most policy faults have.
const unknownStatus = 500

// Fault is one occurrence of a Def: the error that ends a request, or refuses a
// bundle. It belongs to whoever holds it; mutating it is fine.
type Fault struct {
	Def    *Def
	Reason string // faultstring; {policy} stays in it until At
	Status int    // HTTP status to answer with; 0 for deployment faults
	Detail string // "reason" inside "detail", such as DetailTargetReadTimeout
	Cause  error  // what made it happen; not shown to clients

	Policy, Flow, Phase   string // where, once At has told
	Category, Subcategory string // of Apigee's fault taxonomy

	args []string // as given to New
	made string   // Reason as New made it: At leaves a Reason set since alone
}

// New makes a fault. args are pairs of placeholder and value:
// d.New("variable", "flow.x"). A pair given again fills the next occurrence of
// the same placeholder; the last fills all that remain. Placeholders without a
// value stay visible, {policy} until At. When the Def has no Text, the sentence
// is composed and ends with the values given.
//
// Status is the Def's; a runtime fault whose status is unknown gets 500.
func (d *Def) New(args ...string) *Fault {
	f := &Fault{Def: d, Status: d.Status, args: args}
	if d.Kind == Runtime {
		f.Status = cmp.Or(d.Status, unknownStatus)
		f.Category, f.Subcategory = d.category()
	}
	f.made = f.render()
	f.Reason = f.made
	return f
}

// Wrap is New with err as the cause. Where the text has {reason} and args do
// not fill it, err does.
func (d *Def) Wrap(err error, args ...string) *Fault {
	if err != nil && strings.Contains(d.Text, "{reason}") {
		args = append(args[:len(args):len(args)], "reason", err.Error())
	}
	f := d.New(args...)
	f.Cause = err
	return f
}

// At tells where the fault happened and completes {policy} in the Reason. What
// is already filled stays: the innermost place wins. It returns f.
func (f *Fault) At(policy, flow, phase string) *Fault {
	f.Flow = cmp.Or(f.Flow, flow)
	f.Phase = cmp.Or(f.Phase, phase)
	if f.Policy != "" || policy == "" {
		return f
	}
	f.Policy = policy
	if f.Reason == f.made {
		f.made = f.render()
		f.Reason = f.made
	}
	return f
}

// Code is fault.detail.errorcode.
func (f *Fault) Code() string { return expand(f.Def.Code, f.value) }

// Name is fault.name.
func (f *Fault) Name() string { return expand(f.Def.Name, f.value) }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Error is for logs and deployment reports: code, faultstring, place and cause.
func (f *Fault) Error() string {
	var text strings.Builder
	text.WriteString(f.Code())
	text.WriteString(": ")
	text.WriteString(f.Reason)
	for _, part := range [...]struct{ label, value string }{
		{"policy", f.Policy}, {"flow", f.Flow}, {"phase", f.Phase},
	} {
		if part.value != "" {
			text.WriteString(", " + part.label + " " + part.value)
		}
	}
	if f.Cause != nil {
		text.WriteString(": " + f.Cause.Error())
	}
	return text.String()
}

// quotable are the placeholders whose values are names, limits and places. Others,
// such as {value}, {token} and {reason}, may quote a message or hold a key.
var quotable = map[string]bool{
	"policy": true, "quota_policy": true, "variable": true, "reference": true, "source": true, "parameter": true, "name": true,
	"element": true, "type": true, "TYPE": true, "shared_flow": true, "resource": true, "file": true, "line": true,
	"limit": true, "timeLimit": true, "burst": true, "messages": true, "micros": true,
	"status": true, "method": true, "host": true, "virtualhost": true, "path": true, "ip": true, "encoding": true,
	"operation": true, "grant_type": true, "scopes": true, "proxy": true, "revision": true, "org": true, "env": true,
}

// Told is the faultstring for logs, which never get what a message contains: as New
// made it, with "(hidden)" for each value that may come from one.
func (f *Fault) Told() string {
	told := *f
	told.args = slices.Clone(f.args)
	for i := 0; i+1 < len(told.args); i += 2 {
		if !quotable[told.args[i]] {
			told.args[i+1] = "(hidden)"
		}
	}
	return told.render()
}

func (f *Fault) render() string {
	pattern := f.Def.pattern()
	text := expand(pattern, f.value)
	if f.Def.Text != "" {
		return text
	}
	return text + f.unplaced(pattern)
}

// value is the nth value given for a placeholder, or the last.
func (f *Fault) value(name string, nth int) (string, bool) {
	value, found := "", false
	for i := 0; i+1 < len(f.args) && nth >= 0; i += 2 {
		if f.args[i] == name {
			value, found = f.args[i+1], true
			nth--
		}
	}
	if !found && name == "policy" && f.Policy != "" {
		return f.Policy, true
	}
	return value, found
}

// unplaced lists the values that a composed sentence has no placeholder for.
func (f *Fault) unplaced(pattern string) string {
	var list []string
	for i := 0; i+1 < len(f.args); i += 2 {
		name := f.args[i]
		if name != "policy" && !strings.Contains(pattern, "{"+name+"}") {
			list = append(list, name+" "+f.args[i+1])
		}
	}
	if list == nil {
		return ""
	}
	return " (" + strings.Join(list, ", ") + ")"
}
