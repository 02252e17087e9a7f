// Package matrix answers, for a whole API proxy: which fault is handled by which
// rule? It puts every documented fault into every attached step, every target and
// every route, and looks at what the client would get.
//
// The path through it:
//
//  1. Load compiles the bundles with a probe in the place of every attached policy
//     (load.go, probe.go). Each proxy is alone, so that base paths do not clash.
//  2. rows walks the endpoints from the first flow to the last and makes a row of
//     each step: the faults that it can raise (faults.go), the flow in which it is
//     certain to be reached, its conditions forced (rows.go, plan.go, request.go),
//     or the reason why no request can reach it (reach.go). EventFlow and
//     PostClientFlow have rows too (rows_around.go), and so have the steps of the
//     fault rules: a fault while another is handled (rows_rules.go).
//  3. Run rehearses each cell on an exchange of its own, in process: no sockets,
//     no clock (rehearse.go). Outside the fault rules only policies that set
//     variables run; inside them those that change nothing but the exchange. The
//     cells of fault rules come last, since each needs another fault that leads to
//     its step: one that was seen to, or else any, with the rule forced.
//  4. A recorder, the tracer of the exchange, notes what the rules looked at and
//     did (story.go, record.go, tried.go); judge makes the cell of it (judge.go, cell.go).
//  5. WriteText, WriteJSON and WriteHTML show the matrix (text.go, letters.go,
//     html.go, page/); Find and Explain show one cell (select.go, explain.go);
//     Gate fails a build over some (gate.go).
//
// The words: a row is a place where something can fail, a cell is one fault at
// that place. A cell leaks when the client gets the platform's own envelope with
// the fault's code in it; it leaks again when that is a fault in a fault rule, and
// the cell is about just that; it faults again when a policy of the fault rules
// fails of its own; it is unhandled when no rule ran at all; it is unseen when the
// client has its whole answer already.
package matrix
