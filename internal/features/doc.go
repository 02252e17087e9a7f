// Package features runs the Gherkin features that users test their API proxies
// with: those of apickli, a library of step definitions for cucumber-js. Neither
// Node.js nor apickli is needed, and no JavaScript is run.
//
// The life of a run:
//
//  1. Find reads the *.feature files below a folder, in the order of their names
//     (find.go). Parse makes Scenarios of one: the rows of Examples and the steps
//     of a Background are filled in (parse.go, outline.go). Select keeps those
//     that a tag expression and a name ask for (tags.go, find.go).
//  2. ReadConfig reads what JavaScript support code tells apickli otherwise: base
//     path, fixtures, variables, headers (config.go).
//  3. Suite.Run calls its Deploy once and runs the scenarios one after another
//     against what is served, as cucumber-js does: later scenarios rely on the
//     quota that earlier ones used up, and on variables of global scope (suite.go,
//     scenario.go).
//  4. Each step is matched against the definitions of apickli (definition.go,
//     steps_request.go, steps_response.go, steps_schema.go, steps_variables.go),
//     which act on the session of the scenario (session.go, send.go, variables.go,
//     path.go, expression.go). A step that none of them matches is undefined, and
//     fails the scenario.
//  5. What came of a scenario is a cases.Result, so that the reports of cases show
//     it, with the way of each request through the flows.
//
// # Where apickli is followed, and where not
//
// The definitions are those of apickli 3.0.3 (apickli-gherkin.js, apickli.js): the
// same patterns, what is replaced in them, the same requests. Values are compared
// as JavaScript does it, as text: null is "null", an array its items with commas.
// A variable that is not set becomes "undefined", which the result notes.
//
// Differences:
//
//   - answers with Content-Encoding gzip are unpacked, as apickli does when its
//     httpRequestOptions say gzip: true;
//   - redirects are not followed (apickli does for OPTIONS);
//   - the attributes of a cookie are not looked at;
//   - a body is valid XML when it is well-formed (xmldom accepts more), an XPath
//     gives the whole text of its first node (apickli: of the node's first child),
//     and a path that cannot be read is an error (apickli: null);
//   - the steps about client TLS, schema files and OpenAPI descriptions are known
//     and fail as unsupported.
package features
