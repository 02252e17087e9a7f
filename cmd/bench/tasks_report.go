package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
)

// taskColumn is a number of a sample.
type taskColumn struct {
	title    string
	decimals int
	of       func(*taskSample) float64
	ranged   bool // the least and the greatest are shown as well
}

// report prints one Markdown table for each phase.
func (b *taskBench) report(out io.Writer, samples map[string][]taskSample) error {
	for _, phase := range []struct {
		title string
		of    func(*taskSample) *taskPhase
		more  []taskColumn
	}{
		{"Create: tasks that are due in an hour", func(s *taskSample) *taskPhase { return &s.Create }, []taskColumn{
			{title: "p50 ms", decimals: 2, of: func(s *taskSample) float64 { return s.P50 }},
			{title: "p99 ms", decimals: 2, of: func(s *taskSample) float64 { return s.P99 }},
		}},
		{"Dispatch: tasks that are due at the same moment", func(s *taskSample) *taskPhase { return &s.Dispatch }, nil},
		{"Both: from the first creation to the last arrival of tasks that are due at once", func(s *taskSample) *taskPhase { return &s.Both },
			[]taskColumn{{title: "RSS MiB", of: func(s *taskSample) float64 { return s.rss }}}},
	} {
		fmt.Fprintf(out, "\n%s\n\n", phase.title)
		if err := b.table(out, samples, append(b.columns(samples, phase.of), phase.more...)); err != nil {
			return err
		}
	}
	b.reportConditions(out, samples)
	return nil
}

// columns are CPU time and rate of a phase, and their ratios to the last peer's. A ratio comes
// with the least and the greatest of all rounds, since what disturbs one peer of a round need not
// disturb the others: a difference within that range is none.
func (b *taskBench) columns(samples map[string][]taskSample, of func(*taskSample) *taskPhase) []taskColumn {
	cpu := func(s *taskSample) float64 { return b.cpu(of(s)) }
	rate := func(s *taskSample) float64 { return b.rate(of(s)) }
	last := b.peers[len(b.peers)-1].name
	toLast := func(value func(*taskSample) float64) func(*taskSample) float64 {
		return func(s *taskSample) float64 { return ratio(value(s), value(&samples[last][s.round])) }
	}
	return []taskColumn{
		{title: "CPU µs/task", of: cpu}, {title: "to " + last, decimals: 2, of: toLast(cpu), ranged: true},
		{title: "tasks/s", of: rate}, {title: "to " + last, decimals: 2, of: toLast(rate), ranged: true},
	}
}

// ratio is 0 when there is none.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func (b *taskBench) table(out io.Writer, samples map[string][]taskSample, columns []taskColumn) error {
	t := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	titles := []string{"peer"}
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	writeRow(t, titles...)
	writeRow(t, slices.Repeat([]string{"---"}, len(titles))...)
	for i := range b.peers {
		cells := []string{b.peers[i].name}
		for _, c := range columns {
			cells = append(cells, c.cell(samples[b.peers[i].name]))
		}
		writeRow(t, cells...)
	}
	return t.Flush()
}

// cell is "-" for what is not known.
func (c *taskColumn) cell(samples []taskSample) string {
	middle := medianOf(samples, c.of)
	if middle <= 0 {
		return "-"
	}
	if !c.ranged {
		return decimals(middle, c.decimals)
	}
	least, greatest := middle, middle
	for i := range samples {
		least, greatest = min(least, c.of(&samples[i])), max(greatest, c.of(&samples[i]))
	}
	return fmt.Sprintf("%.*f (%.*f-%.*f)", c.decimals, middle, c.decimals, least, c.decimals, greatest)
}

// reportConditions says what the numbers depend on.
func (b *taskBench) reportConditions(out io.Writer, samples map[string][]taskSample) {
	var all []taskSample
	for _, list := range samples {
		all = append(all, list...)
	}
	others, repeated := 0.0, 0
	for i := range all {
		others, repeated = max(others, all[i].others), repeated+all[i].Repeated
	}
	fmt.Fprintf(out, "\nMedians of %d samples of %d tasks of %d bytes in %d queues, %d connections, %s, %s. "+
		"What --data acknowledges is on disk, which here took %.2f ms for one write.\n", b.rounds, b.plan.Tasks, b.plan.Body, b.plan.Queues, b.plan.Connections,
		cpuModel(), runtime.Version(), medianOf(all, func(s *taskSample) float64 { return s.sync }))
	if repeated > 0 {
		fmt.Fprintf(out, "%d tasks arrived more than once.\n", repeated)
	}
	if others > 0.1 {
		fmt.Fprintf(out, "Other processes used up to %.1f cores meanwhile; how far that reaches is seen in the ranges of the ratios.\n", others)
	}
	for _, note := range b.notes {
		fmt.Fprintln(out, note)
	}
}
