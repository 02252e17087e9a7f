package integrations

import (
	"context"
	"net/http"
	"strings"
)

var _ = register(taskKind{name: "CloudFunctionTask", ui: "Cloud Function", compile: compileCloudFunction})

// cloudFunction posts the variables of the execution to a function and takes back those that it
// answers with, both as event parameters:
//
//	{"eventParameters": {"parameters": [{"key": "name", "value": {"stringValue": "x"}}]}}
//
// That form is recalled from Google's page of the task and its samples; the one export that could be seen shows
// only the URL.
type cloudFunction struct {
	outcall
	url template
}

func compileCloudFunction(b *build, p parameters) (task, []error) {
	var errs []error
	t := &cloudFunction{url: p.template("TriggerUrl", &errs)}
	authorize, client := b.auth(p, &errs)
	if client == nil {
		client = b.clients.plain
	}
	t.outcall = outcall{client, authorize}
	return t, errs
}

func (t *cloudFunction) run(ctx context.Context, a *attempt) error {
	address, err := t.url.text(a.scope)
	if err != nil {
		return err
	}
	answer, err := t.json(ctx, a, http.MethodPost, address, a.event())
	if err != nil {
		return err
	}
	list, _ := getPath(answer, parsePath("eventParameters.parameters")).([]any)
	for _, e := range list {
		o, ok := e.(*object)
		if !ok {
			continue
		}
		v, _, err := readValueType(o.get("value"))
		if err == nil && v != nil {
			err = a.scope.setNamed(text(o.get("key")), v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// event is the execution as event parameters: the declared variables that have a value.
func (a *attempt) event() value {
	list := []any{}
	for _, v := range a.in.variables {
		current, _ := a.scope.named(v.key)
		if current == nil || strings.HasPrefix(v.key, "`") {
			continue
		}
		p := newObject()
		p.put("key", v.key)
		p.put("value", valueType(current))
		list = append(list, p)
	}
	o := newObject()
	o.put("executionId", a.id)
	o.put("integrationName", a.in.name)
	o.put("eventParameters", newObject().with("parameters", list))
	return o
}

// valueType is v as a ValueType of the API.
func valueType(v value) *object {
	switch v := v.(type) {
	case string:
		return newObject().with("stringValue", v)
	case bool:
		return newObject().with("booleanValue", v)
	case int64:
		return newObject().with("intValue", text(v))
	case float64:
		return newObject().with("doubleValue", v)
	}
	return newObject().with("jsonValue", text(v))
}
