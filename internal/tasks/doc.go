// Package tasks is a Cloud Tasks service: queues that keep HTTP requests until their target has
// taken them. It speaks Google's own API, v2 and v2beta3, over gRPC and REST, and keeps
// everything on a state.Engine, so that an acknowledged task survives the process, and with
// replicas the machine.
//
// # Words
//
//   - queue: Google's; how fast, how often and where to its tasks are sent
//   - task: one request, kept until an attempt succeeds or its retries are exhausted
//   - attempt: one sending of a task; it is begun, then answered
//   - line: the tasks of one queue as this process sees them, in order of their due time
//   - due: when the next attempt of a task may begin
//   - run: what RunTask asks for: an attempt now, past every limit
//   - tombstone: what is left of a task, so that its name is not used again
//   - leader: the one process of a cluster that begins attempts
//   - own: said of a queue of this program itself, whose tasks go to a function of the leader (own.go)
//
// # The life of a task
//
//  1. CreateTask (service_tasks.go) checks the task (check.go), and writes its record (record.go)
//     in place of nothing. The write is durable before it is acknowledged, and fails when there is
//     a task or a tombstone of that name: that is all of the de-duplication.
//  2. Every process watches the buckets (replica.go) and keeps of each task, in the line of its
//     queue (line.go), what deciding needs: key, revision, due and creation time. Bodies stay in
//     the bucket. Nothing but a watch changes a line's tasks, so its changes come in the order of
//     the writes.
//  3. The leader (lease.go) serves each line in a goroutine (dispatch.go): it takes the next task
//     that is due, when the queue runs, its token bucket has a token (throttle.go) and not too many
//     attempts are under way.
//  4. An attempt (attempt.go) reads the record again, builds the request (target.go) with the
//     queue's overrides and a token (token.go, issuer.go), sends it, and makes of the answer an
//     outcome (outcome.go).
//  5. The outcome becomes the next record (settle.go), due after the back-off of retry.go, or a
//     tombstone. It is written in place of exactly the record that was read; when that was changed
//     meanwhile, by RunTask for example, it is worked into the new one.
//
// # What may happen twice
//
// Attempts are at least once. A task is sent again without an answer having asked for it in three
// cases only: the leader ended between sending and writing the outcome; it lost its lease while
// attempts were under way, which the next leader repeats; RunTask was called while an attempt was
// under way. A repeated attempt has the X-CloudTasks-TaskRetryCount of the one that it repeats.
package tasks
