// Package oas holds messages against OpenAPI descriptions, for OASValidation, and
// bodies against JSON schemas, for the steps of features.
//
// The way of a description, once, at deploy:
//
//  1. [Parse] reads YAML or JSON with kin-openapi, the library of standing, which
//     also follows $ref; files that it names come from the bundle and from nowhere
//     else (spec.go).
//  2. lower.go writes the schemas of OpenAPI 3.0 as those of JSON Schema draft 4,
//     and those of 3.1, which are JSON Schema 2020-12 already, nearly as they are;
//     once for requests and once for responses, where readOnly and writeOnly differ.
//  3. schema.go compiles each schema that a message can meet, with
//     santhosh-tekuri/jsonschema. Not with kin-openapi, which converts and compiles
//     those of 3.1 anew for each value, and gives its own sentences as text only.
//  4. paths.go and operation.go make the table of paths and operations.
//
// The way of a message: [Spec.Request] and [Spec.Response] find the operation,
// read parameters in their styles (style.go), decode the body, and give all
// [Problems]. Nothing is parsed, cloned or compiled.
//
// # What bounds it
//
// Schemas that refer to themselves, and alternatives within alternatives, can cost
// a multiple of the message's size, backtracking patterns any time. Such schemas
// run against a meter (meter.go) that ends the validation, and so does a pattern
// that takes too long. Patterns run in linear time where they can (pattern.go);
// those that a client writes, for the format regex, are short and flat (regex.go).
// That items are unique is told by their digests, not by pairs (unique.go). Numbers
// with thousands of digits are refused (number.go), and descriptions nested hundreds
// of levels deep (depth.go).
//
// Sentences are made of no more problems than are shown, and show no more than the
// beginning of a place or value (text.go). Of a body with very many values, or many
// very deep ones, only that there are problems is told (body.go).
//
// # Whose sentences
//
// Apigee's fault string shows what com.atlassian.oai.validator and
// com.github.fge.jsonschema print ("[ERROR - No API path found that matches
// request '/t1'.: []]", observed); the sentences here (sentence.go) are theirs as far
// as they are public. Where they name no parameter, the brackets at the end do.
//
// # Readings
//
// The page of Apigee's policy says that the path without the base path is looked
// for, that the description's servers do not count, and that bodies which are not
// JSON pass. Beyond that:
//
//   - no Content-Type is no problem, as in the validator's versions of that time.
//     Its body is not looked into there; here it is if the description lists only
//     types of JSON, or leaving out a header would pass any body. The validator
//     looked at Accept too, which the page does not mention: here Accept is free;
//   - members that a schema does not name are allowed, as OpenAPI has it. The
//     validator forbids them unless it is told otherwise, and it is not known what
//     Apigee tells it;
//   - API keys that a security requirement asks for must be there, and other
//     schemes are passed over: recalled from the page's table of features;
//   - bodies of forms are looked into, which that table says and the text does not.
//
// Not done: bodies of XML and multipart, which Apigee does not look into either;
// the encoding object; a discriminator in a parent schema that nothing lists in
// oneOf or anyOf.
package oas
