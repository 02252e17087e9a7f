package appint

import (
	"encoding/json"
	"regexp"
	"strconv"

	"github.com/goccy/go-yaml"

	"sluice/internal/ordjson"
)

// integrationName is what a new integration may be called; "-" alone stands for all.
var integrationName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$`)

func (s *Service) createVersion(q *request) (any, error) {
	document, err := q.document()
	if err != nil {
		return nil, err
	}
	return s.newVersion(q, document)
}

func (s *Service) newVersion(q *request, document *ordjson.Node) (*ordjson.Node, error) {
	name := q.PathValue("integration")
	if !integrationName.MatchString(name) {
		return nil, invalid("%q is not a name of an integration: it must be 1 to %d letters, digits, - and _.", name, nameLimit)
	}
	v, err := s.versions.create(q.Context(), name, document)
	if err != nil {
		return nil, err
	}
	return s.resource(q, v), nil
}

// resource is a version as the API shows it.
func (s *Service) resource(q *request, v *version) *ordjson.Node {
	h, _ := s.versions.heads.get(v.Integration)
	return v.resource(q.integration(v.Integration), h)
}

// uploadRequest is the body of versions.upload.
type uploadRequest struct {
	Content    string `json:"content"`
	FileFormat string `json:"fileFormat"`
}

func (s *Service) uploadVersion(q *request) (any, error) {
	var u uploadRequest
	if err := q.message(&u); err != nil {
		return nil, err
	}
	content := []byte(u.Content)
	switch u.FileFormat {
	case "", "FILE_FORMAT_UNSPECIFIED", "JSON":
	case "YAML":
		var err error
		if content, err = yaml.YAMLToJSON(content); err != nil {
			return nil, invalid("content is not YAML: %v", err)
		}
	default:
		return nil, invalid("fileFormat %q is not JSON or YAML.", u.FileFormat)
	}
	document, err := readDocument(content)
	if err != nil {
		return nil, err
	}
	v, err := s.newVersion(q, document)
	if err != nil {
		return nil, err
	}
	return ordjson.NewObject().Set("integrationVersion", v), nil
}

func (s *Service) listVersions(q *request) (any, error) {
	list := s.versions.of(q.PathValue("integration"))
	value := func(v version, name string) string { return s.versions.field(&v, name) }
	part, next, err := listed(q, list, value, "state", "status", "snapshotNumber", "userLabel", "createTime", "updateTime", "name", "description")
	if err != nil {
		return nil, err
	}
	items := ordjson.NewArray()
	for _, meta := range part {
		v, _, err := s.versions.get(q.Context(), meta.Integration, meta.ID)
		if err != nil {
			continue // deleted since
		}
		items.Push(masked(s.resource(q, v), q.parameter("fieldMask")))
	}
	answer := ordjson.NewObject()
	if items.Len() > 0 {
		answer.Set("integrationVersions", items)
	}
	if next != "" {
		answer.Set("nextPageToken", ordjson.NewString(next))
	}
	return answer, nil
}

// field is a field by which versions are filtered and sorted.
func (vs *versions) field(v *version, name string) string {
	switch name {
	case "snapshotNumber":
		return strconv.FormatInt(v.Snapshot, 10)
	case "userLabel":
		return v.Label
	case "description":
		return v.Description
	case "createTime":
		return timeText(v.Created)
	case "updateTime":
		return timeText(v.Updated)
	case "name":
		return v.ID
	}
	h, _ := vs.heads.get(v.Integration)
	return v.state(h)
}

// masked keeps the fields of a mask such as name,state; all without one.
func masked(n *ordjson.Node, mask string) *ordjson.Node {
	if mask == "" || mask == "*" {
		return n
	}
	out, err := patched(ordjson.NewObject(), n, mask)
	if err != nil {
		return n
	}
	return out
}

func (q *request) version(s *Service) (*version, error) {
	v, _, err := s.versions.get(q.Context(), q.PathValue("integration"), q.PathValue("version"))
	return v, err
}

func (s *Service) getVersion(q *request) (any, error) {
	v, err := q.version(s)
	if err != nil {
		return nil, err
	}
	return s.resource(q, v), nil
}

// patchVersion changes a draft. What was published stays as it was when it ran; Google's rule on
// that is not documented.
func (s *Service) patchVersion(q *request) (any, error) {
	given, err := q.document()
	if err != nil {
		return nil, err
	}
	v, err := s.versions.change(q.Context(), q.PathValue("integration"), q.PathValue("version"), func(v *version, h head) error {
		if state := v.state(h); state != draft {
			return precondition("Version %s is %s; only a DRAFT can be changed. Create a new version.", v.ID, state)
		}
		old, err := ordjson.Parse(v.Document)
		if err != nil {
			return err
		}
		document, err := patched(old, given, q.parameter("updateMask"))
		if err == nil {
			v.setDocument(document)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.resource(q, v), nil
}

func (s *Service) deleteVersion(q *request) (any, error) {
	_, err := s.versions.archive(q.Context(), q.PathValue("integration"), q.PathValue("version"))
	return none{}, err
}

func (s *Service) archiveVersion(q *request) (any, error) { return s.deleteVersion(q) }

type downloadVersionResponse struct {
	Content string `json:"content"`
}

func (s *Service) downloadVersion(q *request) (any, error) {
	v, err := q.version(s)
	if err != nil {
		return nil, err
	}
	content := ordjson.Append(nil, s.resource(q, v))
	if q.parameter("fileFormat") == "YAML" {
		if content, err = yaml.JSONToYAML(content); err != nil {
			return nil, err
		}
	}
	return downloadVersionResponse{string(content)}, nil
}

// publishRequest is the body of versions.publish, which may be empty.
type publishRequest struct {
	ConfigParameters map[string]json.RawMessage `json:"configParameters"`
}

func (s *Service) publishVersion(q *request) (any, error) {
	var p publishRequest
	if err := q.message(&p); err != nil {
		return nil, err
	}
	return none{}, s.versions.publish(q.Context(), q.PathValue("integration"), q.PathValue("version"), p.ConfigParameters)
}

func (s *Service) unpublishVersion(q *request) (any, error) {
	return none{}, s.versions.unpublish(q.Context(), q.PathValue("integration"), q.PathValue("version"))
}

func (s *Service) validateVersion(q *request) (any, error) {
	v, err := q.version(s)
	if err != nil {
		return nil, err
	}
	if bad := s.engine.Check(v.Integration, v.Document); len(bad) > 0 {
		return nil, &violations{"The version has problems:", bad}
	}
	return none{}, nil
}
