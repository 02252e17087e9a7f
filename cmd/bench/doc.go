// Bench compares what a request costs: sluice with an empty flow, nginx (if it is
// installed), httputil.ReverseProxy with a tuned Transport, and the upstream alone.
//
//	go run ./cmd/bench                                   # all peers, all workloads, about 90 s a round
//	go run ./cmd/bench -workloads get -peers sluice,nginx
//	go run ./cmd/bench -peers sluice -workloads get -profile cpu.pprof
//	go run ./cmd/bench -bundles 400                      # how long bundles take to load
//	go run ./cmd/bench tasks -emulator FOLDER            # Cloud Tasks: see below
//
// The number that it is about is CPU time per request, because that is what a
// gateway is paid for in and because it depends less on the machine's other work
// than requests per second do. Compare within one run only: ratios carry over to
// another machine, microseconds do not.
//
// The path of a measurement:
//
//  1. main.go reads the flags. Called with the name of a role as its first argument,
//     it is that role: the upstream (upstream.go), the yardstick (reverseproxy.go) or
//     the load (load.go); so nothing has to be installed. All of them are processes of
//     their own, because CPU time is read per process.
//  2. bundles.go writes the bundle, peer.go says how each peer is started.
//  3. measure.go takes one sample: start the peer afresh, wait for its first answer
//     (cold start), warm it up, read its CPU time, load it, read its CPU time again.
//     Rounds interleave the peers, so that a slow minute of the machine hits all.
//  4. cpus.go puts the peer alone on one CPU, the upstream and the load on another, so
//     that Go runs with GOMAXPROCS=1 and nginx with one worker. proc.go reads /proc,
//     process.go starts and ends processes, only its own.
//  5. report.go prints medians. Others is the CPU that processes outside the bench
//     used meanwhile, in cores.
//
// load_bundles.go is the other measurement, of the time from the start of the process
// to the first response with few and with many bundles.
//
// # Cloud Tasks
//
//	go run ./cmd/bench tasks -emulator ../cloud-tasks-emulator   # a clone of aertje's
//	go run ./cmd/bench tasks -emulator ../cloud-tasks-emulator mine=127.0.0.1:8123
//
// compares sluice, sluice --data, that emulator, and whoever listens at the addresses given: how
// fast tasks are created over gRPC, how fast they are sent, and both at once.
//
//  1. tasks.go reads the flags and takes the samples, round by round, each of a peer started
//     afresh (tasks_peer.go). It also measures what one synced write takes here.
//  2. tasks_load.go is the role that makes the queues and goes through the phases, tasks_target.go
//     where the tasks go: it counts each of them once.
//  3. tasks_report.go prints medians, and ratios to the last peer with their ranges.
//
// The emulator keeps tasks in memory only. sluice without --data does as well; with --data each
// creation and each outcome is on disk before it counts, so that ratio is the price of that.
//
// Linux only, loopback only.
package main
