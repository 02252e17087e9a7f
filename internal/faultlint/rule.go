package faultlint

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// Rule is one thing to look for.
type Rule struct {
	Name string // in lower case with hyphens; the code of its findings
	Doc  Doc
	// Optional rules run only when they are asked for by name.
	Optional bool
	run      func(*pass)
}

// Doc documents a rule.
type Doc struct {
	Title  string // one line
	Text   string // what is wrong, and why it is; a paragraph or more
	Sample string // XML that the rule reports
	Fix    string // what to do about it
}

var rules []*Rule

// register adds a rule to the list; each rule's file calls it once, from a
// package-level variable.
func register(r Rule) *Rule {
	rules = append(rules, &r)
	return &r
}

// Rules returns every rule, sorted by name.
func Rules() []*Rule {
	list := slices.Clone(rules)
	slices.SortFunc(list, func(a, b *Rule) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Validate reports what is wrong with a set of rules: a name that is missing,
// odd or used twice, or a rule without documentation.
func Validate(list []*Rule) error {
	var errs []error
	seen := map[string]bool{}
	for _, r := range list {
		switch {
		case r.Name == "" || strings.Trim(r.Name, "abcdefghijklmnopqrstuvwxyz-") != "":
			errs = append(errs, fmt.Errorf("rule %q: a name is lower-case words with hyphens", r.Name))
		case seen[r.Name]:
			errs = append(errs, fmt.Errorf("rule %s is registered twice", r.Name))
		case r.Doc.Title == "" || r.Doc.Text == "" || r.Doc.Sample == "" || r.Doc.Fix == "":
			errs = append(errs, fmt.Errorf("rule %s lacks a title, a text, a sample or a fix", r.Name))
		case r.run == nil:
			errs = append(errs, fmt.Errorf("rule %s does nothing", r.Name))
		}
		seen[r.Name] = true
	}
	return errors.Join(errs...)
}

// Options say how the bundles will be run.
type Options struct {
	Hooks          map[string]proxy.FlowHook // of the environment: point -> shared flow
	JavaPrecedence bool                      // in conditions, see proxy.Options
}

// Check runs the rules over the bundles and returns what they find, by file and
// line. All findings are warnings. Files and conditions that do not parse are left
// out: compiling a bundle reports them.
func Check(bundles []*proxy.Bundle, list []*Rule, o Options) flow.Problems {
	all := newProject(bundles, o)
	var found flow.Problems
	for _, b := range all.bundles {
		for _, r := range list {
			p := &pass{bundle: b, rule: r}
			r.run(p)
			found = append(found, p.found...)
		}
	}
	found.Sort()
	return found
}

// pass is one rule at work on one bundle.
type pass struct {
	*bundle
	rule  *Rule
	found flow.Problems
}

// report adds a finding: what is wrong, in one sentence, and what to do.
func (p *pass) report(d *document, at flow.Position, message, fix string) {
	p.found = append(p.found, flow.Problem{
		Bundle: p.name, File: path.Join(filepath.ToSlash(p.source.Path), d.file), Line: at.Line, Column: at.Column,
		Severity: flow.Warning.String(), Code: p.rule.Name, Message: message, Hint: fix,
	})
}
