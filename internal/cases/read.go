package cases

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"sluice/internal/javaregex"
	"sluice/internal/orgdata"
	"sluice/internal/spelling"
)

// Read reads a *.case file. The error names every mistake in it, each as
// file:line and what to do.
func Read(file string) (*Case, error) {
	file = filepath.Clean(file)
	return read(file, &folder{dir: filepath.Dir(file)})
}

// maxFile bounds a case file.
const maxFile = 16 << 20

func read(file string, f *folder) (*Case, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: a case file holds at most %d MiB", file, maxFile>>20)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return parse(file, data, f)
}

// reader goes through the sections of a file and keeps what is wrong with them.
type reader struct {
	c     *Case
	clock time.Duration // waits for the next request
	open  *call         // may still get an answer
	errs  []error
}

func parse(file string, data []byte, f *folder) (*Case, error) {
	archive := txtar.Parse(data)
	r := &reader{c: &Case{File: file, Why: strings.TrimSpace(string(archive.Comment)), archive: archive, folder: f, config: defaults()}}
	line := 1 + bytes.Count(archive.Comment, []byte("\n"))
	for i, part := range archive.Files {
		name, flags, _ := strings.Cut(part.Name, " ")
		r.section(section{index: i, name: name, flags: strings.TrimSpace(flags), line: line + 1, text: string(part.Data)})
		line += 1 + bytes.Count(part.Data, []byte("\n"))
	}
	if len(r.c.exchanges) == 0 {
		r.fail(line, "the case has no request: add a section -- request --")
	}
	if r.clock != 0 {
		r.fail(line, "a clock section must be followed by a request: it moves the clock before it")
	}
	if len(r.errs) > 0 {
		return nil, errors.Join(r.errs...)
	}
	return r.c, nil
}

func (r *reader) fail(line int, format string, args ...any) {
	r.errs = append(r.errs, &Mistake{File: r.c.File, Line: line, Text: fmt.Sprintf(format, args...)})
}

// sections are the names of sections; files of test data are others.
var sections = []string{"config", "request", "target", "integration", "answer", "response", "json", "vars", "captured", "log", "clock"}

func (r *reader) section(s section) {
	open := r.open
	r.open = nil
	if s.flags != "" && (s.name != "target" && s.name != "integration" || s.flags != "async") {
		r.fail(s.line-1, "section %q: only target and integration take a word, which is async", s.name+" "+s.flags)
	}
	if r.stateFile(s) {
		return
	}
	switch s.name {
	case "config":
		if s.index > 0 {
			r.fail(s.line-1, "config must be the first section")
		}
		r.config(s)
	case "clock":
		r.move(s)
	case "request":
		r.request(s)
	case "target", "integration":
		r.call(s)
	case "answer":
		r.answer(s, open)
	case "response":
		r.response(s)
	case "json":
		r.json(s)
	case "vars", "captured":
		r.vars(s)
	case "log":
		r.log(s)
	default:
		r.unknown(s, open)
	}
}

// unknown is a section that does not exist. One whose name is nearly another's is
// read as that, so that no further mistakes come of it.
func (r *reader) unknown(s section, open *call) {
	meant := spelling.Nearest(s.name, append(slices.Clone(sections), orgdata.Files...), max(len(s.name)/3, 1))
	if meant == "" {
		r.fail(s.line-1, "there is no section %q: the sections are %s, and before the first request %s; see `sluice doc cases`",
			s.name, strings.Join(sections, ", "), strings.Join(orgdata.Files, ", "))
		return
	}
	r.fail(s.line-1, "there is no section %q: did you mean %s?", s.name, meant)
	s.name, r.open = meant, open
	r.section(s)
}

func (r *reader) move(s section) {
	text, ok := strings.CutPrefix(strings.TrimSpace(s.text), "+")
	d, err := time.ParseDuration(text)
	if !ok || err != nil || d <= 0 {
		r.fail(s.line, "the clock moves by a text such as +10s or +1h30m")
		return
	}
	r.clock += d
}

func (r *reader) request(s section) {
	x := &exchange{number: len(r.c.exchanges) + 1, clock: r.clock, request: r.message(s)}
	r.clock = 0
	r.c.exchanges = append(r.c.exchanges, x)
}

