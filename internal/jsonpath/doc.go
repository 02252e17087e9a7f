// Package jsonpath evaluates JSONPath as Apigee does, that is, as the Java library Jayway JsonPath does, over [ordjson]
// trees.
//
//  1. [Compile] (parse.go; filterparse.go for what stands in ?(...)) turns the text into a chain of steps, once, at deploy.
//  2. [Path.Eval] (path.go) hands a set of nodes from step to step, starting with the root. The steps are in step.go, and one
//     each in scan.go (..), filter.go with operator.go and value.go (?(...)), and function.go (length(), sum(), ...).
//  3. A path is definite when no step can select several nodes: then the result is one node or [ErrNotFound]. Any other path
//     yields a list, which callers show as a JSON array ([Path.Value] does both).
//
// Why not a library: of 44 Jayway expressions the best Go libraries get 31 right, refuse paths that real bundles use ($.a.[0]),
// lose member order, and bound neither work nor depth. Apigee does not say which version of Jayway it runs; this package
// follows the source of version 2.9, and was compared with it. Deliberate differences, all where Jayway is in error:
//
//   - $. and $.. mean $, as Apigee Edge accepts;
//   - conditions need no space around && and ||, and any white space counts as space;
//   - max() works with negative numbers only, last() with a single item, all with a literal list;
//   - $..[*].a and $..[0].a select what they say (Jayway 2.9 drops results below arrays);
//   - a regular expression (=~) has Go's syntax, which is linear in time, not Java's: no look-around, no back-references;
//   - numbers are compared by their full decimal value, and keep their text.
//
// Work is bounded: nesting and length of a path at Compile, visited nodes at Eval ([ErrTooMuchWork]).
package jsonpath
