package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sluice/flow"
	"sluice/policies"
	"sluice/proxy"
)

func lintCommand() *cobra.Command {
	format, env, rules := "text", proxy.DefaultEnvironment, []string{deployRules, faultRules}
	cmd := &cobra.Command{
		Use:   "lint PATH...",
		Short: "List everything that is wrong with bundles",
		Long: `lint compiles every bundle at the paths and lists all problems at once: where
(file:line:column and element), what (the deployment error's name and a sentence),
and what to do next. Errors refuse a bundle, or an integration in integrations/*.json
beside it; warnings refuse nothing. It also looks for error handling that cannot
work, such as a FaultRule that waits for a fault which nothing raises; these
findings are warnings.

  sluice lint ./my-proxy                          everything
  sluice lint --rules deploy ./my-proxy           what a deployment says
  sluice lint --rules faults ./my-proxy           the error handling alone
  sluice lint --rules faults,unhandled-fault ...  with an optional rule
  sluice doc rules                                the rules of error handling

Lint a proxy together with its shared flows: of one that is not at the paths, all
that is known is that it may raise anything.

Exit code 1 if there is an error, 2 if there is no bundle at one of the paths.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("nothing to lint: give the path of a bundle, as in `sluice lint ./my-proxy`")
			}
			chosen, err := parseLintRules(rules)
			if err != nil {
				return err
			}
			problems, bundles, err := chosen.lint(args, env)
			if err != nil {
				return err
			}
			if err := writeProblems(cmd.OutOrStdout(), format, problems, bundles); err != nil {
				return err
			}
			return outcome(problems)
		},
	}
	cmd.Flags().StringVar(&format, "format", format, "`form`: text, json, sarif or github")
	cmd.Flags().StringSliceVar(&rules, "rules", rules, "`list` of what to look for: deploy, faults, names that `sluice doc rules` lists")
	cmd.Flags().StringVar(&env, "env", env, "environment of an archive")
	return cmd
}

// outcome is nil if all is well. A path without a bundle is no success: somebody
// mistyped it, and a gate that looks at nothing would stay open.
func outcome(problems flow.Problems) error {
	switch {
	case slices.ContainsFunc(problems, func(p flow.Problem) bool { return p.Code == proxy.NoBundle("").Code }):
		return exitCode(2)
	case problems.Refused():
		return exitCode(1)
	}
	return nil
}

// lint compiles the bundles at the paths as serve does, without serving them.
func lint(paths []string, env string) (flow.Problems, int, error) {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		return nil, 0, err
	}
	network, err := proxy.NewNetwork(nil, "")
	if err != nil {
		return nil, 0, err
	}
	defer network.Close()
	engine := newLocalEngine(network)
	defer closeQuietly(engine.end)
	s := defaultSettings()
	s.Paths, s.Env = paths, env
	s.ServiceAccount = localAccount // what a deployment is given is not in the bundle
	environment, problems := readEnvironment(&s)
	environment.DeployAll = true // lint looks at everything
	services := &flow.Services{Now: time.Now, Integrations: engine, Identity: unusedIdentity{}}
	defer closeQuietly(joinMemory(services))
	loader := &proxy.Loader{Paths: paths, Compiler: &proxy.Compiler{Registry: registry, Services: services, Environment: environment, Network: network}}
	load := loader.Load()
	problems = append(problems, withEmpty(load)...)
	return append(problems, lintIntegrations(engine, paths, load.Snapshot)...), load.Bundles, nil
}

// withEmpty are the problems of a load, with those of the paths that have no bundle.
func withEmpty(load *proxy.Load) flow.Problems {
	problems := slices.Clone(load.Problems)
	for _, path := range load.Empty {
		problems = append(problems, proxy.NoBundle(path))
	}
	return problems
}

// lintIntegrations reads the integrations beside the bundles as serve does. What
// serve may be given with a flag only warns: lint does not know the flags. Bundles
// without any integration beside them call Google's, or what is published later.
func lintIntegrations(engine *localEngine, paths []string, s *proxy.Snapshot) flow.Problems {
	problems := engine.load(paths, nil)
	for i := range problems {
		if p := &problems[i]; p.Code == missingSetting || p.Code == missingAuthConfig {
			p.Severity = flow.Warning.String()
		}
	}
	if len(engine.loaded) > 0 {
		problems = append(problems, engine.missing(s.Integrations())...)
	}
	return problems
}

// unusedIdentity is there so that policies which need Google tokens compile; lint
// makes none.
type unusedIdentity struct{ flow.Identity }

func writeProblems(w io.Writer, format string, problems flow.Problems, bundles int) error {
	switch format {
	case "text":
		printProblems(w, problems)
		errs := len(problems.Errors())
		_, err := fmt.Fprintf(w, "%s, %s, %s\n", count(bundles, "bundle"), count(errs, "error"), count(len(problems)-errs, "warning"))
		return err
	case "json":
		if problems == nil {
			problems = flow.Problems{}
		}
		return writeJSON(w, problems)
	case "sarif":
		return writeJSON(w, sarif(problems))
	case "github":
		return writeGitHub(w, problems)
	}
	return fmt.Errorf("--format is %q; it is text, json, sarif or github", format)
}

// writeGitHub writes workflow commands, which GitHub Actions shows beside the
// lines of a change.
func writeGitHub(w io.Writer, problems flow.Problems) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for i := range problems {
		p := &problems[i]
		text := p.Message
		if p.Hint != "" {
			text += "\nhint: " + p.Hint
		}
		_, err := fmt.Fprintf(w, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", p.Severity,
			property.Replace(strings.TrimPrefix(p.File, "./")), max(p.Line, 1), max(p.Column, 1), property.Replace(p.Code), data.Replace(text))
		if err != nil {
			return err
		}
	}
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// sarif makes a SARIF 2.1.0 log, which code hosts show beside the changed lines.
func sarif(problems flow.Problems) any {
	type object = map[string]any
	rules, seen := []object{}, map[string]bool{}
	results := []object{}
	for i := range problems {
		p := &problems[i]
		if !seen[p.Code] {
			seen[p.Code] = true
			rules = append(rules, sarifRule(p.Code))
		}
		text := p.Message
		if p.Hint != "" {
			text += ". Hint: " + p.Hint
		}
		location := object{"artifactLocation": object{"uri": strings.TrimPrefix(p.File, "./")}}
		if p.Line > 0 {
			location["region"] = object{"startLine": p.Line, "startColumn": max(p.Column, 1)}
		}
		results = append(results, object{
			"ruleId": p.Code, "level": p.Severity, "message": object{"text": text},
			"locations": []object{{"physicalLocation": location, "logicalLocations": []object{{"fullyQualifiedName": p.Bundle + p.Element}}}},
		})
	}
	return object{
		"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{"tool": object{"driver": object{"name": "sluice", "rules": rules}}, "results": results}},
	}
}
