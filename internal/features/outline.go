package features

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/messages/go/v21"

	"sluice/internal/cases"
)

// expansion makes scenarios of a parsed feature. The first mistake ends it.
type expansion struct {
	file      string
	name      string // of the feature
	scenarios []*Scenario
	size      int // of all texts so far
	err       error
}

// Bounds of what the rows of Examples may make of a file: a placeholder's value
// may hold placeholders of later columns, and so double again and again.
const (
	maxScenarios = 10_000
	maxText      = 1 << 16
	maxTexts     = 32 << 20
)

func (e *expansion) feature(f *messages.Feature) {
	e.name = strings.TrimSpace(f.Name)
	var background []*messages.Step
	for _, child := range f.Children {
		switch {
		case child.Background != nil:
			background = append(background, child.Background.Steps...)
		case child.Rule != nil:
			e.rule(child.Rule, tags(nil, f.Tags), background)
		case child.Scenario != nil:
			e.scenario(child.Scenario, tags(nil, f.Tags), background)
		}
	}
}

func (e *expansion) rule(r *messages.Rule, inherited []string, background []*messages.Step) {
	for _, child := range r.Children {
		switch {
		case child.Background != nil:
			background = slices.Concat(background, child.Background.Steps)
		case child.Scenario != nil:
			e.scenario(child.Scenario, tags(inherited, r.Tags), background)
		}
	}
}

func (e *expansion) scenario(s *messages.Scenario, inherited []string, background []*messages.Step) {
	inherited = tags(inherited, s.Tags)
	if len(s.Examples) == 0 {
		e.add(s, int(s.Location.Line), inherited, background, row{})
		return
	}
	for _, x := range s.Examples {
		if x.TableHeader == nil {
			continue
		}
		for _, values := range x.TableBody {
			e.add(s, int(values.Location.Line), tags(inherited, x.Tags), background, row{cells(x.TableHeader), cells(values)})
		}
	}
}

func tags(inherited []string, own []*messages.Tag) []string {
	list := slices.Clone(inherited)
	for _, t := range own {
		list = append(list, t.Name)
	}
	return list
}

func (e *expansion) add(s *messages.Scenario, line int, tags []string, background []*messages.Step, r row) {
	if e.err != nil {
		return
	}
	if len(e.scenarios) == maxScenarios {
		e.fail(line, fmt.Sprintf("there are more than %d scenarios; split the file", maxScenarios))
		return
	}
	made := &Scenario{File: e.file, Line: line, Feature: e.name, Tags: tags, Name: strings.TrimSpace(e.fill(s.Name, r, line))}
	if len(s.Steps) > 0 {
		for _, step := range background {
			made.Steps = append(made.Steps, e.step(step, row{}))
		}
	}
	for _, step := range s.Steps {
		made.Steps = append(made.Steps, e.step(step, r))
	}
	e.scenarios = append(e.scenarios, made)
}

// step fills in a step. Blanks at the end of its line are no part of it; those
// that an empty cell leaves are.
func (e *expansion) step(s *messages.Step, r row) Step {
	line := int(s.Location.Line)
	made := Step{Line: line, Keyword: strings.TrimSpace(s.Keyword), Text: e.fill(strings.TrimSpace(s.Text), r, line), Table: tableOf(s.DataTable)}
	for _, cells := range made.Table {
		for i := range cells {
			cells[i] = e.fill(cells[i], r, line)
		}
	}
	if s.DocString != nil {
		made.HasDoc, made.Doc = true, e.fill(s.DocString.Content, r, line)
	}
	return made
}

// row is one row of Examples.
type row struct{ names, values []string }

// fill replaces the placeholders one column after another, as Cucumber does.
func (e *expansion) fill(text string, r row, line int) string {
	for i, name := range r.names {
		name = "<" + name + ">"
		if len(text)+strings.Count(text, name)*len(r.values[i]) > maxText {
			e.fail(line, fmt.Sprintf("with the values of the Examples the text is longer than %d KiB", maxText>>10))
			return text
		}
		text = strings.ReplaceAll(text, name, r.values[i])
	}
	if e.size += len(text); e.size > maxTexts {
		e.fail(line, fmt.Sprintf("with the values of the Examples the file is larger than %d MiB; split it", maxTexts>>20))
	}
	return text
}

func (e *expansion) fail(line int, text string) {
	if e.err == nil {
		e.err = &cases.Mistake{File: e.file, Line: line, Text: text}
	}
}
