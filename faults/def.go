package faults

import (
	"cmp"
	"strings"
)

// Kind tells when a fault arises.
type Kind string

// A Runtime fault ends a request; a Deployment fault refuses a bundle.
const (
	Runtime    Kind = "runtime"
	Deployment Kind = "deployment"
)

// Elements that are not policies.
const (
	ElementRuntime = "(runtime)" // the proxy runtime itself
	ElementBundle  = "(bundle)"  // deployment errors that belong to no policy type
)

// Sluice is the Evidence of faults that Apigee has no documented code for.
const Sluice = "sluice"

// Def is one catalogued fault. Defs are shared by all goroutines: do not modify.
type Def struct {
	Element string // root element of the policy, ElementRuntime or ElementBundle
	Kind    Kind
	Code    string // fault.detail.errorcode, such as "steps.jwt.TokenExpired"
	Name    string // fault.name: the last part of Code
	Variant string // tells entries with the same Code apart; empty for most

	// Status is the HTTP status on Apigee X; 0 when it is unknown or decided by
	// whoever raises the fault. StatusText is what the source says instead.
	Status     int
	StatusEdge int // where Apigee Edge differs, else 0
	StatusText string

	// Text is the faultstring with {placeholders}; empty when none is known.
	Text     string
	Variants []Variant // other texts of the same fault
	Reasons  []string  // known values of the placeholder {reason}

	// Flags are the documented flow variables that become true, such as
	// "assignmessage.{policy}.failed". FlagNames gives the ones to set.
	Flags         []string
	CauseVariable string // such as "oauthV2.{policy}.fault.cause": takes the faultstring

	// ResponseBody is the JSON that OAuthV2 sends in place of the fault envelope
	// when GenerateResponse is on. Operations are those that raise the fault; nil
	// means all. OnlyGenerate marks the JWT faults that only generating raises.
	ResponseBody string
	Operations   []string
	OnlyGenerate bool

	Aliases        []string // other names it is known by
	DocumentedCode string   // the code that a page prints where the wire differs
	CodeInferred   bool     // only the last part of Code is documented, the prefix is ours
	DeployPrefix   string   // how the management API introduces a deployment error

	Cause        string
	Evidence     string // of code and status: documented, playbook, observed, recalled, inferred, sluice
	TextEvidence string // of Text; empty when it is that of Evidence
	Note         string
	Source       string

	sentence string   // the text that sluice composes when Text is empty
	flags    []string // Flags with the forms that bundles test: see flagPatterns
}

// Variant is another text of a fault. When says in which case, and addresses it
// as name/when.
type Variant struct {
	When string `json:"when"`
	Text string `json:"faultstring"`
}

// pattern is the text that New fills in. Code serves Defs built by hand.
func (d *Def) pattern() string { return cmp.Or(d.Text, d.sentence, d.Code) }

// compose makes the sentence for a fault without a known text. It is ours:
// Apigee says something else, or the same; nobody should test it.
func compose(d *Def) string {
	if d.Text != "" {
		return ""
	}
	if said, ok := d.bodyError(); ok {
		return said
	}
	sentence := d.Name
	if !strings.HasPrefix(d.Element, "(") {
		sentence = d.Element + "[{policy}]: " + d.Name
	}
	if why := plainCause(d.Cause); why != "" {
		sentence += ": " + why
	}
	return sentence
}

// bodyError is the "Error" of ResponseBody: the sentence that Apigee documents
// for faults which have a generated body and no faultstring.
func (d *Def) bodyError() (string, bool) {
	_, rest, ok := strings.Cut(d.ResponseBody, `"Error" :"`)
	if !ok {
		return "", false
	}
	return strings.TrimSuffix(rest, `"}`), true
}

// plainCause is the part of a catalogued cause that is fit for a client: without
// the remarks in brackets or after a semicolon, and nothing at all when the
// source lists the fault without explaining it.
func plainCause(cause string) string {
	if strings.HasPrefix(cause, "listed ") {
		return ""
	}
	cause, _, _ = strings.Cut(cause, "; ")
	if strings.HasSuffix(cause, ")") {
		cause = cause[:strings.LastIndex(cause, "(")]
	}
	return strings.TrimSpace(cause)
}
