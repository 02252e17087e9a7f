package integrations

import (
	"context"
	"errors"
	"fmt"
)

var _ = register(taskKind{name: "JsonnetMapperTask", ui: "Data Transformer", compile: compileJsonnetMapper})

// jsonnetMapper is Data Transformer: a Jsonnet template whose result names the variables to set
// (https://cloud.google.com/application-integration/docs/configure-data-transformer-script-task).
type jsonnetMapper struct{ template *jsonnetTemplate }

func compileJsonnetMapper(_ *build, p parameters) (task, []error) {
	var errs []error
	source := constant(p, "template", toText, &errs)
	if len(errs) > 0 {
		return nil, errs
	}
	t, err := compileJsonnet(source)
	if err != nil {
		return nil, []error{fmt.Errorf("parameter template: %w", err)}
	}
	return &jsonnetMapper{t}, nil
}

var errNotVariables = errors.New("the result of the template is not an object of variables")

func (t *jsonnetMapper) run(ctx context.Context, a *attempt) error {
	written, err := t.template.run(ctx, a)
	if err != nil {
		return err
	}
	v, err := parseJSON(written)
	if err != nil {
		return err
	}
	o, ok := v.(*object)
	if !ok {
		return errNotVariables
	}
	for _, name := range o.names {
		if err := a.scope.setNamed(name, o.fields[name]); err != nil {
			return fmt.Errorf("variable %s: %w", name, err)
		}
	}
	return nil
}
