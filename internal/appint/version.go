package appint

import (
	"encoding/json"
	"strconv"
	"time"

	"sluice/internal/ordjson"
)

// version is one version of an integration, as the bucket keeps it.
type version struct {
	ID          string          `json:"id"`
	Integration string          `json:"integration"`
	Snapshot    int64           `json:"snapshot"`
	Label       string          `json:"label,omitempty"`
	Description string          `json:"description,omitempty"`
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
	Published   bool            `json:"published,omitempty"` // at any time
	Archived    bool            `json:"archived,omitempty"`
	FromFile    bool            `json:"fromFile,omitempty"`
	Config      json.RawMessage `json:"config,omitempty"`   // configParameters of the last publish
	Document    json.RawMessage `json:"document,omitempty"` // IntegrationVersion, as it was given; not in memory
}

// head is what there is to know of an integration besides its versions.
type head struct {
	Name        string    `json:"name"`
	Active      string    `json:"active,omitempty"`      // id of the published version
	Publication int64     `json:"publication,omitempty"` // counts changes of Active
	Next        int64     `json:"next"`                  // snapshot number of the next version
	Created     time.Time `json:"created"`
	Updated     time.Time `json:"updated"`
}

// States of a version, as the API names them.
const (
	draft    = "DRAFT"
	active   = "ACTIVE"
	archived = "ARCHIVED"
	snapshot = "SNAPSHOT" // was published
)

// state is that of a version under its head, whose word on what is active is the last: a publish
// changes the head alone, so that at no time two versions are active.
func (v *version) state(h head) string {
	switch {
	case h.Active == v.ID:
		return active
	case v.Archived:
		return archived
	case v.Published:
		return snapshot
	}
	return draft
}

// outputOnly are fields that the API sets; what a document says there is left out.
var outputOnly = []string{"name", "snapshotNumber", "state", "status", "createTime", "updateTime"}

// readDocument reads an IntegrationVersion in either spelling.
func readDocument(data []byte) (*ordjson.Node, error) {
	n, err := parseObject(data)
	if err != nil {
		return nil, err
	}
	return deepRenamed(n), nil
}

// setDocument makes n the document of v.
func (v *version) setDocument(n *ordjson.Node) {
	v.Document = ordjson.Append(nil, without(n, outputOnly...))
	v.Label, v.Description = textOf(n, "userLabel"), textOf(n, "description")
}

// resource is v as the API shows it.
func (v *version) resource(parent string, h head) *ordjson.Node {
	out := ordjson.NewObject()
	out.Set("name", ordjson.NewString(parent+"/versions/"+v.ID))
	if document, err := ordjson.Parse(v.Document); err == nil { // it was written by setDocument
		for name, field := range document.Members() {
			out.Set(name, field)
		}
	}
	state := ordjson.NewString(v.state(h))
	out.Set("snapshotNumber", ordjson.NewString(strconv.FormatInt(v.Snapshot, 10)))
	out.Set("state", state).Set("status", state)
	out.Set("createTime", ordjson.NewString(timeText(v.Created)))
	out.Set("updateTime", ordjson.NewString(timeText(v.Updated)))
	return out
}

func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func without(n *ordjson.Node, names ...string) *ordjson.Node {
	drop := map[string]bool{}
	for _, name := range names {
		drop[name] = true
	}
	out := ordjson.NewObject()
	for name, v := range n.Members() {
		if !drop[name] {
			out.Set(name, v)
		}
	}
	return out
}

// textOf is the text of a field, empty if there is none.
func textOf(n *ordjson.Node, name string) string {
	if v := n.Get(name); v != nil && v.Kind() == ordjson.String {
		return v.Text()
	}
	return ""
}
