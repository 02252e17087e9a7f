package cases_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"sluice/internal/cases"
)

// odd is a failure with everything that the formats must escape.
var odd = &cases.Result{File: "a,b/c:d.case", Failures: []cases.Failure{{
	File: "a,b/c:d.case", Line: 7, Exchange: 1, Section: "response",
	Want: "100%\r\n<b>", Got: "]]>\x00\x1b\xff\n::error::x", Why: "step S ran last", Place: "x.xml:3",
}}}

func TestGitHubReportEscapes(t *testing.T) {
	var b strings.Builder
	g := cases.GitHubReport{W: &b}
	if err := g.Case(odd); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb/c%3Ad.case,line=7,title=c%3Ad%3A exchange 1%2C response::" +
		"want 100%25%0D%0A<b>%0Agot  ]]>\x00\x1b\xff%0A::error::x%0Awhy  step S ran last, x.xml:3\n"
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
}

func TestJUnitReportIsWellFormed(t *testing.T) {
	var b strings.Builder
	j := cases.JUnitReport{W: &b}
	for _, err := range []error{j.Case(odd), j.End(cases.Totals{Failed: 1})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var read struct {
		Failures int `xml:"failures,attr"`
		Cases    []struct {
			File    string `xml:"file,attr"`
			Failure string `xml:"failure"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal([]byte(b.String()), &read); err != nil {
		t.Fatalf("%v:\n%s", err, b.String())
	}
	if read.Failures != 1 || len(read.Cases) != 1 || read.Cases[0].File != "a,b/c:d.case" || !strings.Contains(read.Cases[0].Failure, "]]>\ufffd\ufffd\ufffd") {
		t.Errorf("got %+v", read)
	}
}

// TestManySkippedFlowsAreCounted holds that a report stays short when a proxy has
// many flows.
func TestManySkippedFlowsAreCounted(t *testing.T) {
	trace := &cases.Trace{Exchange: 1, Request: "GET / HTTP/1.1", Events: []*cases.Event{{Kind: cases.PhaseEvent, Name: "proxy request"}}}
	for range 40 {
		trace.Events = append(trace.Events, &cases.Event{Kind: cases.FlowEvent, Depth: 1, Name: "f", Outcome: cases.Skipped, Condition: "a = b"})
	}
	r := &cases.Result{File: "x.case", Failures: []cases.Failure{{File: "x.case", Exchange: 1}}, Traces: []*cases.Trace{trace}}
	text := r.String()
	if n := strings.Count(text, "not run"); n != 6 || strings.Count(text, "more flows") != 1 {
		t.Errorf("got\n%s", text)
	}
	r.Verbose = true
	if n := strings.Count(r.String(), "not run"); n != 40 {
		t.Errorf("%d flows with Verbose", n)
	}
}
