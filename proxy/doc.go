// Package proxy is the HTTP machine: bundle in, bytes out.
//
// The life of a deployment:
//
//  1. Find reads folders and zips into Bundles: named bytes (bundle.go).
//  2. parse turns the XML into a model: plain structs, order kept (parse.go, xml.go).
//  3. Compiler makes a Deployment of the model with the Registry and the
//     Environment, or every problem found (compile*.go). XML ends here.
//     attachments.go looks at where a policy is attached.
//  4. NewSnapshot links deployments and shared flows; Snapshot.Prepare does what
//     policies want done before the first request (deployed.go); Table.Swap puts
//     the snapshot in place as a whole (table.go).
//
// The life of a request:
//
//  1. A wire engine makes a flow.Message of it (listen.go, listen_h2.go).
//  2. Core resolves the path's dot segments (dot_segments.go), loads the snapshot
//     once, finds the Endpoint by base path, and takes a pooled session (serve.go).
//  3. run walks the phase table: proxy request, route, target request, call,
//     target response, proxy response (run.go). A fault is the only jump, and
//     it leads behind the table, to the rules of the endpoint it arose in
//     (fault_state.go). A response from a cache goes forward within the table
//     (served.go).
//  4. The answer is sent, its body streaming unless something held it. After
//     the last byte PostClientFlow runs beside the connection, which serves the
//     next request meanwhile (afterwards.go).
//
// HTTP lives behind two seams, so that a faster engine can replace one side
// without flow or policies noticing: answer (serve.go) towards the client,
// connection (target.go) towards the target.
package proxy
