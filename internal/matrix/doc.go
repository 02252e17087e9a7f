// Package matrix answers, for a whole API proxy: which fault is handled by which
// rule? It puts every documented fault into every attached step, every target and
// every route, and looks at what the client would get.
//
// The path through it:
//
//  1. Load compiles the bundles with a probe in the place of every attached policy
//     (load.go, probe.go).
//  2. rows walks the endpoints from the first flow to the last and makes a row of
//     each step: the faults that it can raise (faults.go), the flow in which it is
//     certain to be reached, its conditions forced (rows.go, plan.go, request.go),
//     or the reason why no request can reach it (reach.go).
//  3. Run rehearses each cell on an exchange of its own, in process: no sockets,
//     no clock (rehearse.go). Outside the fault rules only policies that set
//     variables run; inside them those that change nothing but the exchange.
//  4. A recorder, the tracer of the exchange, notes what the rules looked at and
//     did (record.go); judge makes the cell of it (cell.go).
//  5. WriteText, WriteJSON and WriteHTML show the matrix; Gate fails a build
//     over it (text.go, html.go, gate.go).
//
// The words: a row is a place where something can fail, a cell is one fault at
// that place. A cell leaks when the client gets the platform's own envelope with
// the fault's code in it; it faults again when a policy of the fault rules fails;
// it is unhandled when no rule ran at all.
package matrix
