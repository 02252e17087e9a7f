// Package graphql reads GraphQL requests and holds them against schemas, for the
// policy GraphQL.
//
//  1. [Query] takes the text of a request out of a JSON payload (payload.go).
//  2. [Parse] makes a [Document] of it and measures it (parse.go, measure.go): depth and
//     fragments, which the policy limits, and the work that validating it would be.
//  3. [CompileSchema] reads a schema, at deploy; [Schema.Validate] holds documents against
//     it with the rules of the GraphQL specification (schema.go).
//  4. [Document.Variable] finds one of the flow variables that Apigee makes of a request,
//     [Document.Variables] gives them all (variables.go, print.go). Nothing is made of the
//     document until somebody asks.
//
// The parser and the rules are those of gqlparser, the library of gqlgen. What it has no
// limits for is bounded here, before it begins.
//
// # What bounds it
//
// A document has at most [MaxBytes], [MaxTokens] and [MaxDepth], the
// defaults of graphql-java, the library that the variables' values show Apigee to use.
// Fragments that spread each other in a circle are refused, also without a schema. Two
// rules cost more than the document's size: those that follow fragments, once for each
// definition, and the one that compares fields of one name with each other. So validation
// refuses documents of more than [MaxVisits] or [MaxPairs]. Suggestions of near names are
// off: they cost most for what is most wrong, and tell what the schema has.
package graphql
