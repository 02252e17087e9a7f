package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints one Markdown table for each workload.
func (b *bench) report(out io.Writer, samples map[string]map[string][]sample) error {
	for i := range b.workloads {
		w := &b.workloads[i]
		fmt.Fprintf(out, "\n%s: %s\n\n", w.name, w.title)
		if err := b.table(out, samples[w.name]); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "\nMedians of %d samples of %d s, %d keep-alive connections, %s, %s.\n",
		b.rounds, b.seconds, connections, cpuModel(), runtime.Version())
	if others := mostOthers(samples); others > 0.1 {
		fmt.Fprintf(out, "Other processes used up to %.1f cores meanwhile: the numbers are unsure by 20 %% and more, the ratios by less.\n", others)
	}
	for _, note := range b.notes {
		fmt.Fprintln(out, note)
	}
	return nil
}

// mostOthers is the worst sample's.
func mostOthers(samples map[string]map[string][]sample) float64 {
	most := 0.0
	for _, byPeer := range samples {
		for _, list := range byPeer {
			for i := range list {
				most = max(most, list[i].others)
			}
		}
	}
	return most
}

func (b *bench) table(out io.Writer, samples map[string][]sample) error {
	columns := b.columns(samples)
	t := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	titles := []string{"peer"}
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	writeRow(t, titles...)
	writeRow(t, slices.Repeat([]string{"---"}, len(titles))...)
	for _, name := range b.peers {
		cells := []string{name}
		for _, c := range columns {
			cells = append(cells, decimals(medianOf(samples[name], c.of), c.decimals))
		}
		writeRow(t, cells...)
	}
	return t.Flush()
}

// column is a number of a sample. Each has its own median. That of a ratio is taken
// of the rounds' ratios, because what disturbs a round disturbs both of its sides.
type column struct {
	title    string
	decimals int
	of       func(*sample) float64
}

func (b *bench) columns(samples map[string][]sample) []column {
	cpu := func(s *sample) float64 { return s.cpu }
	columns := []column{{"CPU µs/request", 1, cpu}}
	for _, yardstick := range []string{nginx, reverseProxy} {
		if base := samples[yardstick]; len(base) > 0 {
			columns = append(columns, column{"to " + yardstick, 2, func(s *sample) float64 { return s.cpu / base[s.round].cpu }})
		}
	}
	return append(columns,
		column{"requests/s", 0, func(s *sample) float64 { return s.rate }},
		column{"p50 ms", 2, func(s *sample) float64 { return s.p50 }},
		column{"p99 ms", 2, func(s *sample) float64 { return s.p99 }},
		column{"RSS MiB", 0, func(s *sample) float64 { return s.rss }},
		column{"cold start ms", 0, func(s *sample) float64 { return s.cold }},
		column{"others", 2, func(s *sample) float64 { return s.others }},
	)
}

// writeRow writes one row of a Markdown table.
func writeRow(t *tabwriter.Writer, cells ...string) {
	fmt.Fprintf(t, "| %s\t|\n", strings.Join(cells, "\t| ")) // Flush returns the error
}

func medianOf[T any](samples []T, field func(*T) float64) float64 {
	values := make([]float64, 0, len(samples))
	for i := range samples {
		values = append(values, field(&samples[i]))
	}
	return median(values)
}

// median sorts the values; of an even number it is the mean of the middle two.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	half := len(values) / 2
	if len(values)%2 == 1 {
		return values[half]
	}
	return (values[half-1] + values[half]) / 2
}

// decimals writes a number, and "-" for one that was not measured.
func decimals(value float64, n int) string {
	if value == 0 && n == 0 {
		return "-"
	}
	return fmt.Sprintf("%.*f", n, value)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
