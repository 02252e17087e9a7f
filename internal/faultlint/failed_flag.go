package faultlint

import (
	"fmt"
	"slices"
	"strings"

	"sluice/faults"
	"sluice/internal/spelling"
)

var _ = register(Rule{
	Name: "failed-flag",
	Doc: Doc{
		Title: "a .failed flag that nothing sets",
		Text: `When a policy fails, the variable PREFIX.POLICY.failed becomes true, where PREFIX
depends on the policy type (oauthV2, ratelimit for Quota and SpikeArrest, ...) and
POLICY is the policy's name; PREFIX.failed does too. A Condition reads a flag that
no attached policy sets: the prefix is that of another policy type, or there is no
policy of that name, or it is attached nowhere.

A variable that the bundle assigns is never reported, nor is the flag of a policy
that may be in a shared flow which is not among the bundles.`,
		Sample: `<Condition>verifyapikey.OA-Verify.failed = true</Condition> <!-- an OAuthV2 policy -->`,
		Fix:    "write the flag of the policy that is meant; `sluice doc rules failed-flag` and `sluice faults POLICY` help.",
	},
	run: failedFlags,
})

func failedFlags(p *pass) {
	f := &flagged{pass: p, setters: p.flags(), assigned: p.assigned(), attached: p.attached()}
	for _, d := range p.documents {
		if d.root.tag != proxyEndpoint && d.root.tag != targetEndpoint && d.root.tag != "SharedFlow" {
			continue
		}
		d.root.walk(func(el *element) {
			if c := p.condition(d, el); c != nil && !c.broken {
				f.check(c)
			}
		})
	}
}

// flagged is the rule at work.
type flagged struct {
	*pass
	setters  map[string][]*policy
	assigned map[string]bool
	attached *sources
}

func (f *flagged) check(c *condition) {
	for _, a := range c.atoms {
		for _, name := range a.names {
			if !isFlag(name) || f.setters[name] != nil || f.assigned[name] {
				continue
			}
			if why, fix := f.explain(name); why != "" {
				f.report(c.document, c.el.place(a.offset), fmt.Sprintf("nothing sets %s: %s", name, why), fix)
			}
		}
	}
}

// explain tells why nothing sets a flag, "" if something may.
func (f *flagged) explain(flag string) (why, fix string) {
	prefix, rest, _ := strings.Cut(flag, ".")
	name, long := strings.CutSuffix(rest, ".failed")
	p := f.policies[name]
	switch {
	case !long:
		return f.explainShort(prefix, flag)
	case p != nil && slices.Contains(f.attached.policies, p):
		return f.wrongPrefix(p, flag)
	case p != nil && f.isFlagOf(p, flag):
		return "policy " + name + " is attached to no flow", "attach it, or remove the condition"
	case p == nil && prefixes[strings.ToLower(prefix)] != nil:
		return f.noPolicy(prefix, name)
	}
	return "", ""
}

func (f *flagged) isFlagOf(p *policy, flag string) bool {
	return slices.Contains(p.flags(), flag)
}

// wrongPrefix explains a flag with the name of an attached policy.
func (f *flagged) wrongPrefix(p *policy, flag string) (why, fix string) {
	flags := p.flags()
	if len(flags) == 0 || slices.ContainsFunc(flags, func(f string) bool { return strings.EqualFold(f, flag) }) {
		return "", "" // its flag is not documented, or written otherwise in some places
	}
	return fmt.Sprintf("%s is of type %s, which sets %s", p.name, p.kind, flags[0]), "write " + flags[0]
}

// noPolicy explains a flag with the prefix of a policy type and the name of no
// policy.
func (f *flagged) noPolicy(prefix, name string) (why, fix string) {
	if f.isShared() || len(f.attached.elsewhere) > 0 || slices.Contains(f.attached.missing, name) {
		return "", "" // it may be a policy of the caller, or of the shared flow
	}
	var names []string
	for _, p := range f.attached.policies {
		if slices.Contains(prefixes[strings.ToLower(prefix)], p.kind) {
			names = append(names, p.name)
		}
	}
	if meant := spelling.Likely(name, names); meant != "" {
		return "there is no policy " + name, "did you mean " + prefix + "." + meant + ".failed?"
	}
	return "there is no policy " + name, "name a policy that is attached, or remove the condition"
}

// explainShort explains a flag without a policy's name.
func (f *flagged) explainShort(prefix, flag string) (why, fix string) {
	kinds := prefixes[strings.ToLower(prefix)]
	if kinds == nil || f.isShared() || len(f.attached.elsewhere)+len(f.attached.missing) > 0 {
		return "", ""
	}
	for _, p := range f.attached.policies {
		if slices.Contains(kinds, p.kind) {
			return f.wrongPrefix(p, flag)
		}
	}
	return "no " + listed(kinds, "or") + " policy is attached", "attach one, or remove the condition"
}

// prefixes maps the prefixes of flags, in lower case, to the policy types that
// set them.
var prefixes = func() map[string][]string {
	m := map[string][]string{}
	for _, kind := range faults.Elements() {
		for _, flag := range (&policy{kind: kind, name: "P"}).flags() {
			prefix, _, _ := strings.Cut(strings.ToLower(flag), ".")
			if !slices.Contains(m[prefix], kind) {
				m[prefix] = append(m[prefix], kind)
			}
		}
	}
	return m
}()
