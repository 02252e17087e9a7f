package policies_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/cases"
	"sluice/internal/cases/casetest"
	"sluice/internal/integrations"
	"sluice/policies"
	"sluice/proxy"
)

// TestCases runs testdata/*/**/*.case, and then looks whether they provoke every
// fault that the policies document.
func TestCases(t *testing.T) {
	registry, err := flow.NewRegistry(policies.All())
	if err != nil {
		t.Fatal(err)
	}
	raised := casetest.Test(t, "testdata", cases.Options{Registry: registry, LocalIntegrations: localIntegrations})
	if casetest.Selected() {
		return // a part of the cases provokes a part of the faults
	}
	t.Run("every fault is provoked", func(t *testing.T) { everyFaultIsProvoked(t, raised) })
}

// localIntegrations runs integrations/*.json of a case folder on the local engine.
func localIntegrations(dir string, s *flow.Services, n *proxy.Network) (flow.Integrations, func(), error) {
	var serial atomic.Int64
	newID := func() string { return fmt.Sprintf("execution-%d", serial.Add(1)) }
	engine := integrations.New(integrations.Options{
		Client: n.HTTPClient(false), InsecureClient: n.HTTPClient(true), Now: s.Now, NewID: newID,
	})
	files, err := filepath.Glob(filepath.Join(dir, "integrations", "*.json"))
	for _, file := range files {
		text, readErr := os.ReadFile(file)
		problems := engine.Load(strings.TrimSuffix(filepath.Base(file), ".json"), text)
		err = errors.Join(err, readErr, errors.Join(problems...))
	}
	return engine.Service("us-central1"), engine.Close, err
}

// everyFaultIsProvoked compares the faults that a policy's own cases raise with
// the catalogue. raised has for each fault, as ELEMENT/CODE, the files.
func everyFaultIsProvoked(t *testing.T, raised map[string][]string) {
	excused := readUnprovoked(t)
	for _, k := range policies.All() {
		for _, d := range faults.All() {
			if d.Element != k.Name || d.Kind != faults.Runtime || !established(d.Evidence) {
				continue
			}
			fault := d.Element + "/" + d.Code
			provoked := slices.ContainsFunc(raised[fault], func(file string) bool {
				return strings.HasPrefix(filepath.ToSlash(file), "testdata/"+k.Name+"/")
			})
			reason, excuse := excused[fault]
			delete(excused, fault)
			switch {
			case !provoked && !excuse:
				t.Errorf("no case in testdata/%s raises %s: write one, or give the reason in testdata/unprovoked.txt", k.Name, fault)
			case provoked && excuse:
				t.Errorf("%s is raised by a case although testdata/unprovoked.txt says: %s", fault, reason)
			}
		}
	}
	for fault := range excused {
		t.Errorf("testdata/unprovoked.txt: %s is no fault of a policy that needs a case", fault)
	}
}

// established reports whether a fault is known from Apigee, and not only
// recalled, inferred, or ours.
func established(evidence string) bool {
	return evidence == "documented" || evidence == "playbook" || evidence == "observed"
}

// readUnprovoked reads lines of fault and reason.
func readUnprovoked(t *testing.T) map[string]string {
	text, err := os.ReadFile("testdata/unprovoked.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		fault, reason, ok := strings.Cut(line, " ")
		if !ok || list[fault] != "" {
			t.Errorf("unprovoked.txt: %q: each fault once, a space, the reason", line)
		}
		list[fault] = strings.TrimSpace(reason)
	}
	return list
}
