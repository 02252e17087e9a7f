package cases

import (
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"sluice/internal/javaregex"
)

// Case is one *.case file. Run may be called again and again, also at once.
type Case struct {
	File string
	Why  string // the text before the first section

	broken    error // what is wrong with the file; then nothing follows but the folder
	archive   *txtar.Archive
	folder    *folder
	config    config
	state     map[string][]byte // test data files that the case brings
	exchanges []*exchange
}

// Name is the first line of the text that says why the case exists, or else the
// file's name.
func (c *Case) Name() string {
	if first, _, _ := strings.Cut(c.Why, "\n"); first != "" {
		return first
	}
	return strings.TrimSuffix(filepath.Base(c.File), extension)
}

// Uses reports whether the case may run differently after a change of a file: it
// is its own, or of what lies beside it.
func (c *Case) Uses(file string) bool {
	return filepath.Clean(file) == c.File || c.folder.holds(file)
}

// exchange is one request and everything that must come of it.
type exchange struct {
	number   int // from 1
	clock    time.Duration
	request  *wire
	calls    []*call
	response *wire    // nil: not looked at
	members  []member // of the response's JSON body
	vars     []variable
	log      *section // nil: not looked at
}

// section is a part of the file.
type section struct {
	index int    // among the archive's files
	name  string // first word of the marker line
	flags string // the rest of it
	line  int    // of the first line of its text
	text  string
}

// call is one call that must arrive at the upstream, or at the integration
// service.
type call struct {
	section string // "target" or "integration"
	async   bool
	want    *wire
	answer  answer
}

// answer is what a call gets.
type answer struct {
	directive string // "" for an ordinary one
	delay     time.Duration
	message   *wire // nil: 200 without a body
}

// variable is one line of a vars or a captured section.
type variable struct {
	section string
	index   int // of the section, among the archive's files
	row     int // of the line, in the section
	line    int // in the file
	name    string
	text    string // of the literal or the pattern
	literal any    // as encoding/json reads it, numbers as json.Number
	pattern *javaregex.Regexp
}
