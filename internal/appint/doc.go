// Package appint is Application Integration as a service: its REST API, and executions and
// versions that outlive the process. What an integration does is the business of package
// integrations; here it is kept, scheduled and shown.
//
// # Words
//
//   - execution: one run of an integration; its record is an integrations.Record
//   - entry: what a bucket keeps of an execution: a summary, and the record or its parts (entry.go)
//   - owner: the process that runs an execution; it holds a lease (owners.go)
//   - due: when an execution is to go on
//   - queue: a queue of package tasks, which holds what is due and brings it back (dispatch.go)
//   - head: what there is to know of an integration besides its versions (version.go)
//   - profile: an authentication profile, authConfigs in the API (profiles.go)
//
// # The life of an execution
//
//  1. A call comes through the API (rest.go, rest_execute.go) or from a policy (flow.go). calls.go
//     reads it, finds the integrations that it is for, and asks requests.go whether a call with the
//     same requestId came before.
//  2. The engine accepts it and tells the journal (journal.go). One that nobody waits for is now on
//     disk, written by records.go; only then is the caller answered.
//  3. waiting.go puts it into the queue. The queue calls dispatch.go when it is due, in order of
//     time, which lets the engine resume it. After each finished task the journal replaces the
//     entry, in place of exactly the revision that it wrote before: a process that lost the
//     execution to another one is refused, and stops.
//  4. When the process ends, cleanly or not, the queue brings back what it ran, in whichever process
//     then leads the queues, from the last finished task. What is suspended or has not begun belongs
//     to nobody. The records are the truth, and the queue is fed from them: whoever wrote one that
//     has not ended puts it into the queue, and when that process is gone, everybody else does.
//  5. At its end the record stays for a while: execution.go shows it as the API does.
//
// An execution whose caller waits is not kept while it runs: it ends with its caller's connection.
// It leaves its record in another bucket, which is not durable. If it is suspended it lasts from
// then on.
//
// # What may happen twice
//
// Tasks are run at least once. A task runs again when the process ended, or lost the store, between
// the task and the writing of its end. Calls carry X-Idempotency-Key, EXECUTION-TASK, the same each
// time.
//
// # The life of a version
//
// versions.go keeps versions, and in a head for each integration which one is active: one write
// publishes. apply.go tells the engine of it in every process. Executions go on with the version
// that they began with. Integrations from files (Service.Load) are versions too.
//
// # Projects and locations
//
// A local service is one project in one location: every name of them is accepted, and shown in the
// resource names of the answer. Nobody is asked for credentials; the listener is for whoever may
// run integrations. Sources: reference integrations.md 1 and 2; what Google does not document is
// marked where it stands.
package appint
