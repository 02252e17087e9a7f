// Package integrations is a local Application Integration engine: it loads exported
// IntegrationVersion files unchanged and runs them in this process, so that a proxy with an
// IntegrationCallout policy or an IntegrationEndpoint target works without Google Cloud.
//
// The life of an integration:
//
//  1. [Engine.Load] decodes the export (export.go) and compiles it (compile.go): variables,
//     triggers, tasks, edges. Everything that the engine cannot do is a named [Problem] here and
//     never a surprise at run time. graph.go says which graphs run today.
//  2. A task type is one file, task_<type>.go, which registers its own taskKind (task.go).
//     A new task type changes no other file.
//  3. Data Mapping is a small expression machine (transform.go) over tables of functions
//     (functions_*.go), one table for each receiver type.
//  4. Edge conditions have a language of their own: condition_parse.go, condition.go.
//
// The life of an execution:
//
//  1. [Engine.Execute] or [Engine.Schedule] reads the request (request.go), finds the trigger
//     and binds its inputs to a scope of variables (variables.go).
//  2. admission.go holds back what exceeds the number of concurrent executions.
//  3. run.go walks the graph, one task after another; failure.go decides on retries.
//  4. answer.go renders outputs or error as Google does; history.go keeps the last executions.
//
// Values are immutable once they are in a scope (value.go), so that nothing is ever copied deep.
package integrations
