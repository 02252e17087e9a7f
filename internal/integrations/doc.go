// Package integrations is a local Application Integration engine: it loads exported
// IntegrationVersion files unchanged and runs them in this process, so that a proxy with an
// IntegrationCallout policy or an IntegrationEndpoint target works without Google Cloud.
//
// The life of a version:
//
//  1. [Engine.Publish] decodes the export (export.go) and compiles it (compile.go): variables,
//     triggers, tasks, and the graphs that triggers and error catchers start (graph.go).
//     Everything that the engine cannot do is a named [Problem] here and never a surprise at run
//     time. versions.go keeps what can run.
//  2. A task type is one file, task_<type>.go, which registers its own taskKind (task.go). A new
//     task type changes no other file. What several of them share stands beside them: outcall.go
//     and auth.go (HTTP and credentials), loop.go and sub.go (other integrations), smtp.go.
//  3. Data Mapping is a small expression machine (transform.go) over tables of functions
//     (functions_*.go), one table for each receiver type. Data Transformer runs Jsonnet under
//     bounds (jsonnet.go) with Google's library of functions (jsonnet_*.go).
//  4. Edge conditions have a language of their own: condition_parse.go, condition.go.
//
// The life of an execution:
//
//  1. [Engine.Execute], [Engine.Schedule] or [Engine.Accept] reads the request (request.go), finds
//     the trigger and binds its inputs to variables (accept.go, variables.go). From here on there
//     is a [Record] of it (record.go), and the [Journal], if there is one, has it.
//  2. execute.go waits for a place (admission.go), runs it under its limit of time, and says how
//     it ended.
//  3. run.go runs the graph of the trigger, then an error catcher, and all of it again if a
//     failure policy restarts the integration. walk.go goes through one graph: tasks that are
//     ready run side by side, joins wait. perform.go does one task with its tries (failure.go).
//  4. After each finished task the journal hears of it. [Engine.Resume] goes on from there,
//     whatever the reason was to stop: the same walk begins again, and what the record has as
//     finished is not run again. A suspended execution (suspend.go) is nothing but one that
//     stopped because all that is left waits to be lifted; control.go lifts and cancels.
//  5. answer.go renders outputs or error as Google does; history.go keeps the last records;
//     report.go tells an operator why one failed.
//
// Values are immutable once they are in a scope (value.go), so that nothing is ever copied deep,
// and tasks that run side by side need a lock only to look one up.
package integrations
