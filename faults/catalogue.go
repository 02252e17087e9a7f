package faults

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed catalogue/*.json
var catalogueFiles embed.FS

// catalogue is complete before any other package's variables are initialised,
// so that they may call MustRuntime. Its content is part of the program: a
// broken file is a broken build, hence the panic.
var catalogue = func() *index {
	defs, err := load()
	if err != nil {
		panic(fmt.Sprintf("faults: embedded catalogue: %v", err))
	}
	return newIndex(defs)
}()

// Lookup finds a runtime fault of a policy element by its name, its whole code,
// a name/variant, or an alias. Names are case-sensitive.
func Lookup(element, name string) (*Def, bool) {
	d, ok := catalogue.byName[key{element, Runtime, name}]
	return d, ok
}

// LookupDeployment is Lookup for deployment faults.
func LookupDeployment(element, name string) (*Def, bool) {
	d, ok := catalogue.byName[key{element, Deployment, name}]
	return d, ok
}

// MustRuntime finds a fault of the runtime itself and panics when there is
// none. It is for package-level variables only.
func MustRuntime(name string) *Def {
	d, ok := Lookup(ElementRuntime, name)
	if !ok {
		panic(fmt.Sprintf("faults: no runtime fault named %q in the catalogue", name))
	}
	return d
}

// All returns every entry of the catalogue: elements in alphabetical order, the
// runtime's and sluice's own last, entries in the order of their file.
func All() []*Def { return slices.Clone(catalogue.defs) }

// Elements returns the elements that have faults, sorted.
func Elements() []string {
	names := make([]string, 0, len(catalogue.defs))
	for _, d := range catalogue.defs {
		names = append(names, d.Element)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

type key struct {
	element string
	kind    Kind
	name    string
}

type index struct {
	defs   []*Def
	byName map[key]*Def
}

// newIndex lists each Def under everything that it may be called. Where two claim
// one name, the claim made earlier in this function wins, then the earlier Def.
func newIndex(defs []*Def) *index {
	x := &index{defs: defs, byName: make(map[key]*Def, 4*len(defs))}
	for _, plain := range []bool{true, false} {
		for _, d := range defs {
			if (d.Variant == "") == plain {
				x.claim(d, d.Code, d.Name)
			}
		}
	}
	for _, d := range defs {
		if d.Variant != "" {
			x.claim(d, d.Name+"/"+d.Variant)
		}
		for _, v := range d.Variants {
			x.claim(d.variant(v), d.Name+"/"+v.When)
		}
	}
	for _, d := range defs {
		x.claim(d, lastPart(d.Code), d.DocumentedCode)
		x.claim(d, d.Aliases...)
	}
	return x
}

func (x *index) claim(d *Def, names ...string) {
	for _, name := range names {
		k := key{d.Element, d.Kind, name}
		if _, taken := x.byName[k]; !taken && name != "" {
			x.byName[k] = d
		}
	}
}

// variant is d with another text.
func (d *Def) variant(v Variant) *Def {
	other := *d
	other.Variant, other.Text, other.Variants = v.When, v.Text, nil
	return &other
}

func lastPart(code string) string { return code[strings.LastIndexByte(code, '.')+1:] }

// entry is a fault as the catalogue files spell it.
type entry struct {
	Element       string    `json:"element"`
	Kind          Kind      `json:"kind"`
	Code          string    `json:"code"`
	CodeInferred  bool      `json:"code_inferred"`
	Name          string    `json:"name"`
	Subtype       string    `json:"subtype"`
	Status        any       `json:"status"` // number, null, or a sentence
	StatusEdge    int       `json:"status_edge"`
	Text          string    `json:"faultstring"`
	Variants      []Variant `json:"variants"`
	Reasons       []string  `json:"reasons"`
	Flag          string    `json:"fault_variable"`
	FlagAliases   []string  `json:"aliases_fault_variable"`
	CauseVariable string    `json:"fault_cause_variable"`
	ResponseBody  string    `json:"response_body"`
	Operations    []string  `json:"operations"`
	OnlyGenerate  bool      `json:"only_generate"`
	Aliases       []string  `json:"aliases"`
	Documented    string    `json:"documented_code"`
	DeployPrefix  string    `json:"deploy_prefix"`
	Cause         string    `json:"cause"`
	Evidence      string    `json:"evidence"`
	TextEvidence  string    `json:"faultstring_evidence"`
	Note          string    `json:"note"`
	Source        string    `json:"source"`
}

// load reads the embedded files in the order of their names. Policy elements
// begin with a capital, so runtime.json and sluice.json come last, and sluice's
// own entries never take a name from Apigee's.
func load() ([]*Def, error) {
	files, err := catalogueFiles.ReadDir("catalogue")
	if err != nil {
		return nil, err
	}
	var defs []*Def
	for _, file := range files {
		content, err := catalogueFiles.ReadFile("catalogue/" + file.Name())
		if err != nil {
			return nil, err
		}
		entries, err := decode(content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name(), err)
		}
		for i := range entries {
			defs = append(defs, entries[i].def())
		}
	}
	return defs, nil
}

// decode refuses unknown fields: a fact that no field takes would be lost.
func decode(content []byte) ([]entry, error) {
	var entries []entry
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.DisallowUnknownFields()
	err := dec.Decode(&entries)
	return entries, err
}

func (e *entry) def() *Def {
	d := &Def{
		Element: e.Element, Kind: e.Kind, Code: e.Code, Name: e.Name, Variant: e.Subtype,
		StatusEdge: e.StatusEdge,
		Text:       e.Text, Variants: e.Variants, Reasons: e.Reasons,
		CauseVariable: e.CauseVariable,
		ResponseBody:  e.ResponseBody, Operations: e.Operations, OnlyGenerate: e.OnlyGenerate,
		Aliases: e.Aliases, DocumentedCode: e.Documented, CodeInferred: e.CodeInferred,
		DeployPrefix: e.DeployPrefix,
		Cause:        e.Cause, Evidence: e.Evidence, TextEvidence: e.TextEvidence,
		Note: e.Note, Source: e.Source,
	}
	switch status := e.Status.(type) {
	case float64:
		d.Status = int(status)
	case string:
		d.StatusText = status
	}
	if e.Flag != "" {
		d.Flags = append([]string{e.Flag}, e.FlagAliases...)
	}
	if said, ok := d.bodyError(); ok {
		d.Variant = cmp.Or(d.Variant, strings.Join(append(slices.Clone(d.Operations), said), "/"))
	}
	d.sentence = compose(d)
	d.flags = flagPatterns(append(slices.Clone(d.Flags), ownFlags[d.Element]...))
	return d
}
