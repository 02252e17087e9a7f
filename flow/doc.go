// Package flow is the language that a proxy is written in: messages, variables,
// conditions, templates, steps and fault rules. It knows no HTTP connection and
// no bundle; package proxy compiles bundles into it and runs it.
//
// A policy file's element goes through it like this:
//
//	Registry.Lookup(root element) -> Kind.Compile(Build, element) -> Policy
//	Step{Condition, Policy} -> Section -> Plan -> Plan.Run(ctx, Exchange)
//
// and a failure like this:
//
//	Policy.Execute -> *faults.Fault or *Raised -> Step marks its flags
//	-> Plan.Run ends -> Exchange.Fail -> FaultRules.Handle
//
// A policy that has the response already returns a *Served: the plan goes forward
// to that step of the response flows (served.go). What keys, tokens, maps, caches
// and counters policies may ask for, Services names (state.go). Where messages are
// logged is in logs.go, what is captured for analytics in analytics.go. What goes on
// when the request has ended is in background.go, and what outlives the process in
// errands.go. Variables that a policy sets together are made when somebody asks for
// them (results.go).
//
// Everything that Compile makes is immutable and shared by all requests. What
// belongs to one request is in its Exchange, which one goroutine owns.
//
// # Where to read
//
//   - the runner: Plan.Run and the step loop in plan.go, FaultRules.Handle in
//     rules.go, what a request has in exchange.go
//   - variables: Name in name.go, Exchange.Get in exchange_variables.go, the table of
//     predefined ones in variables.go, what needs code for it in variables_get.go
//   - conditions: Condition in condition.go, from text to tree condition_lex.go and
//     condition_parse.go, what an operator does condition_ops.go, what lint says of
//     one condition_review.go and condition_hints.go
//   - templates: Template in template.go, from text to parts template_parse.go, the
//     functions by what they are about in template_*.go
//   - messages: message.go, its header lines header.go, query and form params.go, its
//     bytes body.go and encoding.go, what all requests may hold of them memory.go
//   - what AssignMessage, RaiseFault and ServiceCallout have in common, which is to
//     make and change messages: edit.go, compiled by edit_compile.go
//   - what Compile reads with: Build in build.go and build_read.go, what it may find
//     wrong problem.go
//
// # Glossary
//
// The words are Apigee's own. Words to avoid stand in brackets.
//
//   - message: a request, a response, or one that a policy made (payload object)
//   - ambient message: what "message" means now: request, response or error
//   - payload, content: the body of a message without its Content-Encoding
//   - flow variable: a named value of a request; predefined, a part of a message,
//     or the bundle's own (attribute, context key)
//   - unresolved: said of a variable that is null (undefined, missing)
//   - policy: a compiled policy file; policy type, Kind: its root element (filter,
//     middleware, plugin)
//   - step: a policy attached to a flow, with its condition
//   - flow: PreFlow, a conditional Flow, or PostFlow of one side of an endpoint
//     (chain, pipeline)
//   - phase: proxy request, target request, target response, proxy response, post
//     client (stage)
//   - fault: what ends the normal flow, an entry of the catalogue (exception)
//   - error state: from the first fault to the answer
//   - fault rule: FaultRule or DefaultFaultRule (error handler)
//   - shared flow, flow hook: steps of a bundle of their own, called by a policy or
//     attached to every proxy
//   - environment: what is configured beside bundles
package flow
