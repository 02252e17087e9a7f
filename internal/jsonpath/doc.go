// Package jsonpath evaluates JSONPath as Apigee does, that is, as the Java library Jayway JsonPath does, over [ordjson]
// trees.
//
//  1. [Compile] (parse.go; filterparse.go and literal.go for what stands in ?(...)) turns the text into a chain of steps, once, at deploy.
//  2. [Path.Eval] (path.go) hands a set of nodes from step to step, starting with the root. The steps are in step.go, and one
//     each in scan.go (..), filter.go with operator.go and decimal.go (?(...)), and function.go (length(), sum(), ...).
//  3. A path is definite when no step can select several nodes: then the result is one node or [ErrNotFound]. Any other path
//     yields a list, which callers show as a JSON array ([Path.Value] does both).
//
// Why not a library: of 44 Jayway expressions the best Go libraries get 31 right, refuse paths that real bundles use ($.a.[0]),
// lose member order, and bound neither work nor depth.
//
// Apigee does not say which version of Jayway it runs. This package follows the current source (json-path/JsonPath, February
// 2026); testdata/jayway.txt holds that library's answers. Where it is plainly in error, this package is not:
//
//   - $. and $.. mean $, as Apigee Edge accepts;
//   - blank space around a path, and any white space within a filter, does not count; && and || need none around them;
//   - $..[*].a, $..[0].a, $..['a','b'].c and $..[?(...)].a select what they say (below arrays Jayway loses or repeats results);
//   - ?($.a) looks from the root of the document (Jayway: from the item, unless the path is compared with something);
//   - max() works with negative numbers only, last() with a single item, all with a literal list, length($.a) at all, and
//     append() does not change the document;
//   - an unknown function, or text that follows a bracket without a dot, is refused at Compile;
//   - a filter on a string or number, where it is the document's fault, is ErrNotFound, not a fault of its own;
//   - a regular expression (=~) has Go's syntax, which is linear in time, not Java's: no look-around, no back-references, no
//     flag x;
//   - numbers are compared by their full decimal value, and keep their text.
//
// Work is bounded: nesting and length of a path at Compile, visited nodes at Eval ([ErrTooMuchWork]).
package jsonpath
