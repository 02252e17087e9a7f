package cases

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sluice/flow"
	"sluice/internal/orgdata"
	"sluice/proxy"
)

// folder is what lies beside the cases of one folder: read once, compiled anew
// for each case, because a deployment has state (which server of a load balancer
// is next) and compiling a small bundle takes less than a millisecond.
type folder struct {
	dir string

	once     sync.Once
	bundles  []*proxy.Bundle
	problems flow.Problems
	places   places
}

// read finds the bundles. Sub-folders with cases have bundles of their own, so
// only the known places are searched.
func (f *folder) read() ([]*proxy.Bundle, flow.Problems) {
	f.once.Do(func() {
		for _, place := range [...]string{"apiproxy", "proxies", "sharedflows"} {
			at := filepath.Join(f.dir, place)
			if _, err := os.Stat(at); place != "apiproxy" && errors.Is(err, fs.ErrNotExist) {
				continue
			}
			bundles, problems := proxy.Find(at)
			f.bundles = append(f.bundles, bundles...)
			f.problems = append(f.problems, problems...)
		}
		f.places = findPlaces(f.bundles)
	})
	return f.bundles, f.problems
}

// deploy compiles the bundles for one run.
func (f *folder) deploy(c *proxy.Compiler) (*proxy.Snapshot, flow.Problems) {
	bundles, problems := f.read()
	problems = append(flow.Problems(nil), problems...)
	var proxies []*proxy.Deployment
	var shared []*flow.SharedFlow
	for _, b := range bundles {
		if b.Kind == proxy.SharedFlowBundle {
			s, list := c.SharedFlow(b)
			shared, problems = append(shared, s), append(problems, list...)
			continue
		}
		d, list := c.Proxy(b)
		proxies, problems = append(proxies, d), append(problems, list...)
	}
	if problems.Refused() {
		return nil, problems
	}
	snapshot, list := proxy.NewSnapshot(c.Environment, c.Options, proxies, shared)
	return snapshot, append(problems, list...)
}

// serversFile holds the target servers of the environment, as `sluice serve` reads
// it.
const serversFile = "targetservers.json"

// targetServers are those of serversFile. Every name is the upstream's, which asks
// for no certificates and shows none: no key stores are needed.
func (f *folder) targetServers() (map[string]*proxy.TargetServer, error) {
	servers := map[string]*proxy.TargetServer{}
	file := filepath.Join(f.dir, serversFile)
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return servers, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := proxy.ReadTargetServers(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, s := range list {
		if s.SSL != nil {
			s.SSL = &proxy.SSLInfo{Enabled: s.SSL.Enabled}
		}
		servers[s.Name] = s
	}
	return servers, nil
}

// holds reports whether a file is one that the folder's cases depend on.
func (f *folder) holds(file string) bool {
	rel, err := filepath.Rel(f.dir, file)
	if err != nil {
		return false
	}
	if rel == serversFile || slices.Contains(orgdata.Files, rel) {
		return true
	}
	switch place, _, _ := strings.Cut(filepath.ToSlash(rel), "/"); place {
	case "apiproxy", "proxies", "sharedflows", "integrations":
		return true
	}
	return false
}

// hasIntegrations reports whether integrations lie beside the bundle.
func (f *folder) hasIntegrations() bool {
	files, err := filepath.Glob(filepath.Join(f.dir, "integrations", "*.json"))
	return err == nil && len(files) > 0
}
