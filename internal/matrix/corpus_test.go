package matrix_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/matrix"
)

// corpus holds bundles that nobody here wrote. It is not part of the project.
const corpus = "../../../shared/corpus/bundles"

// Half of what there is over the corpus today. The pins are loose, since a new
// policy that runs in a rehearsal moves cells; a number that falls below them is
// no such move.
var atLeast = map[matrix.Outcome]int{
	matrix.Handled: 345, matrix.Defaulted: 270, matrix.Leaked: 7800, matrix.FaultedAgain: 32, matrix.LeakedAgain: 400,
	matrix.Unhandled: 210, matrix.Raised: 90, matrix.Continued: 200, matrix.Unseen: 21, matrix.Unreachable: 800,
}

const (
	minimumBundles = 380
	minimumPlaces  = 4000
	minimumCells   = 19000
)

// TestCorpus makes the matrix of every bundle that loads. No policy may panic,
// and no rehearsal may miss the step that it is about.
func TestCorpus(t *testing.T) {
	entries, err := os.ReadDir(corpus)
	if err != nil {
		t.Skipf("the corpus of real bundles is not here (%v)", err)
	}
	bundles, sum := 0, matrix.Totals{Outcomes: map[matrix.Outcome]int{}}
	for _, e := range entries {
		loaded, problems := matrix.Load(compiler(t, nil), []string{filepath.Join(corpus, e.Name())})
		if problems.Refused() || loaded.Proxies() == 0 {
			continue
		}
		m, err := loaded.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		bundles++
		sum.Rows += m.Totals.Rows
		sum.Cells += m.Totals.Cells
		for o, n := range m.Totals.Outcomes {
			sum.Outcomes[o] += n
		}
		checkCells(t, e.Name(), m)
		if err := m.WriteHTML(io.Discard); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
	}
	t.Logf("%d bundles, %d places, %d cells: %v", bundles, sum.Rows, sum.Cells, sum.Outcomes)
	if bundles < minimumBundles || sum.Rows < minimumPlaces || sum.Cells < minimumCells {
		t.Errorf("%d bundles, %d places, %d cells; there were at least %d, %d, %d", bundles, sum.Rows, sum.Cells, minimumBundles, minimumPlaces, minimumCells)
	}
	for _, o := range matrix.Outcomes {
		if sum.Outcomes[o] < atLeast[o] || atLeast[o] == 0 {
			t.Errorf("%d cells are %s, there were at least %d", sum.Outcomes[o], o, atLeast[o])
		}
	}
}

func checkCells(t *testing.T, bundle string, m *matrix.Matrix) {
	t.Helper()
	for _, r := range m.Rows {
		for _, c := range r.Cells {
			if strings.Contains(c.Why, "did not get there") {
				t.Errorf("%s: %s, %s: %s", bundle, r.ID, c.Fault, c.Why)
			}
			if c.Story != nil && strings.Contains(strings.Join(c.Story.Notes, " "), "panicked") {
				t.Errorf("%s: %s, %s: %v", bundle, r.ID, c.Fault, c.Story.Notes)
			}
		}
	}
}

// hundredSteps writes a bundle with a hundred steps and ten fault rules.
func hundredSteps(tb testing.TB) string {
	tb.Helper()
	var steps, rules strings.Builder
	files := map[string]string{}
	for i := range 100 {
		fmt.Fprintf(&steps, "<Step><Name>Verify-%d</Name></Step>", i)
		files[fmt.Sprintf("policies/Verify-%d.xml", i)] = fmt.Sprintf(`<VerifyAPIKey name="Verify-%d"><APIKey ref="request.queryparam.apikey"/></VerifyAPIKey>`, i)
	}
	for i := range 10 {
		fmt.Fprintf(&rules, `<FaultRule name="r%d"><Condition>(fault.name = "Other%d") or (oauthV2.Verify-%d.failed = "true" and request.verb = "PUT")</Condition><Step><Name>AM</Name></Step></FaultRule>`, i, i, i)
	}
	files["policies/AM.xml"] = `<AssignMessage name="AM"><Set><Payload>{fault.name}</Payload></Set></AssignMessage>`
	files["proxies/default.xml"] = `<ProxyEndpoint name="default"><FaultRules>` + rules.String() + `</FaultRules><DefaultFaultRule name="all"><Step><Name>AM</Name></Step></DefaultFaultRule><PreFlow name="PreFlow"><Request>` +
		steps.String() + `</Request></PreFlow><HTTPProxyConnection><BasePath>/hundred</BasePath></HTTPProxyConnection><RouteRule name="default"/></ProxyEndpoint>`
	return bundle(tb, files)
}

func BenchmarkHundredSteps(b *testing.B) {
	dir := hundredSteps(b)
	c := compiler(b, nil, "AssignMessage")
	b.ReportAllocs()
	cells := 0
	for b.Loop() {
		cells = run(b, c, dir).Totals.Cells
	}
	b.ReportMetric(float64(cells), "cells")
}

// TestHundredSteps checks what the benchmark measures.
func TestHundredSteps(t *testing.T) {
	m := run(t, compiler(t, nil, "AssignMessage"), hundredSteps(t))
	if m.Totals.Cells < 1100 || m.Totals.Outcomes[matrix.Defaulted] < 1100 {
		t.Errorf("%+v", m.Totals)
	}
}
