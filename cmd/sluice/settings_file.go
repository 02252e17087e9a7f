package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"sluice/internal/spelling"
)

// readFile reads the configuration file: YAML, where a key that is not a setting,
// and a value of another type than its own, is an error with its line and a caret.
func (s *settings) readFile(file string) error {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("configuration file %s does not exist", file)
	}
	if err != nil {
		return err
	}
	if err := yaml.UnmarshalWithOptions(data, s, yaml.Strict()); err != nil {
		return fmt.Errorf("configuration file %s: %s", file, s.explain(data, err))
	}
	return nil
}

// explain says what is wrong in a configuration file in terms of settings: the
// words of the YAML library are those of Go types.
func (s *settings) explain(data []byte, err error) string {
	var unknown *yaml.UnknownFieldError
	var mistyped *yaml.TypeError
	var misshapen *yaml.UnexpectedNodeTypeError
	var text string
	switch {
	case errors.As(err, &unknown):
		key := unknown.Token.Value
		text = fmt.Sprintf("line %d: there is no key %q%s; `sluice serve --help` lists them", unknown.Token.Position.Line, key, didYouMean(key, s.keys()))
	case errors.As(err, &mistyped):
		text = s.mistyped(mistyped.Token)
	case errors.As(err, &misshapen):
		text = s.mistyped(misshapen.Token)
	default:
		return s.badDuration(data) + "\n" + yaml.FormatError(err, false, true)
	}
	_, source, _ := strings.Cut(yaml.FormatError(err, false, true), "\n")
	return text + "\n" + source
}

// mistyped says of which type the value at a token must be.
func (s *settings) mistyped(t *token.Token) string {
	key := topKey(t)
	return fmt.Sprintf("line %d: %s: want %s", t.Position.Line, key, wanted(s.keyTypes()[key]))
}

// badDuration finds the key whose value is no duration: the error of the YAML
// library has no place then.
func (s *settings) badDuration(data []byte) string {
	values := map[string]any{}
	_ = yaml.Unmarshal(data, &values) // no YAML: no keys
	for key, t := range s.keyTypes() {
		if value, ok := values[key].(string); ok && t == reflect.TypeFor[time.Duration]() {
			if _, err := time.ParseDuration(value); err != nil {
				return key + ": want " + wanted(t)
			}
		}
	}
	return ""
}

// topKey is the key that a token is the value of, or in the value of: settings are
// one flat list, so it is the last one in the first column.
func topKey(t *token.Token) string {
	for ; t != nil; t = t.Prev {
		if t.Position.Column == 1 && t.Next != nil && t.Next.Type == token.MappingValueType {
			return t.Value
		}
	}
	return "the file"
}

// wanted says how a value of a type is written.
func wanted(t reflect.Type) string {
	switch {
	case t == nil:
		return "lines KEY: VALUE"
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 30s"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case t.Kind() == reflect.Int:
		return "a number"
	case t.Kind() == reflect.Slice:
		return "a list, as in [one, two]"
	case t.Kind() == reflect.Map:
		return "a map, as in {NAME: HOST:PORT}"
	}
	return "text"
}

// keyTypes are the keys of the file with the types of their values.
func (s *settings) keyTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(*s)) {
		if key, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); key != "" {
			types[key] = f.Type
		}
	}
	return types
}

func (s *settings) keys() []string {
	names := []string{"paths"}
	for _, o := range s.options() {
		names = append(names, o.name)
	}
	slices.Sort(names)
	return names
}

// didYouMean names the name that was probably meant; "" when there is none.
func didYouMean(written string, names []string) string {
	if near := spelling.Likely(written, names); near != "" {
		return fmt.Sprintf(": did you mean %s?", near)
	}
	return ""
}

const (
	variablePrefix = "SLUICE_"
	configVariable = variablePrefix + "CONFIG"
)

// warnOfVariables tells of environment variables that look like settings and are
// none. Kubernetes makes some for a Service that is called sluice.
func (s *settings) warnOfVariables(environ []string, w io.Writer) {
	known := []string{configVariable, variablePrefix + "INTEGRATIONS_URL"} // the latter is of sluice integrations
	for _, o := range s.options() {
		known = append(known, o.environment())
	}
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(variable, "=")
		ours := strings.HasPrefix(name, variablePrefix) && !strings.HasPrefix(name, variablePrefix+"SERVICE_") && !strings.HasPrefix(name, variablePrefix+"PORT")
		if ours && !slices.Contains(known, name) {
			fmt.Fprintf(w, "environment variable %s: warning: there is no such setting%s\n", name, didYouMean(name, known))
		}
	}
}
