package oas

import (
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a message.
type Problem struct {
	Message string
	Info    []string // what stands in the brackets after it
}

func (p Problem) String() string {
	return "ERROR - " + p.Message + ": [" + strings.Join(p.Info, ", ") + "]"
}

// Problems are all things that are wrong with a message; none for a good one.
type Problems []Problem

// String writes them as Apigee does: [ERROR - Sentence.: [], ERROR - Sentence: []].
func (ps Problems) String() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.String()
	}
	return "[" + strings.Join(texts, ", ") + "]"
}

// maxProblems bounds what a client is told at once.
const maxProblems = 50

func (ps *Problems) add(more ...Problem) { *ps = append(*ps, more...) }

// trimmed are the problems up to the bound, and how many there are beyond it.
func (ps Problems) trimmed() Problems {
	if len(ps) <= maxProblems {
		return ps
	}
	rest := Problem{Message: fmt.Sprintf("%d problems more", len(ps)-maxProblems)}
	return append(slices.Clip(ps[:maxProblems]), rest)
}

func problem(format string, args ...any) Problem {
	return Problem{Message: fmt.Sprintf(format, args...)}
}

// maxShown is how much is shown of a text that others wrote, in bytes.
const maxShown = 300

func shorten(s string) string {
	if len(s) <= maxShown {
		return s
	}
	return strings.ToValidUTF8(s[:maxShown], "") + "..."
}
