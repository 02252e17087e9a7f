package appint

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

// What an operator is shown: the methods here answer from memory where they can, return one page
// however much there is, and change nothing.

// IntegrationInfo is an integration with its versions.
type IntegrationInfo struct {
	Name     string
	Active   string // id of the published version, empty when there is none
	Updated  time.Time
	Versions []VersionInfo // the latest first
}

// VersionInfo is a version of an integration.
type VersionInfo struct {
	ID          string
	Snapshot    int64
	State       string // DRAFT, ACTIVE, ARCHIVED or SNAPSHOT
	Label       string
	Description string
	FromFile    bool
	Created     time.Time
	Updated     time.Time
}

// IntegrationInfos returns up to n integrations whose names are above after, by name, and whether
// there are more.
func (s *Service) IntegrationInfos(after string, n int) (list []IntegrationInfo, more bool) {
	heads := s.versions.heads.list(func(h head) bool { return h.Name > after })
	slices.SortFunc(heads, func(a, b head) int { return strings.Compare(a.Name, b.Name) })
	heads, more = heads[:min(n, len(heads))], len(heads) > n
	byName := map[string][]version{}
	for _, h := range heads {
		byName[h.Name] = nil
	}
	for _, v := range s.versions.all.list(func(v version) bool { _, wanted := byName[v.Integration]; return wanted }) {
		byName[v.Integration] = append(byName[v.Integration], v)
	}
	for _, h := range heads {
		list = append(list, h.info(byName[h.Name]))
	}
	return list, more
}

// CountIntegrations returns how many integrations there are.
func (s *Service) CountIntegrations() int { return s.versions.heads.len() }

func (h head) info(versions []version) IntegrationInfo {
	i := IntegrationInfo{Name: h.Name, Active: h.Active, Updated: h.Updated}
	slices.SortFunc(versions, func(a, b version) int { return int(b.Snapshot - a.Snapshot) })
	for _, v := range versions {
		i.Versions = append(i.Versions, VersionInfo{
			ID: v.ID, Snapshot: v.Snapshot, State: v.state(h), Label: v.Label, Description: v.Description,
			FromFile: v.FromFile, Created: v.Created, Updated: v.Updated,
		})
	}
	return i
}

// ExecutionQuery chooses executions. The zero value of a field chooses all.
type ExecutionQuery struct {
	Integration string
	State       integrations.State
	After       ExecutionPlace // the page begins after it
	Limit       int            // of the page; 0 is none at all
}

// ExecutionPlace is the place of an execution in the list of all, the newest first.
type ExecutionPlace struct {
	Created time.Time
	ID      string
}

// compare tells which place comes first in the list.
func (p ExecutionPlace) compare(q ExecutionPlace) int {
	if c := q.Created.Compare(p.Created); c != 0 {
		return c
	}
	return strings.Compare(p.ID, q.ID)
}

// ExecutionInfo is an execution without what it read, wrote and did.
type ExecutionInfo struct {
	ExecutionPlace
	Integration string
	Version     string
	Trigger     string
	Method      integrations.Method
	State       integrations.State
	Parent      string    // the execution that waits for it, empty for none
	Due         time.Time // when one that waits goes on by itself, zero for no such time
	Updated     time.Time
	Suspensions int // all that there ever were
}

// ExecutionPage is a part of the executions that a query chooses.
type ExecutionPage struct {
	Executions []ExecutionInfo // the newest first
	More       bool            // whether there are older ones
	// States is how many executions of the integration there are in each state, whichever state
	// the query asks for.
	States map[integrations.State]int
}

// ExecutionInfos returns a page of executions: those that are kept, and those that run here while
// somebody waits for them. It looks once at what is known of each and holds no more than the page.
func (s *Service) ExecutionInfos(q ExecutionQuery) ExecutionPage {
	here := s.here()
	page := newestPage{query: q, states: map[integrations.State]int{}}
	kept := func(e summary) bool {
		if r := here[e.ID]; r != nil && !e.State.Ended() {
			e.State = r.State // on hold, for example
		}
		delete(here, e.ID)
		page.add(e)
		return false // nothing is to be copied
	}
	s.records.lasting.list(kept)
	s.records.past.list(kept)
	for _, r := range here {
		page.add(summarize(r, s.records.process))
	}
	return page.done()
}

// newestPage collects the first executions after a place, and counts.
type newestPage struct {
	query  ExecutionQuery
	states map[integrations.State]int
	list   []summary // in order, one more than the page has
}

func (e summary) place() ExecutionPlace { return ExecutionPlace{e.Created, e.ID} }

func (p *newestPage) add(e summary) {
	if p.query.Integration != "" && p.query.Integration != e.Integration {
		return
	}
	p.states[e.State]++
	if p.query.State != "" && p.query.State != e.State {
		return
	}
	if after := p.query.After; after.ID != "" && after.compare(e.place()) >= 0 {
		return
	}
	full := len(p.list) > p.query.Limit
	if full && p.list[len(p.list)-1].place().compare(e.place()) < 0 {
		return // as most are: this is all that is done for them
	}
	at, _ := slices.BinarySearchFunc(p.list, e.place(), func(e summary, to ExecutionPlace) int { return e.place().compare(to) })
	if full {
		p.list = p.list[:len(p.list)-1]
	}
	p.list = slices.Insert(p.list, at, e)
}

func (p *newestPage) done() ExecutionPage {
	page := ExecutionPage{States: p.states, More: len(p.list) > p.query.Limit}
	for _, e := range p.list[:min(len(p.list), p.query.Limit)] {
		i := ExecutionInfo{
			ExecutionPlace: e.place(), Integration: e.Integration, Version: e.Version, Trigger: e.Trigger, Method: e.Method,
			State: e.State, Parent: e.Parent, Updated: e.Updated, Suspensions: e.Suspensions,
		}
		if e.State == integrations.Pending || e.State == integrations.Suspended {
			i.Due = e.Due
		}
		page.Executions = append(page.Executions, i)
	}
	return page
}

// maxShownRecord is the largest record that is read to be shown, in bytes as it is kept: the
// process serves proxies, and must not spend its memory on looking at one execution.
const maxShownRecord = 32 << 20

// showTries is how often a record in parts is read that is written anew meanwhile.
const showTries = 3

// ExecutionRecord returns the record of an execution: as it is now when it runs here, otherwise as
// it is kept. Errors are those of the API (*integrations.StatusError): NOT_FOUND, UNAVAILABLE, and
// RESOURCE_EXHAUSTED for a record that is too large.
func (s *Service) ExecutionRecord(ctx context.Context, id string) (*integrations.Record, error) {
	if r := s.here()[id]; r != nil {
		return r, nil
	}
	for try := 1; ; try++ {
		r, err := s.shownRecord(ctx, id)
		switch {
		case err == nil:
			return r, nil
		case !errors.Is(err, state.ErrNotFound) && !errors.Is(err, errNoPart):
			return nil, statusOf(err)
		case try == showTries:
			return nil, notFound("Execution %q was not found.", id)
		}
	}
}

func (s *Service) shownRecord(ctx context.Context, id string) (*integrations.Record, error) {
	e, err := s.records.durable.Get(ctx, id)
	if errors.Is(err, state.ErrNotFound) {
		e, err = s.records.history.Get(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	var size struct{ Parts int }
	if err := json.Unmarshal(e.Value, &size); err == nil && size.Parts*partSize > maxShownRecord {
		return nil, status(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "The record of execution %q has up to %d MB; only up to %d MB are shown.", id, size.Parts*partSize>>20, maxShownRecord>>20)
	}
	r, _, err := s.records.decode(ctx, id, e)
	return r, err
}
