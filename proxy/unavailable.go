package proxy

import (
	"context"
	"slices"

	"sluice/faults"
	"sluice/flow"
)

// unavailable reports the policies whose type does not exist here: an error when
// they are attached, since leaving one out silently could open an API, and a warning
// where AllowMissing has them fail.
func (k *compilation) unavailable() {
	for _, name := range sortedKeys(k.policies) {
		p := k.policies[name]
		if p.kind != nil || k.Replace != nil {
			continue
		}
		b := k.build(p.doc, name)
		code, message, hint, way := "UnknownPolicyType", "policy type "+p.element+" is not known", "check the spelling of the root element", ""
		if isApigeePolicy(p.element) {
			code, message, hint = "PolicyTypeNotAvailable", "policy type "+p.element+" is not available yet", "the README lists the policies that are"
			way = "; with --allow-missing-policies the bundle is loaded, and only requests that reach the policy fail"
		}
		switch {
		case !p.attached:
			b.Warn(p.doc.root, code, message+"; it is not attached", hint)
		case p.policy != nil:
			b.Warn(p.doc.root, code, message+": a request that reaches it ends in "+policyTypeNotAvailable.Code, hint)
		default:
			b.RefuseText(p.doc.root, code, message, hint+way)
		}
	}
}

var policyTypeNotAvailable = faults.MustRuntime("PolicyTypeNotAvailable")

// missingPolicy stands for a policy whose type does not exist here. It fails, so that
// nobody gets past what it would have checked.
type missingPolicy struct{ name, element string }

func (p missingPolicy) Execute(context.Context, *flow.Exchange) error {
	return policyTypeNotAvailable.New("policy", p.name, "type", p.element)
}

// faultless are policy types of Apigee that no fault of the catalogue belongs to
// and that were not available when this was written. It makes a better message,
// no more: a type that becomes available is found before anybody looks here.
var faultless = []string{
	"ConnectorCallout", "DeleteOAuthV1Info", "GetOAuthV1Info", "OAuthV1", "ParseDialogflowRequest", "SetDialogflowResponse",
	"TraceCapture", "VerifyIAM",
}

// isApigeePolicy reports whether a root element for which there is no policy type
// here is one on Apigee: a bundle that uses it hears "not available yet", and not
// that it is misspelt. Elements that are no policy stand in the catalogue in
// brackets, as "(runtime)" does.
func isApigeePolicy(element string) bool {
	return element[0] != '(' && slices.Contains(faults.Elements(), element) || slices.Contains(faultless, element)
}
