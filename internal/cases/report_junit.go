package cases

import (
	"encoding/xml"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
)

// JUnitReport writes the XML that build servers read: a suite for each folder, a
// test case for each file.
type JUnitReport struct {
	W      io.Writer
	suites []*junitSuite
}

type junitSuites struct {
	XMLName  xml.Name      `xml:"testsuites"`
	Tests    int           `xml:"tests,attr"`
	Failures int           `xml:"failures,attr"`
	Time     string        `xml:"time,attr"`
	Suites   []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
	seconds  float64
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Output  *junitText    `xml:"system-out"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",cdata"`
}

type junitText struct {
	Text string `xml:",cdata"`
}

// Case adds the case to the suite of its folder; those of one folder come one
// after another.
func (j *JUnitReport) Case(r *Result) error {
	dir := filepath.ToSlash(filepath.Dir(r.File))
	if n := len(j.suites); n == 0 || j.suites[n-1].Name != dir {
		j.suites = append(j.suites, &junitSuite{Name: dir})
	}
	s := j.suites[len(j.suites)-1]
	c := junitCase{Name: junitName(r), Class: dir, File: r.File, Time: seconds(r.Seconds)}
	switch {
	case !r.Passed:
		f := &r.Failures[0]
		c.Failure = &junitFailure{Message: f.What() + ": " + oneLine(f), Type: f.Section, Text: plain(r)}
		s.Failures++
	case r.Verbose:
		c.Output = &junitText{plain(r)}
	}
	s.Tests++
	s.seconds += r.Seconds
	s.Time = seconds(s.seconds)
	s.Cases = append(s.Cases, c)
	return nil
}

// junitName is the name of a test in its suite.
func junitName(r *Result) string {
	name := strings.TrimSuffix(filepath.Base(r.File), extension)
	if r.Line == 0 {
		return name
	}
	return strings.TrimSpace(fmt.Sprintf("%s:%d %s", name, r.Line, r.Name))
}

// plain is the report of a case, as far as a CDATA section can hold it: it has no
// escapes, and XML has no control characters.
func plain(r *Result) string {
	return "\n" + strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0xFFFE || c == 0xFFFF {
			return '\uFFFD'
		}
		return c
	}, r.String()) + "\n"
}

// oneLine says what differs.
func oneLine(f *Failure) string {
	got, _, _ := strings.Cut(f.Got, "\n")
	if f.Want == "" {
		return "got " + got
	}
	want, _, _ := strings.Cut(f.Want, "\n")
	return "want " + want + ", got " + got
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// End writes all. What XML cannot hold becomes U+FFFD.
func (j *JUnitReport) End(t Totals) error {
	if _, err := io.WriteString(j.W, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(j.W)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Tests: t.Passed + t.Failed, Failures: t.Failed, Time: seconds(t.Seconds), Suites: j.suites}); err != nil {
		return err
	}
	_, err := io.WriteString(j.W, "\n")
	return err
}
