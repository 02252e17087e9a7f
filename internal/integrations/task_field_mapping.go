package integrations

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

var _ = register(taskKind{name: "FieldMappingTask", ui: "Data Mapping", compile: compileFieldMapping})

// fieldMapping is Data Mapping: rows run top to bottom and see what earlier rows assigned
// (https://cloud.google.com/application-integration/docs/data-mapping-task).
type fieldMapping struct{ rows []mappingRow }

type mappingRow struct {
	target   reference
	from     *expression
	fallback value
}

type wireMapping struct {
	MappedFields []struct {
		InputField  wireField `json:"inputField"`
		OutputField wireField `json:"outputField"`
	} `json:"mappedFields"`
}

type wireField struct {
	ReferenceKey        string          `json:"referenceKey"`
	TransformExpression *wireExpression `json:"transformExpression"`
	DefaultValue        json.RawMessage `json:"defaultValue"`
}

func compileFieldMapping(_ *build, p parameters) (task, []error) {
	v, err := p.typed("FieldMappingConfigTaskParameterKey")
	if err != nil {
		return nil, []error{err}
	}
	var w wireMapping
	// The lenient text has become a value; written as JSON proper it fits encoding/json.
	if err := json.Unmarshal(appendJSON(nil, v), &w); err != nil {
		return nil, []error{fmt.Errorf("the mapping is not a FieldMappingConfig: %w", err)}
	}
	t := &fieldMapping{}
	var errs []error
	for i, f := range w.MappedFields {
		row, err := compileRow(f.InputField, f.OutputField)
		if err != nil {
			errs = append(errs, fmt.Errorf("row %d (%s): %w", i+1, f.OutputField.ReferenceKey, err))
		}
		t.rows = append(t.rows, row)
	}
	return t, errs
}

func compileRow(in, out wireField) (mappingRow, error) {
	target, ok := parseReference(out.ReferenceKey)
	if !ok {
		return mappingRow{}, fmt.Errorf("output %q is not a reference", out.ReferenceKey)
	}
	if in.TransformExpression == nil { // a plain field: only a reference
		in.TransformExpression = &wireExpression{InitialValue: wireSource{ReferenceValue: in.ReferenceKey}}
	}
	from, err := compileExpression(*in.TransformExpression, 0)
	if err != nil {
		return mappingRow{}, err
	}
	fallback, _, err := readRawValueType(in.DefaultValue)
	return mappingRow{target: target, from: from, fallback: fallback}, err
}

var errNullInput = errors.New("the input is null and has no default value")

func (t *fieldMapping) run(ctx context.Context, a *attempt) error {
	m := &machine{ctx: ctx, r: a}
	for i, row := range t.rows {
		v, err := m.eval(row.from)
		if v == nil && ctx.Err() == nil && row.fallback != nil {
			v, err = row.fallback, nil
		}
		if v == nil && err == nil {
			err = errNullInput
		}
		if err == nil {
			err = a.scope.set(row.target, v)
		}
		if err != nil {
			return fmt.Errorf("row %d (%s): %w", i+1, row.target, err)
		}
	}
	return nil
}
