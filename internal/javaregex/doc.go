// Package javaregex runs regular expressions written for java.util.regex, the
// dialect of the JavaRegex operator (~~), of ExtractVariables, of
// RegularExpressionProtection and of the replaceAll and replaceFirst template
// functions. Java 17 is the oracle: testdata/java17.tsv holds its answers.
//
// The path of a pattern:
//
//  1. lex.go resolves \Q..\E, parse.go, escape.go and class.go read the pattern
//     into nodes (node.go). Flags, character classes (set.go), properties
//     (property.go) and case folding are resolved here, so that nodes mean the
//     same whatever the engine: a class is a plain list of ranges.
//  2. node.go asks what the tree needs. Without lookaround, backreferences,
//     atomic or possessive parts it can run on package regexp in linear time.
//  3. emit.go writes the tree in the syntax of the chosen engine.
//  4. regexp.go matches, replace.go replaces.
//
// The engines are package regexp (called linear here) and dlclark/regexp2 (called
// exact: it can express everything Java can, but backtracks). Some linear patterns
// mean the same to package regexp for some inputs or questions only; for the others
// the exact engine answers, under its time limit. See caveats in node.go.
//
// Known differences from Java:
//   - \N{name}, \b{g} and (?c) are refused;
//   - \p{..} follows the Unicode version of the Go toolchain, not of the JDK;
//   - (?i) before a backreference folds all of Unicode, not ASCII only;
//   - lookbehind may be unbounded, where Java refuses some such patterns;
//   - names of Unicode blocks are compared without case, spaces, '_' and '-';
//   - a repeated \R may match one \r\n twice, which Java prevents;
//   - a group set in an alternative that then failed is unset, where Java may let it
//     keep its text for a later backreference;
//   - a lazy or possessive repetition of what may be empty can end a turn earlier or
//     later, and so leave other groups set;
//   - an empty match never falls inside a code point, where Java finds one between
//     two surrogates.
package javaregex
