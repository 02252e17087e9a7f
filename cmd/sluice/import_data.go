package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"sluice/internal/orgdata"
	"sluice/internal/state"
	"sluice/proxy"
)

// orgData is what files say of the organization, with the target servers as the
// runtime has them.
type orgData struct {
	*orgdata.Data
	servers map[string][]*proxy.TargetServer // by environment
	seen    [sha256.Size]byte                // digest of the files at the last look
}

// openOrgData reads all paths before anything is loaded: with one problem nothing
// is.
func openOrgData(paths []string, errs io.Writer) (*orgData, error) {
	data, problems, err := parseOrgData(paths)
	if err != nil {
		return nil, err
	}
	return data, data.tell(problems, errs)
}

func parseOrgData(paths []string) (*orgData, []orgdata.Problem, error) {
	data, problems, err := orgdata.Read(paths...)
	if err != nil {
		return nil, nil, fmt.Errorf("the organization's data: %w", err)
	}
	d := &orgData{Data: data, servers: map[string][]*proxy.TargetServer{}, seen: data.Digest}
	for _, t := range data.TargetServers {
		list, err := proxy.ReadTargetServers(slices.Concat([]byte("["), t.JSON, []byte("]")))
		if err != nil {
			t.Place.Text = err.Error()
			problems = append(problems, t.Place)
			continue
		}
		d.servers[t.Environment] = append(d.servers[t.Environment], list...)
	}
	return d, problems, nil
}

// tell prints what is wrong, and what is not loaded.
func (d *orgData) tell(problems []orgdata.Problem, errs io.Writer) error {
	for _, p := range problems {
		fmt.Fprintln(errs, p.Error())
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s in the organization's data; nothing was loaded", count(len(problems), "problem"))
	}
	for _, n := range d.Notes {
		fmt.Fprintln(errs, n)
	}
	return nil
}

// load loads the data into the store, or nothing of it.
func (d *orgData) load(ctx context.Context, store *state.Store, org, env string, errs io.Writer) error {
	if problems := store.Check(d.Data); len(problems) > 0 {
		for _, p := range problems {
			fmt.Fprintln(errs, p)
		}
		return fmt.Errorf("%s between the organization's data and the state; nothing was loaded", count(len(problems), "problem"))
	}
	if len(d.Environments) > 0 && !slices.Contains(d.Environments, env) {
		fmt.Fprintf(errs, "the files configure the environments %s, and this is %s: choose one with --env\n", strings.Join(d.Environments, ", "), env)
	}
	if err := store.Load(ctx, d.Data, org, env); err != nil {
		return fmt.Errorf("loading the organization's data: %w; what was written so far stays, and loading again writes the rest", err)
	}
	return nil
}

// join adds the target servers that nothing else has configured.
func (d *orgData) join(e *proxy.Environment) {
	for _, server := range d.servers[e.Name] {
		if e.TargetServers[server.Name] != nil {
			continue
		}
		if e.TargetServers == nil {
			e.TargetServers = map[string]*proxy.TargetServer{}
		}
		e.TargetServers[server.Name] = server
	}
}

// reloadOrgData loads the data again when its files changed, and gives the
// environment its target servers. A bad edit leaves what was loaded before.
// Otherwise nothing is loaded: entries of maps that proxies changed meanwhile stay.
func (r *runtime) reloadOrgData(e *proxy.Environment) {
	fresh, problems, err := parseOrgData(r.settings.OrgData)
	if err == nil && fresh.seen != r.data.seen {
		r.data.seen = fresh.seen
		if err = fresh.tell(problems, r.errs); err == nil {
			err = fresh.load(context.Background(), r.store, e.Organization, e.Name, r.errs)
		}
		if err == nil {
			r.data = fresh
		}
	}
	if err != nil {
		fmt.Fprintf(r.errs, "sluice: %v; what was there before stays\n", err)
	}
	r.data.join(e)
}

// testData finds the data of an organization at the paths that nobody loads: that
// beside bundles, where `sluice test` reads it, and the test data of archives, which
// the emulator keeps in src/tests/SET (clients.md).
func testData(paths, loaded []string) (found []string) {
	folders := map[string]bool{}
	for _, pattern := range orgdata.Patterns() {
		depth := 1 + strings.Count(pattern, string(filepath.Separator))
		files := beside(paths, pattern)
		for _, path := range paths {
			list, _ := filepath.Glob(filepath.Join(path, "src", "tests", "*", pattern)) // the pattern is well-formed
			files = append(files, list...)
		}
		for _, file := range files {
			for range depth {
				file = filepath.Dir(file)
			}
			folders[file] = true
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		if !slices.ContainsFunc(loaded, func(path string) bool { return within(dir, path) }) {
			found = append(found, dir)
		}
	}
	return found
}

// within reports whether a path is dir or lies below it.
func within(dir, path string) bool {
	dir, err := filepath.Abs(dir)
	path, err2 := filepath.Abs(path)
	rel, err3 := filepath.Rel(dir, path)
	return errors.Join(err, err2, err3) == nil && filepath.IsLocal(rel)
}

// summary says what was loaded into an environment: of the others the maps and the
// target servers were not.
func (d *orgData) summary(env string) string {
	keys, mapped := 0, 0
	for _, a := range d.Apps {
		keys += len(a.Credentials)
	}
	for _, m := range d.Maps {
		if m.Environment == "" || m.Environment == env {
			mapped++
		}
	}
	return fmt.Sprintf("%s, %s, %s with %s, %s and %s", count(len(d.Products), "product"), count(len(d.Developers), "developer"),
		count(len(d.Apps), "app"), count(keys, "consumer key"), count(mapped, "map"), count(len(d.servers[env]), "target server"))
}
