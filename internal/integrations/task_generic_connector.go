package integrations

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

var _ = register(taskKind{name: "GenericConnectorTask", ui: "Connectors", compile: compileConnector})

// connector calls a connection over the entities and actions of the Connectors API v2
// (https://cloud.google.com/integration-connectors/docs/reference/rest), at the address that
// Outside.Connectors gives: there are no connectors here.
type connector struct {
	outcall
	base                         string
	connection, operation        template
	entityType, entityID, action template
	filter, pageSize, pageToken  template
	sortBy, input, query         template
	output, nextPage             target
}

func compileConnector(b *build, p parameters) (task, []error) {
	var errs []error
	t := &connector{
		base:       strings.TrimSuffix(b.outside.Connectors, "/"),
		connection: p.template("connectionName", &errs), operation: p.template("operation", &errs),
		entityType: p.template("entityType", &errs), entityID: p.template("entityId", &errs), action: p.template("actionName", &errs),
		filter: p.template("filterClause", &errs), pageSize: p.template("listEntitiesPageSize", &errs), pageToken: p.template("listEntitiesPageToken", &errs),
		sortBy: p.template("listEntitiesSortByColumns", &errs), input: p.template("connectorInputPayload", &errs),
		output: p.target("connectorOutputPayload", &errs), nextPage: p.target("listEntitiesNextPageToken", &errs),
	}
	t.readConfig(p, &errs)
	t.outcall = outcall{b.clients.plain, b.asAccount(b.account)}
	if t.base == "" {
		errs = append(errs, &Problem{Reason: Setting, Text: "uses a connection, and no address that answers for connections is set"})
	}
	return t, errs
}

// readConfig reads the older form, in which config holds the connection and the operation.
func (t *connector) readConfig(p parameters, errs *[]error) {
	v, err := p.typed("config")
	if err != nil {
		*errs = append(*errs, fmt.Errorf("parameter config: %w", err))
	}
	if name, ok := getPath(v, parsePath("connection.connectionName")).(string); ok {
		t.connection = parseTemplate(name)
	}
	if operation, ok := getPath(v, parsePath("operation")).(string); ok {
		t.operation = parseTemplate(operation)
	}
	query, _ := p.typed("executeQueryRequestConfig")
	if ref, ok := getPath(query, parsePath("query.referenceKey")).(string); ok {
		t.query = parseTemplate(ref)
	} else if literal, ok := getPath(query, parsePath("query.literalValue.stringValue")).(string); ok {
		t.query = parseTemplate(literal)
	}
}

// A connectorCall is one request, its parts resolved.
type connectorCall struct {
	method, path string
	query        url.Values
	body         value
}

func (t *connector) run(ctx context.Context, a *attempt) error {
	r := &resolver{s: a.scope}
	c, err := t.call(r)
	if err == nil {
		err = r.err
	}
	if err != nil {
		return err
	}
	address := t.base + "/v2/" + c.path
	if len(c.query) > 0 {
		address += "?" + c.query.Encode()
	}
	answer, err := t.json(ctx, a, c.method, address, c.body)
	if err != nil {
		return err
	}
	if next, ok := getPath(answer, parsePath("nextPageToken")).(string); ok {
		if err := t.nextPage.set(a, next); err != nil {
			return err
		}
	}
	return t.output.set(a, payload(answer))
}

// call is the request of the operation. Names of the operations are those of the API.
func (t *connector) call(r *resolver) (connectorCall, error) {
	connection := escapePath(r.text(t.connection))
	entities := connection + "/entityTypes/" + url.PathEscape(r.text(t.entityType)) + "/entities"
	entity := entities + "/" + url.PathEscape(r.text(t.entityID))
	fields := func() value { return newObject().with("fields", r.json(t.input)) }
	switch op := r.text(t.operation); op {
	case "LIST_ENTITIES":
		return connectorCall{method: http.MethodGet, path: entities, query: t.listing(r)}, nil
	case "GET_ENTITY":
		return connectorCall{method: http.MethodGet, path: entity}, nil
	case "CREATE_ENTITY":
		return connectorCall{method: http.MethodPost, path: entities, body: fields()}, nil
	case "UPDATE_ENTITY":
		return connectorCall{method: http.MethodPatch, path: entity, body: fields()}, nil
	case "DELETE_ENTITY":
		return connectorCall{method: http.MethodDelete, path: entity}, nil
	case "EXECUTE_ACTION":
		path := connection + "/actions/" + url.PathEscape(r.text(t.action)) + ":execute"
		return connectorCall{method: http.MethodPost, path: path, body: newObject().with("parameters", r.json(t.input))}, nil
	case "EXECUTE_QUERY":
		query := newObject().with("query", newObject().with("query", r.text(t.query)))
		return connectorCall{method: http.MethodPost, path: connection + ":executeSqlQuery", body: query}, nil
	default:
		return connectorCall{}, fmt.Errorf("operation %q is not one of a connection", op)
	}
}

func (t *connector) listing(r *resolver) url.Values {
	q := url.Values{}
	for name, from := range map[string]template{"conditions": t.filter, "pageSize": t.pageSize, "pageToken": t.pageToken, "sortBy": t.sortBy} {
		if v := r.text(from); v != "" && v != "0" && v != "[]" {
			q.Set(name, v)
		}
	}
	return q
}

// payload is connectorOutputPayload: the fields of the entity or of each entity, or the results
// of the action.
func payload(answer value) value {
	if list, ok := getPath(answer, parsePath("entities")).([]any); ok {
		out := make([]any, 0, len(list))
		for _, e := range list {
			out = append(out, getPath(e, parsePath("fields")))
		}
		return out
	}
	if fields := getPath(answer, parsePath("fields")); fields != nil {
		return fields
	}
	if results := getPath(answer, parsePath("results")); results != nil {
		return results
	}
	return answer
}

// A resolver resolves templates and keeps the first error.
type resolver struct {
	s   *scope
	err error
}

func (r *resolver) text(t template) string {
	s, err := t.text(r.s)
	if r.err == nil {
		r.err = err
	}
	return s
}

func (r *resolver) json(t template) value {
	v, err := t.value(r.s)
	if r.err == nil {
		r.err = err
	}
	if v == nil {
		return newObject()
	}
	return toJSON(v)
}
