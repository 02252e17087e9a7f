package orgdata

import (
	"fmt"
	"slices"

	"sluice/internal/entity"
)

// document is a list of one kind, as it stands in a file.
type document struct {
	kind        *kind
	file        string
	path        string // in the file: "orgConfig.developers"; for a file of its own, its kind
	environment string // of envConfig and env/ENV
	proxy       string // of apiConfig and api/API
	mapName     string // of files that hold one map and not its name
	data        []byte // JSON
	whole       bool   // data is the whole file, so that offsets in it have a line
}

// place is an item of a document: it becomes text only when something is wrong.
type place struct {
	*document
	owner string // of lists by owner: the developer or app group
	index int
}

func (p place) String() string {
	if p.owner != "" {
		return fmt.Sprintf("%s[%q][%d]", p.path, p.owner, p.index)
	}
	return fmt.Sprintf("%s[%d]", p.path, p.index)
}

// reader collects data and problems.
type reader struct {
	data      Data
	problems  []Problem
	documents []*document

	products   map[string]place
	developers map[string]*entity.Developer // by ID and by address in lower case
	apps       map[ownedName]*entity.App
	keys       map[string]*entity.App // by consumer key
	maps       map[mapName]int        // index in data.Maps
	servers    map[ownedName]place    // the owner is the environment
}

// ownedName is the name of an app with its owner, of a target server with its
// environment.
type ownedName struct{ owner, name string }

func newReader() *reader {
	return &reader{
		products: map[string]place{}, developers: map[string]*entity.Developer{},
		apps: map[ownedName]*entity.App{}, keys: map[string]*entity.App{}, maps: map[mapName]int{}, servers: map[ownedName]place{},
	}
}

// read reads all documents: those of a kind that others name before these.
func (r *reader) read() (*Data, []Problem) {
	slices.SortStableFunc(r.documents, func(a, b *document) int { return int(a.kind.stage) - int(b.kind.stage) })
	for _, d := range r.documents {
		d.kind.read(r, d)
		d.data = nil // a file may be large
	}
	for _, a := range r.data.Apps {
		if len(a.Credentials) == 0 {
			a.Credentials = []entity.Credential{{Products: granted(a.Products)}}
		}
	}
	slices.Sort(r.data.Environments)
	r.data.Environments = slices.Compact(r.data.Environments)
	return &r.data, r.problems
}

func (r *reader) fail(p place, format string, args ...any) {
	r.problems = append(r.problems, p.problem(format, args...))
}

func (r *reader) failFile(file, item, format string, args ...any) {
	r.problems = append(r.problems, Problem{file, item, fmt.Sprintf(format, args...)})
}

func (p place) problem(format string, args ...any) Problem {
	return Problem{p.file, p.String(), fmt.Sprintf(format, args...)}
}