// message reads wire text that must not be empty.
func (r *reader) message(s section) *wire {
	w := parseWire(s)
	if len(w.head) == 0 {
		r.fail(s.line, "section %s is empty: write the first line of the message, header lines, a blank line, the body", s.name)
		w.head = []string{""}
	}
	return w
}

// current is the exchange that a section belongs to.
func (r *reader) current(s section) *exchange {
	if n := len(r.c.exchanges); n > 0 {
		return r.c.exchanges[n-1]
	}
	r.fail(s.line-1, "section %s stands before the first request: begin with -- request --", s.name)
	return &exchange{}
}

func (r *reader) call(s section) {
	x := r.current(s)
	c := &call{section: s.name, async: s.flags == "async", want: r.message(s)}
	x.calls = append(x.calls, c)
	r.open = c
	if s.name == "target" {
		return
	}
	words := strings.Fields(c.want.first())
	if len(words) != 4 || words[0] != "execute" && words[0] != "schedule" || len(c.want.head) > 1 {
		r.fail(s.line, "an integration call is written: execute PROJECT REGION NAME (or schedule), a blank line, JSON")
	}
}

// directives are what may stand in place of an answer.
var directives = map[string][]string{
	"target":      {"refuse", "tls-failure", "reset", "garbage", "hang"},
	"integration": {"timeout", "token-failure", "broken"},
}

func (r *reader) answer(s section, to *call) {
	if to == nil {
		r.fail(s.line-1, "an answer must follow a target or an integration section")
		return
	}
	first, rest, _ := strings.Cut(s.text, "\n")
	if text, ok := strings.CutPrefix(first, "delay "); ok {
		d, err := time.ParseDuration(strings.TrimSpace(text))
		if err != nil || d <= 0 {
			r.fail(s.line, "a delay is written: delay 50ms")
		}
		to.answer.delay = d
		s.line, s.text = s.line+1, rest
		first, rest, _ = strings.Cut(rest, "\n")
	}
	switch {
	case strings.HasPrefix(first, "HTTP/"):
		to.answer.message = parseWire(s)
	case s.text == "" && to.answer.delay > 0: // 200 without a body, later
	case strings.TrimSpace(rest) == "" && contains(directives[to.section], strings.TrimSpace(first)):
		to.answer.directive = strings.TrimSpace(first)
	default:
		r.fail(s.line, "what answers section %s is wire text that begins with HTTP/1.1, or one of: %s", to.section, strings.Join(directives[to.section], ", "))
	}
	if to.async && contains(noConnection, to.answer.directive) {
		r.fail(s.line, "a connection that fails cannot be async: it does not show which call it was for")
	}
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

func (r *reader) response(s section) {
	x := r.current(s)
	if x.response != nil {
		r.fail(s.line-1, "the exchange has a response already: a new exchange begins with -- request --")
	}
	x.response = r.message(s)
	if !strings.HasPrefix(x.response.first(), "HTTP/") {
		r.fail(s.line, "a response begins with its status line, for example HTTP/1.1 200 OK")
	}
}

func (r *reader) vars(s section) {
	x := r.current(s)
	for row, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		v, err := parseVariable(line)
		if err != nil {
			r.fail(s.line+row, "%v", err)
			continue
		}
		v.section, v.index, v.row, v.line = s.name, s.index, row, s.line+row
		x.vars = append(x.vars, v)
	}
}

var errVariable = errors.New(`a variable is written: name = JSON literal (a text in quotes, null for unresolved), or name ~ regular expression`)

func parseVariable(line string) (v variable, err error) {
	equal, tilde := strings.Index(line, " = "), strings.Index(line, " ~ ")
	at := equal
	if at < 0 || tilde >= 0 && tilde < at {
		at = tilde
	}
	if at <= 0 {
		return v, errVariable
	}
	v.name, v.text = strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+3:])
	if at == tilde {
		v.pattern, err = javaregex.Compile(v.text, javaregex.Options{})
		return v, err
	}
	d := json.NewDecoder(strings.NewReader(v.text))
	d.UseNumber()
	if d.Decode(&v.literal) != nil || d.More() {
		return v, errVariable
	}
	if _, ok := v.literal.(map[string]any); ok {
		return v, errVariable
	}
	return v, nil
}
