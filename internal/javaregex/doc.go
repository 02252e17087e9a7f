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
// exact: it can express everything Java can, but backtracks). Two constructs of a
// linear pattern, a final $ and \b, mean the same to package regexp only for some
// inputs: inputs that do not end in a line terminator and ASCII inputs. For other
// inputs the exact engine answers, under its time limit. See node.caveats.
//
// Known differences from Java:
//   - \N{name} and \b{g} are refused;
//   - \p{..} follows the Unicode version of the Go toolchain, not of the JDK;
//   - (?i) before a backreference folds all of Unicode, not ASCII only;
//   - lookbehind may be unbounded, where Java refuses some such patterns.
package javaregex
