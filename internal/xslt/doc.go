// Package xslt transforms XML with XSLT 1.0 stylesheets, for the policy XSL.
//
//  1. [Compile] (compile.go) turns a stylesheet into rules, instructions and expressions, once, at deploy. It goes on after an
//     error and tells all of them with their lines. body.go knows the instructions; template.go, instructions.go, nodes.go,
//     number.go, sort.go, group.go, analyze.go and function.go hold them, each with the function that reads its element and the one that carries it out.
//  2. [Stylesheet.Transform] (run.go) walks the source and makes the result tree (tree.go), all in one goroutine, within
//     [MaxWork], [MaxDepth] and [MaxOutput], until its context ends. A run keeps all that changes, so that runs share a
//     stylesheet without locks.
//  3. The result is written as XML, HTML or text (serialize.go) as xsl:output (output.go) says.
//
// Expressions, patterns and trees are those of package xpath; functions.go, formatnumber.go, key.go and dates.go hold what XSLT
// adds to its functions. A tree that a variable holds is a node-set, as in XSLT 2.0 and as with exsl:node-set().
//
// Why not a library: there is none for Go. What exists binds libxslt through cgo, which would end static builds and takes no
// bounds on work; of the engines for JavaScript one is LGPL and incomplete, the other is no open source.
//
// XSLT 1.0 is complete but for xsl:include and xsl:import, which Apigee refuses, documents other than the source and the
// stylesheet, id(), and lang in xsl:sort and xsl:number. Of 2.0 there is what stylesheets of public bundles use. A stylesheet of a later version is read as section 2.5 of the recommendation asks: what is not known is a warning, and fails
// only where it is reached.
//
// Where the recommendation leaves a choice the package does as Saxon does, which Apigee is remembered to run. In one point it
// keeps to the recommendation of 1.0: numbers from a million on are written without an exponent, where Saxon writes 1.0E6.
package xslt
