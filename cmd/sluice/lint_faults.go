package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"sluice/flow"
	"sluice/internal/faultlint"
	"sluice/proxy"
)

// The groups of rules that --rules names.
const (
	deployRules = "deploy" // what a deployment refuses or warns of
	faultRules  = "faults" // the rules of package faultlint, but for the optional ones
)

// lintRules is what lint looks for. All of it is the default: fault rules only
// warn, so they fail no build that passed before.
type lintRules struct {
	deploy bool
	faults []*faultlint.Rule
}

// parseLintRules reads the value of --rules: names of groups and of rules.
func parseLintRules(names []string) (lintRules, error) {
	var chosen lintRules
	for _, name := range names {
		switch name = strings.TrimSpace(name); name {
		case deployRules:
			chosen.deploy = true
		case faultRules:
			for _, r := range faultlint.Rules() {
				if !r.Optional {
					chosen.add(r)
				}
			}
		default:
			r, err := lintRule(name)
			if err != nil {
				return chosen, fmt.Errorf("--rules: %w", err)
			}
			chosen.add(r)
		}
	}
	return chosen, nil
}

func (c *lintRules) add(r *faultlint.Rule) {
	if !slices.ContainsFunc(c.faults, func(other *faultlint.Rule) bool { return other.Name == r.Name }) {
		c.faults = append(c.faults, r)
	}
}

func lintRule(name string) (*faultlint.Rule, error) {
	for _, r := range faultlint.Rules() {
		if r.Name == name {
			return r, nil
		}
	}
	return nil, fmt.Errorf("no rule is called %q; it is deploy, faults, or one that `sluice doc rules` lists", name)
}

// lint runs the chosen rules over the bundles at the paths.
func (c lintRules) lint(paths []string, env string) (flow.Problems, int, error) {
	if !c.deploy {
		return c.lintFaults(paths, env)
	}
	problems, bundles, err := lint(paths, env)
	if err != nil || len(c.faults) == 0 {
		return problems, bundles, err
	}
	found, _, err := c.lintFaults(paths, env)
	return mergeProblems(problems, found), bundles, err
}

// lintFaults runs the fault rules. They need no compilation, so that a bundle with
// policies which are not available yet is looked at too.
func (c lintRules) lintFaults(paths []string, env string) (flow.Problems, int, error) {
	s := defaultSettings()
	s.Paths, s.Env = paths, env
	environment, problems := readEnvironment(&s)
	var bundles []*proxy.Bundle
	for _, p := range paths {
		found, unreadable := proxy.Find(p)
		problems = append(problems, unreadable...)
		if len(found)+len(unreadable) == 0 {
			problems = append(problems, proxy.NoBundle(p))
		}
		for _, b := range found {
			if !slices.ContainsFunc(bundles, func(other *proxy.Bundle) bool { return sameBundle(b, other) }) {
				bundles = append(bundles, b)
			}
		}
	}
	return append(problems, faultlint.Check(bundles, c.faults, faultlint.Options{Hooks: environment.FlowHooks})...), len(bundles), nil
}

func sameBundle(a, b *proxy.Bundle) bool {
	return a.Kind == b.Kind && a.Path == b.Path && a.Name == b.Name
}

// mergeProblems adds findings to the problems of a deployment. Both read the
// environment and the conditions; what both say is kept once, in the words of
// the finding.
func mergeProblems(problems, found flow.Problems) flow.Problems {
	merged := slices.DeleteFunc(slices.Clone(problems), func(p flow.Problem) bool {
		return p.Code == "ConditionWarning" && strings.Contains(p.Message, "are mixed without parentheses") &&
			slices.ContainsFunc(found, func(f flow.Problem) bool {
				return f.Code == "mixed-connectives" && f.File == p.File && f.Line == p.Line
			})
	})
	for _, f := range found {
		if !slices.Contains(merged, f) {
			merged = append(merged, f)
		}
	}
	return merged
}

func docRulesCommand() *cobra.Command {
	return &cobra.Command{
		Use: "rules [NAME]", Short: "Rules of sluice lint, or one of them with a sample", Args: cobra.MaximumNArgs(1),
		Long: `rules lists what ` + "`sluice lint --rules`" + ` takes beside "deploy", which is everything
that a deployment refuses or warns of. "faults" means all of these rules but the
optional ones, which run only when they are named.`,
		RunE: func(cmd *cobra.Command, args []string) error { return docRules(cmd.OutOrStdout(), args) },
	}
}

func docRules(w io.Writer, args []string) error {
	if len(args) == 0 {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, r := range faultlint.Rules() {
			title := r.Doc.Title
			if r.Optional {
				title += " (optional)"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\n", r.Name, faultRules, title)
		}
		return t.Flush()
	}
	r, err := lintRule(args[0])
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: %s\n\n%s\n\n%s\n\nFix: %s\n", r.Name, r.Doc.Title, r.Doc.Text, r.Doc.Sample, r.Doc.Fix)
	return err
}

// sarifRule describes a rule to code hosts, which show it beside its findings.
func sarifRule(code string) map[string]any {
	rule := map[string]any{"id": code}
	if r, err := lintRule(code); err == nil {
		rule["shortDescription"] = map[string]any{"text": r.Doc.Title}
		rule["fullDescription"] = map[string]any{"text": strings.Join(strings.Fields(r.Doc.Text), " ")}
		rule["help"] = map[string]any{"text": r.Doc.Fix}
	}
	return rule
}
