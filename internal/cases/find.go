package cases

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// extension is what a case file's name ends with.
const extension = ".case"

// Find finds the *.case files at the paths, which are case files and folders with
// case files at any depth. The cases come in the order of the paths, those of one
// path in the order of their names, each once; those of one folder share its
// bundle. A file that is no case is a Case that fails when it is run, with what is
// wrong with it. The error tells of a path that cannot be searched.
func Find(paths ...string) ([]*Case, error) {
	f := finder{folders: map[string]*folder{}, seen: map[string]bool{}}
	for _, path := range paths {
		if err := f.search(path); err != nil {
			return nil, err
		}
	}
	return f.found, nil
}

// Folder reads all *.case files in dir and below, in the order of their names,
// and returns those that are cases; the error tells what is wrong with the others.
func Folder(dir string) ([]*Case, error) {
	found, err := Find(dir)
	errs := []error{err}
	var list []*Case
	for _, c := range found {
		if c.broken != nil {
			errs = append(errs, c.broken)
			continue
		}
		list = append(list, c)
	}
	return list, errors.Join(errs...)
}

type finder struct {
	folders map[string]*folder
	seen    map[string]bool
	found   []*Case
}

func (f *finder) search(root string) error {
	info, err := os.Stat(root)
	switch {
	case err != nil:
		return err
	case !info.IsDir() && filepath.Ext(root) != extension:
		return fmt.Errorf("%s is neither a folder nor a *%s file", root, extension)
	}
	return filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != root && skipped(d.Name()):
			return filepath.SkipDir
		case !d.IsDir() && filepath.Ext(p) == extension:
			f.add(filepath.Clean(p))
		}
		return nil
	})
}

// skipped tells folders in which nobody looks for cases.
func skipped(name string) bool {
	return name == "apiproxy" || name == "sharedflowbundle" || name == "node_modules" || strings.HasPrefix(name, ".")
}

func (f *finder) add(file string) {
	if f.seen[file] {
		return
	}
	f.seen[file] = true
	dir := filepath.Dir(file)
	if f.folders[dir] == nil {
		f.folders[dir] = &folder{dir: dir}
	}
	c, err := read(file, f.folders[dir])
	if err != nil {
		c = &Case{File: file, folder: f.folders[dir], broken: err}
	}
	f.found = append(f.found, c)
}

// Mistake is something in a case file that nobody can read.
type Mistake struct {
	File string
	Line int
	Text string
}

func (m *Mistake) Error() string { return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text) }

// unreadable is the result of a file that is no case.
func unreadable(c *Case, err error) *Result {
	errs := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		errs = joined.Unwrap()
	}
	r := &Result{File: c.File}
	for _, err := range errs {
		f := Failure{File: c.File, Section: "case", Got: err.Error()}
		if m, ok := errors.AsType[*Mistake](err); ok {
			f.Line, f.Got = m.Line, m.Text
		}
		r.Failures = append(r.Failures, f)
	}
	return r
}
