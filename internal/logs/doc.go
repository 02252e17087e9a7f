// Package logs brings what policies log to where it is kept: messages of MessageLogging
// to syslog servers, files and Cloud Logging, and what DataCapture captured to the file
// of analytics.
//
//	Service.Syslog, File, Cloud, Record -> Service.put -> destination (queue.go)
//	one goroutine per destination -> sink: syslog.go file.go cloud.go
//
// A destination keeps what waits for it in memory, at most maxPending messages and
// maxPendingBytes. What comes above that is dropped, counted, and told to the operator
// when it begins and when it is over. Its goroutine writes in batches, tries again later
// and later while that fails, and ends when nothing came for idleAfter; connection and
// file are closed then, so that a deployment that is gone leaves nothing behind.
// Service.Close writes what waits, within a bound.
//
// Not log/syslog of the standard library: it is frozen, speaks to one server in the
// format of RFC 3164, knows no TLS and waits for the network in each call.
package logs
