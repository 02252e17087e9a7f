// Package xpath evaluates XPath 1.0 on XML documents, for ExtractVariables, RegularExpressionProtection and the template function
// xpath(), and is what package xslt stands on.
//
//  1. [Compile] (lex.go, parse.go, pathparse.go) turns the text into a tree of expressions, once, at deploy. XPath 1.0 is statically typed
//     as long as there are no variables, so the kind of the result is known by then ([Expr.Kind]).
//  2. [ParseDocument] (document.go) reads XML into the tree of the XPath data model: no DTD, no entities beyond the five, no
//     network.
//  3. [Expr.Eval] walks axes (axis.go), location paths (path.go), operators (operator.go) and functions (function.go).
//  4. [Result] gives string, number, boolean, or XML text (serialize.go).
//  5. [CompileIn] and [Expr.EvalIn] (scope.go) are the same for a host language, XSLT: with variables and functions of the host, a
//     context node, a bound on the work of many evaluations together (work.go), and on request the parts of XPath 2.0 that
//     stylesheets use (extended.go, functions_extended.go). [CompilePattern] reads the patterns of its rules, [Maker] makes
//     trees.
//
// Why not a library: github.com/antchfx/xpath, the only one of standing, disagrees with the JDK on 9 of 79 expressions (prefix:*,
// text in CDATA, the document node, ...), ignores what follows a complete expression, keeps evaluation state in the compiled
// expression (so that two requests must not share one), panics, and bounds no work; its XML tree loses prefixes and white
// space. The recommendation of 1999 that it implements has not moved since, so neither will this package.
//
// Compared with javax.xml.xpath of JDK 17, testdata/jdk.txt. Absent: variables and extension functions (refused by Compile),
// id() (selects nothing, as without a DTD). Apigee's documentation calls the axes parent,
// ancestor, following and preceding unsupported in ExtractVariables; here they work.
package xpath
