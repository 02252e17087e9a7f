package flow

import (
	"fmt"
	"sort"
	"strings"
)

// Severity tells a problem that refuses a bundle from one that does not.
type Severity uint8

// The severities.
const (
	Warning Severity = iota
	Error
)

func (s Severity) String() string {
	if s == Error {
		return "error"
	}
	return "warning"
}

// Problem is something wrong with a bundle: where, what, and what to do next.
type Problem struct {
	Bundle   string `json:"bundle"`
	File     string `json:"file"`              // path inside the bundle
	Line     int    `json:"line,omitempty"`    // from 1; 0 when it concerns the whole file
	Column   int    `json:"column,omitempty"`  // from 1, in bytes
	Element  string `json:"element,omitempty"` // /AssignMessage/Set/Payload
	Severity string `json:"severity"`
	Code     string `json:"code"`    // deployment error name, Apigee's where it documents one
	Message  string `json:"message"` // one sentence
	Hint     string `json:"hint,omitempty"`
	Excerpt  string `json:"excerpt,omitempty"` // text with a caret under the place
}

// String prints the problem on one line, and below it the excerpt and the hint.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Place())
	fmt.Fprintf(&b, ": %s: %s [%s]", p.Severity, p.Message, p.Code)
	if p.Element != "" {
		fmt.Fprintf(&b, " at %s", p.Element)
	}
	if p.Excerpt != "" {
		b.WriteString("\n    " + strings.ReplaceAll(p.Excerpt, "\n", "\n    "))
	}
	if p.Hint != "" {
		b.WriteString("\n    hint: " + p.Hint)
	}
	return b.String()
}

// Place is "file:line:column", as far as it is known.
func (p Problem) Place() string {
	place := p.File
	if place == "" {
		place = p.Bundle
	}
	if p.Line > 0 {
		place += fmt.Sprintf(":%d:%d", p.Line, max(p.Column, 1))
	}
	return place
}

// Problems collects what is wrong with one bundle.
type Problems []Problem

// Refused reports whether there is an error among the problems.
func (ps Problems) Refused() bool {
	for i := range ps {
		if ps[i].Severity == Error.String() {
			return true
		}
	}
	return false
}

// Errors returns only the errors.
func (ps Problems) Errors() Problems {
	var list Problems
	for i := range ps {
		if ps[i].Severity == Error.String() {
			list = append(list, ps[i])
		}
	}
	return list
}

// Sort orders the problems by file, line and column.
func (ps Problems) Sort() {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := &ps[i], &ps[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}

// Error makes a refused list an error value.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i := range ps {
		lines[i] = ps[i].String()
	}
	return strings.Join(lines, "\n")
}
