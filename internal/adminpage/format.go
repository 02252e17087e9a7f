package adminpage

import (
	"fmt"
	"html/template"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// functions are those of the templates.
func (p *pages) functions() template.FuncMap {
	return template.FuncMap{
		"iso":      func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") },
		"stamp":    func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
		"relative": func(t time.Time) string { return relative(t.Sub(p.Now())) },
		"took":     took,
		"exact":    exact,
		"tone":     tone,
		"plural":   plural,
		"label":    label,
		"escape":   url.PathEscape,
	}
}

// relative is a time from now, such as "3 min ago".
func relative(d time.Duration) string {
	switch {
	case d > -time.Second && d < time.Second:
		return "now"
	case d > 0:
		return "in " + coarse(d)
	}
	return coarse(-d) + " ago"
}

// coarse is a duration in its largest unit.
func coarse(d time.Duration) string {
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < 100*time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// took is the time between two times, empty if one of them is not known.
func took(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	d := to.Sub(from)
	switch {
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < 100*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return coarse(d)
}

// exact is a duration that somebody has set, such as "1h" and "100ms".
func exact(d interface{ AsDuration() time.Duration }) string {
	text := d.AsDuration().String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// tone is the class of a state of an execution, a task, a version or a queue: how much it wants to
// be looked at.
func tone(state any) string {
	switch fmt.Sprint(state) {
	case "SUCCEEDED", "SUCCEED", "ACTIVE", "RUNNING", "LIFTED":
		return "good"
	case "FAILED", "FATAL", "REJECTED":
		return "bad"
	case "PROCESSING", "IN_PROCESS":
		return "busy"
	case "SUSPENDED", "RETRY_ON_HOLD", "PAUSED", "PENDING", "DISABLED":
		return "waits"
	}
	return "calm"
}

// label is the name of a state in words.
func label(state any) string {
	return strings.ToLower(strings.ReplaceAll(fmt.Sprint(state), "_", " "))
}

// plural is an integer with the noun that it counts, such as "1 queue" and "1,200 queues".
func plural(n any, noun string) string {
	count := reflect.Indirect(reflect.ValueOf(n)).Int()
	if stem, ok := strings.CutSuffix(noun, "y"); ok && count != 1 {
		return grouped(count) + " " + stem + "ies"
	}
	if count != 1 {
		noun += "s"
	}
	return grouped(count) + " " + noun
}

// grouped is a number with commas.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
