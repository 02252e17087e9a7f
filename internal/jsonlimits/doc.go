// Package jsonlimits checks JSON against structural limits, for JSONThreatProtection, without building a tree.
//
//  1. [Check] takes a pooled scanner (scan.go), which reads token by token and ends at the first limit that is exceeded:
//     its only memory is a stack of as many entries as containers are open.
//  2. What is wrong is an [*ExceededError] or, where the text is not JSON, a [*SyntaxError], whose words are found in
//     expecting.go. Both know the line; neither quotes the text.
//
// The tokens come from jsontext, as in ordjson: it becomes encoding/json/jsontext in a later Go. Duplicate member names and
// invalid UTF-8 are accepted, as by Java's lax readers.
package jsonlimits
