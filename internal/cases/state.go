package cases

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sluice/internal/keysets"
	"sluice/internal/orgdata"
	"sluice/internal/state"
)

// stateFile is a section that holds a file of the emulator's test data: what the
// organization knows when the case begins.
func (r *reader) stateFile(s section) bool {
	if !slices.Contains(orgdata.Files, s.name) {
		return false
	}
	if len(r.c.exchanges) > 0 {
		r.fail(s.line-1, "section %s must stand before the first request", s.name)
	}
	if r.c.state == nil {
		r.c.state = map[string][]byte{}
	}
	r.c.state[s.name] = []byte(s.text)
	return true
}

// testData returns the emulator's test data files of the folder; those of the
// case take their place.
func (c *Case) testData() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, name := range orgdata.Files {
		data, err := os.ReadFile(filepath.Join(c.folder.dir, name))
		if err == nil {
			files[name] = data
		} else if !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	for name, data := range c.state {
		files[name] = data
	}
	return files, nil
}

// store makes the state that policies use: in memory, on the case's clock, filled
// with the test data.
func (w *world) store() error {
	files, err := w.c.testData()
	if err != nil {
		return err
	}
	for name, text := range files {
		files[name] = []byte(w.keys.text(string(text), `\n`)) // inside JSON texts
	}
	data, problems := orgdata.Emulator(files)
	if len(problems) > 0 {
		return fmt.Errorf("the test data does not load: %w", together(problems))
	}
	store := state.Memory(w.clock.now)
	w.ends = append(w.ends, func() {
		if err := store.Close(); err != nil {
			w.script.fail("state", Failure{Got: err.Error()})
		}
	})
	store.Services(w.services)
	w.services.KeySets = keysets.New(w.clock.now)
	return store.Load(context.Background(), data, organization, environment)
}

func together(problems []orgdata.Problem) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}
