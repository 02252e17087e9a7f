package script

import (
	"regexp"
	"strings"
)

// Rhino, Apigee's engine, reads a dialect of its own: ECMAScript 5 with parts of 6,
// and E4X. Of 1,388 public scripts 11 do not compile as standard ECMAScript, seven for
// "for each" or E4X. No Go library translates it; these few lines do for the two
// forms that need no meaning of their own.

// eachValue is the function that "for each" becomes a call of.
const eachValue = "__eachValue"

var (
	forEach   = regexp.MustCompile(`\bfor(\s+)each(\s*)\(`)
	forEachIn = regexp.MustCompile(`^\s*(?:(?:var|let|const)\s+)?[\w$]+(\s+in\s)`)
	attribute = regexp.MustCompile(`\.@([\p{L}_$][\w$]*)`)
	xmlStart  = regexp.MustCompile(`(?:[=(,:?]|return)\s*<>?[A-Za-z>{]`)
)

// standard rewrites "for each (x in y)" as a for-of loop and "x.@name" as
// x["@name"], on the same lines. ok is false when there is neither. It is tried only
// on a script that does not parse, and counts only if its result does; a text in
// quotes that looks so would be changed too.
func standard(text string) (rewritten string, ok bool) {
	rewritten = attribute.ReplaceAllString(text, `["@$1"]`)
	for {
		at := forEach.FindStringSubmatchIndex(rewritten)
		if at == nil {
			return rewritten, rewritten != text
		}
		loop, ok := forOf(rewritten[at[1]:])
		if !ok {
			return text, false
		}
		rewritten = rewritten[:at[0]] + "for" + rewritten[at[2]:at[3]] + rewritten[at[4]:at[5]] + "(" + loop
	}
}

// forOf rewrites the head of a loop: "var x in y) ..." from behind the bracket on.
func forOf(text string) (string, bool) {
	in := forEachIn.FindStringSubmatchIndex(text)
	end := closing(text)
	if in == nil || end < in[3] {
		return "", false
	}
	return text[:in[2]] + " of " + eachValue + "(" + text[in[3]:end] + ")" + text[end:], true
}

// closing is the place of the bracket that closes an open one before text, or -1.
func closing(text string) int {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		case '\n':
			return -1 // the head of a loop stands on one line
		}
	}
	return -1
}

// rhinoHint explains a line that Rhino may have read.
func rhinoHint(line string) string {
	switch {
	case strings.Contains(line, "each"):
		return "\"for each\" of Rhino is read only as for each (var x in y) on one line: write for (var key in y)"
	case xmlStart.MatchString(line):
		return "XML literals (E4X of Rhino) are not available: write the XML as a text, and read it with asXML"
	case strings.Contains(line, "return"):
		return "return is only possible inside a function"
	case strings.Contains(line, ".@") || strings.Contains(line, "::") || strings.Contains(line, "..("):
		return "E4X of Rhino is available for reading elements and attributes only: body.asXML.item.@name"
	}
	return ""
}

// javaNames are globals by which Rhino's scripts reach Java classes. They are not
// defined, so that scripts which ask "typeof java" find that out.
var javaNames = []string{"java", "javax", "Packages", "importPackage", "importClass", "JavaImporter", "JavaAdapter", "Java"}

var javaUse = regexp.MustCompile(`(?:^|[^\w$.'"])(?:javax?\s*\.\s*[a-z]|Packages\s*\.|importPackage\s*\(|importClass\s*\(|JavaImporter\s*\()`)

// UsesJava reports whether the script seems to reach for Java classes, so that its
// author can be told before a request fails.
func UsesJava(text string) bool { return javaUse.MatchString(text) }
