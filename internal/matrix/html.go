package matrix

import (
	_ "embed" // the page, its style and its script
	"html/template"
	"io"
	"slices"
	"strings"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/style.css
var pageStyle string

//go:embed page/script.js
var pageScript string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// WriteHTML writes the matrix as one page that needs nothing else: a heat map,
// and the story of each cell.
func (m *Matrix) WriteHTML(w io.Writer) error {
	p := page{Matrix: m, Title: strings.Join(m.Proxies, ", "), Style: template.CSS(pageStyle), Script: template.JS(pageScript)}
	p.columns()
	p.endpoints()
	for _, o := range Outcomes {
		if n := m.Totals.Outcomes[o]; n > 0 {
			p.Counts = append(p.Counts, outcomeCount{o, letterOf(o), meaning(o), n})
		}
	}
	return pageTemplate.Execute(w, &p)
}

// page is what the template shows.
type page struct {
	*Matrix
	Title     string
	Style     template.CSS
	Script    template.JS
	Groups    []*columnGroup
	Width     int // columns
	Endpoints []pageEndpoint
	Counts    []outcomeCount

	index map[column]int
}

type outcomeCount struct {
	Outcome        Outcome
	Letter, Legend string
	Count          int
}

// letterOf is the letter of an outcome; for rules, which have one each, the first.
func letterOf(o Outcome) string {
	if o == Handled {
		return ruleLetter(0)
	}
	return letters[o]
}

// meaning is the legend without the name that stands beside it.
func meaning(o Outcome) string {
	name, rest, ok := strings.Cut(legend[o], ": ")
	if !ok {
		return name
	}
	return rest
}

// column is a fault; Group is "" for a name that several policy types share.
type column struct{ Group, Name string }

type columnGroup struct {
	Name    string
	Columns []string
}

// Heading is the name if it fits above the columns: they are 24 pixels wide and
// a letter is 6. The rows tell it too.
func (g *columnGroup) Heading() string {
	if len(g.Name)*6 > len(g.Columns)*24 {
		return ""
	}
	return g.Name
}

type pageEndpoint struct {
	Name  string
	Rules []pageRule
	Idle  []string // rules that no fault leads to
	Flows []pageFlow
}

// pageRule is a rule that answers something, with the colour of its cells.
type pageRule struct {
	Letter, Name string
	Outcome      Outcome
}

type pageFlow struct {
	Name string
	Rows []pageRow
}

type pageRow struct {
	*Row
	Index int
	Slots []slot // one for each column
}

// slot is a cell of the table; Cell is nil where the step has no such fault.
type slot struct {
	Cell   *Cell
	Letter string
	Index  int
}

// sharedGroup is the heading of faults that several policy types have.
const sharedGroup = "several policies"

// columns makes a column for each fault, those of one policy type together.
func (p *page) columns() {
	homes := map[string][]string{} // fault -> groups
	for _, r := range p.Rows {
		for _, c := range r.Cells {
			if !slices.Contains(homes[c.Fault], c.Group) {
				homes[c.Fault] = append(homes[c.Fault], c.Group)
			}
		}
	}
	p.index = map[column]int{}
	var groups []*columnGroup
	seen := map[column]bool{}
	for _, r := range p.Rows {
		for _, c := range r.Cells {
			at := c.column(homes)
			if seen[at] {
				continue
			}
			seen[at] = true
			groups = addColumn(groups, at)
		}
	}
	slices.SortStableFunc(groups, func(a, b *columnGroup) int { return groupRank(a.Name) - groupRank(b.Name) })
	p.Groups = groups
	for _, g := range groups {
		for _, name := range g.Columns {
			p.index[column{g.Name, name}] = p.Width
			p.Width++
		}
	}
}

func (c *Cell) column(homes map[string][]string) column {
	if len(homes[c.Fault]) > 1 && c.Group != targetGroup && c.Group != clientGroup {
		return column{sharedGroup, c.Fault}
	}
	return column{c.Group, c.Fault}
}

func addColumn(groups []*columnGroup, at column) []*columnGroup {
	for _, g := range groups {
		if g.Name == at.Group {
			g.Columns = append(g.Columns, at.Name)
			return groups
		}
	}
	return append(groups, &columnGroup{at.Group, []string{at.Name}})
}

// groupRank puts what every policy has first and what is no policy's last.
func groupRank(name string) int {
	switch name {
	case sharedGroup:
		return 0
	case routeGroup:
		return 2
	case targetGroup:
		return 3
	case clientGroup:
		return 4
	}
	return 1
}

func (p *page) endpoints() {
	homes := map[string][]string{}
	for at := range p.index {
		if at.Group == sharedGroup {
			homes[at.Name] = []string{"", ""}
		}
	}
	n := 0
	keys := p.keys()
	for _, rows := range p.groups() {
		k := keys[rows[0].group()]
		e := pageEndpoint{Name: rows[0].group(), Idle: k.idle}
		for _, name := range sortedByLetter(k.letters) {
			e.Rules = append(e.Rules, pageRule{k.letters[name], name, Handled})
		}
		if k.byDefault != "" {
			e.Rules = append(e.Rules, pageRule{letters[Defaulted], k.byDefault, Defaulted})
		}
		for _, r := range rows {
			if len(e.Flows) == 0 || e.Flows[len(e.Flows)-1].Name != r.where() {
				e.Flows = append(e.Flows, pageFlow{Name: r.where()})
			}
			f := &e.Flows[len(e.Flows)-1]
			f.Rows = append(f.Rows, pageRow{r, n, p.slots(r, homes, k)})
			n++
		}
		p.Endpoints = append(p.Endpoints, e)
	}
}

func (p *page) slots(r *Row, homes map[string][]string, k *ruleKey) []slot {
	slots := make([]slot, p.Width)
	for i, c := range r.Cells {
		slots[p.index[c.column(homes)]] = slot{c, k.letter(c), i}
	}
	return slots
}

// Data is what the script reads.
func (p *page) Data() map[string]any { return map[string]any{"rows": p.Rows} }

// Span is the number of columns of the table, for headings across it.
func (p *page) Span() int { return p.Width + 1 }
