package flow

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	"sluice/internal/javaregex"
)

var textFunctions = []templateFunction{
	{name: "encodeBase64", min: 1, max: 1, run: ofText(encodeBase64)},
	{name: "decodeBase64", min: 1, max: 1, run: ofText(decodeBase64OrEmpty)},
	{name: "toUpperCase", min: 1, max: 1, run: ofText(toUpperCase)},
	{name: "toLowerCase", min: 1, max: 1, run: ofText(toLowerCase)},
	{name: "substring", min: 2, max: 3, check: checkIndexes, run: runSubstring},
	{name: "replaceAll", min: 3, max: 3, check: compilesArgument(1, compileTemplateRegex), run: runReplace((*javaregex.Regexp).ReplaceAll)},
	{name: "replaceFirst", min: 3, max: 3, check: compilesArgument(1, compileTemplateRegex), run: runReplace((*javaregex.Regexp).ReplaceFirst)},
	{name: "firstnonnull", min: 1, max: manyArguments, dropsNull: true, run: runFirstNonNull},
}

func encodeBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// decodeBase64OrEmpty returns the empty string for text that is not base64, such
// as base64url (documented). Bytes that are not UTF-8 are kept; Java would put
// U+FFFD there.
func decodeBase64OrEmpty(s string) string {
	b, ok := decodeBase64(s)
	if !ok {
		return ""
	}
	return string(b)
}

// toUpperCase and toLowerCase map as Java does, one character to several where
// Unicode says so (ß to SS), which package strings does not.
func toUpperCase(s string) string {
	if isASCIIText(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func toLowerCase(s string) string {
	if isASCIIText(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func isASCIIText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// runSubstring is substring(text,start[,end]). Negative indexes count from the
// end. Indexes beyond the text are taken as its ends, and an end before the start
// gives the empty string: bundles cut texts of unknown length this way.
func runSubstring(dst []byte, _ *templateCall, args []string) ([]byte, error) {
	s := args[0]
	length := utf16Length(s)
	start, err := textIndex(args[1], length)
	if err != nil {
		return dst, err
	}
	end := length
	if len(args) > 2 {
		if end, err = textIndex(args[2], length); err != nil {
			return dst, err
		}
	}
	if start >= end {
		return dst, nil
	}
	if length == len(s) {
		return append(dst, s[start:end]...), nil
	}
	return append(dst, s[utf16Offset(s, start):utf16Offset(s, end)]...), nil
}

func checkIndexes(c *templateCall) error {
	for i := 1; i < len(c.args); i++ {
		if text, fixed := c.args[i].literal(); fixed {
			if _, err := textIndex(text, 0); err != nil {
				return &argumentError{i, err}
			}
		}
	}
	return nil
}

// textIndex reads an index into a text of that length, and brings it into 0 to
// length.
func textIndex(text string, length int) (int, error) {
	i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("index %q is not a whole number", shortened(text))
	}
	if i < 0 {
		i += int64(length)
	}
	return int(min(max(i, 0), int64(length))), nil
}

// utf16Length is the length of s in Java.
func utf16Length(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i, n = i+1, n+1
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		i, n = i+size, n+utf16.RuneLen(r)
	}
	return n
}

// utf16Offset is where in s the Java index lies, in bytes. Within a surrogate
// pair it is the pair's end.
func utf16Offset(s string, index int) int {
	n := 0
	for i, r := range s {
		if n >= index {
			return i
		}
		n += utf16.RuneLen(r)
	}
	return len(s)
}

func compileTemplateRegex(pattern string) (*javaregex.Regexp, error) {
	return javaregex.Compile(pattern, javaregex.Options{})
}

// runReplace makes the run of replaceAll(text,regex,value) and replaceFirst.
func runReplace(replace func(*javaregex.Regexp, string, string) (string, error)) func([]byte, *templateCall, []string) ([]byte, error) {
	return func(dst []byte, c *templateCall, args []string) ([]byte, error) {
		re, err := compiled(c, args[1], compileTemplateRegex)
		if err != nil {
			return dst, err
		}
		s, err := replace(re, args[0], args[2])
		return append(dst, s...), err
	}
}

// runFirstNonNull gets the arguments that resolve, so the first one counts.
// "null" for none is documented.
func runFirstNonNull(dst []byte, _ *templateCall, args []string) ([]byte, error) {
	if len(args) == 0 {
		return append(dst, "null"...), nil
	}
	return append(dst, args[0]...), nil
}

// shortened cuts a text for an error message.
func shortened(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}
