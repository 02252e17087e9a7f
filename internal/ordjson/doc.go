// Package ordjson is a JSON tree that keeps what Apigee's policies show to users: the order of members and the text of
// numbers.
//
//  1. [Parse] reads bytes into a tree of [Node], or fails with a [SyntaxError] that knows line and column.
//  2. Accessors ([Node.Get], [Node.At], [Node.Members]) read the tree; builders ([NewObject], [Node.Set]) make or change one.
//  3. [Append] writes it back, compactly.
//
// encoding/json's map[string]any loses member order and turns 1.10 into 1.1, which shows in JSONToXML, in ExtractVariables
// and in JSONPath over objects. The scanner beneath is jsontext: it becomes encoding/json/jsontext in a later Go, and no
// caller sees it. No library offered an order-keeping tree with bounds on depth and size, hence this small one.
//
// Like Java's lax readers, and unlike jsontext's defaults, duplicate member names and invalid UTF-8 are accepted.
package ordjson
