package appint

import (
	"slices"
	"strings"

	"sluice/internal/ordjson"
)

func (s *Service) createProfile(q *request) (any, error) {
	document, err := q.document()
	if err != nil {
		return nil, err
	}
	p, err := s.profiles.create(q.Context(), document)
	if err != nil {
		return nil, err
	}
	return p.resource(q.parent()), nil
}

func (s *Service) getProfile(q *request) (any, error) {
	p, _, err := s.profiles.get(q.Context(), q.PathValue("profile"))
	if err != nil {
		return nil, err
	}
	return p.resource(q.parent()), nil
}

func (s *Service) patchProfile(q *request) (any, error) {
	given, err := q.document()
	if err != nil {
		return nil, err
	}
	p, err := s.profiles.patch(q.Context(), q.PathValue("profile"), given, q.parameter("updateMask"))
	if err != nil {
		return nil, err
	}
	return p.resource(q.parent()), nil
}

func (s *Service) deleteProfile(q *request) (any, error) {
	return none{}, s.profiles.remove(q.Context(), q.PathValue("profile"))
}

func (s *Service) listProfiles(q *request) (any, error) {
	list := s.profiles.all.list(func(profile) bool { return true })
	slices.SortFunc(list, func(a, b profile) int { return strings.Compare(a.ID, b.ID) })
	value := func(p profile, name string) string {
		if name == "name" {
			return p.ID
		}
		return p.field(name)
	}
	part, next, err := listed(q, list, value, "displayName", "name", "credentialType", "visibility", "state")
	if err != nil {
		return nil, err
	}
	answer, items := ordjson.NewObject(), ordjson.NewArray()
	for _, p := range part {
		items.Push(p.resource(q.parent()))
	}
	if items.Len() > 0 {
		answer.Set("authConfigs", items)
	}
	if next != "" {
		answer.Set("nextPageToken", ordjson.NewString(next))
	}
	return answer, nil
}
