// Package script runs the scripts of Apigee's Javascript policy. It knows Apigee's
// object model (the page "JavaScript object model") and nothing of the runtime: what
// a script reads, changes and calls it reaches through an Env.
//
//  1. Compile (program.go) parses the included files and the main one, at deploy;
//     rhino.go turns the two forms of Rhino's E4X that are mere spelling into
//     standard ones, and explains the others.
//  2. Program.Run (run.go) executes them in a new virtual machine, so that nothing of
//     one request is left for another: a check that a used machine is clean would
//     cost more than the 15 microseconds that a new one does, and could not be complete.
//  3. globals.go binds the globals. context.go, message.go, fields.go, text.go,
//     xml.go, list.go, httpclient.go and crypto.go are the objects. All are made when
//     a script first asks for them (host.go).
//  4. What went wrong is a *Failure (failure.go), worded as Rhino words it.
//
// # Bounds
//
// A script is a part of a bundle, and so as trusted as its author, but what it works
// on comes from clients. watch.go interrupts it when its time is over, when the request
// has ended, and when the live heap of the process has grown by much while it ran. The depth of
// calls, the output of print, the calls and the size of what is compiled at run time
// are bounded, backtracking regular expressions have a time limit, and guard.go keeps
// the built-in functions that a number or text of a client can make huge (JSON.parse
// of deep nesting, repeat, Array(n), eval) within bounds.
//
// The engine cannot interrupt one native operation, and has no account of memory per
// script. So an author who means harm can still exhaust the process: with
// JSON.stringify of an object that a loop has nested a million levels deep, say, with
// a replace whose result is the product of two long texts, or with a power of
// BigInts; and compiling can take a time that grows with the square of the code.
// Bundles of strangers belong into a process of their own.
//
// # Known differences from Apigee's Rhino
//
//   - E4X literals and operators are refused; asXML gives an object that reads, and
//     cannot change, the document;
//   - Java classes are not there: using one is a security failure;
//   - eval sees the global scope only;
//   - an error's text names no object that lacks a function ("Cannot find function
//     f in object 100" in Rhino): the engine does not tell which it is.
package script
