package cases

import (
	"fmt"
	"path/filepath"
	"strings"
)

// trace writes the way of an exchange as a tree. Unless all is true, phases in
// which nothing happened are left out, and flows that were not entered are
// counted when they are many.
func (p *painter) trace(t *Trace, dir string, all bool) {
	p.line(4, "%s", p.paint(bold, fmt.Sprintf("exchange %d: %s", t.Exchange, t.Request)))
	events := t.Events
	if !all {
		events = essence(events)
	}
	for _, e := range events {
		place := strings.TrimPrefix(e.Place, filepath.ToSlash(dir)+"/") // for the eye: it is right above the tree
		if place != "" {
			place = "  " + p.paint(dim, place)
		}
		p.line(6+2*e.Depth, "%s%s", p.event(e), place)
	}
	if len(t.Events) == maxEvents {
		p.line(6, "(and more)")
	}
}

func (p *painter) event(e *Event) string {
	switch e.Kind {
	case PhaseEvent:
		return e.Name
	case FaultEvent:
		return p.paint(red, join(": ", "fault "+e.Name, e.Text))
	case GetEvent, SetEvent:
		return p.paint(dim, fmt.Sprintf("%s %s = %s", e.Kind, e.Name, e.Text))
	case WarningEvent:
		return p.paint(yellow, "warning: "+e.Text)
	case CallEvent:
		return join(" ", "call", e.Name, e.Text)
	case RouteEvent:
		return p.decision(e, join(" to ", e.Name, routeTarget(e)))
	}
	return p.decision(e, e.Name)
}

func routeTarget(e *Event) string {
	if e.Outcome == Ran && e.Text == "" {
		return "no target"
	}
	return e.Text
}

// decision is what a condition may have decided.
func (p *painter) decision(e *Event, name string) string {
	text := fmt.Sprintf("%s %s", e.Kind, name)
	if e.Outcome == Failed {
		return p.paint(red, text+" failed: "+e.Text)
	}
	if e.Condition == "" {
		return text
	}
	values := strings.Join(e.Values, ", ")
	if values != "" {
		values = "(" + values + ")"
	}
	if e.Outcome == Skipped {
		return p.paint(dim, join(" ", text, "not run:", window(e.Condition, 0), "-> false", values))
	}
	return join(" ", text+":", window(e.Condition, 0), "-> true", values)
}

// maxSkipped is how many flows in a row are named that were not entered.
const maxSkipped = 6

// essence leaves out what says nothing about a failure.
func essence(events []*Event) []*Event {
	var list []*Event
	skipped := 0
	for i, e := range events {
		if e.Kind == PhaseEvent && (i+1 == len(events) || events[i+1].Kind == PhaseEvent) {
			continue
		}
		if e.Kind != FlowEvent || e.Outcome != Skipped {
			skipped = 0
			list = append(list, e)
			continue
		}
		skipped++
		switch {
		case skipped <= maxSkipped:
			list = append(list, e)
		case skipped == maxSkipped+1:
			list = append(list, &Event{Kind: PhaseEvent, Depth: e.Depth, Name: "and more flows whose condition was false"})
		}
	}
	return list
}
