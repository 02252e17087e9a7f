// Package adminpage is what an operator sees in a browser at the address of --admin: what is
// served and what was refused, the integrations with their executions, the queues with their
// tasks. It only reads.
//
// # The way of a request
//
//  1. guard.go lets through what asks for an address or for a name that the operator chose, and
//     sets the headers that keep the page to itself.
//  2. page.go finds the page. Each has a file: overview.go, integrations.go, executions.go,
//     execution.go, queues.go. It reads what was asked for and takes one part of the list from the
//     services: never more, as there may be a million tasks.
//  3. What may hold secrets passes through mask.go: values of executions under the names of
//     credentials, tokens within texts. Of tasks, bodies and headers do not even come here
//     (tasks.TaskInfo).
//  4. A template of the folder page writes it. html/template escapes everything: the names of
//     integrations, tasks and queues are what somebody has chosen. There is no script.
//
// What does not run in this process has a page too, which says how to start it.
package adminpage
