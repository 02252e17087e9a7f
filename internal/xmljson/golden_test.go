package xmljson

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestToJSON runs testdata/json, TestToXML testdata/xml: an "options" section holds for what follows, one "Name: value" a
// line; then each "in" is followed by its "out" or its "error". "options" without lines are the zero value.
func TestToJSON(t *testing.T) {
	golden(t, "testdata/json/*.txt", func(options string) (conversion, error) {
		o, err := jsonOptions(options)
		return NewToJSON(o).Convert, err
	})
}

func TestToXML(t *testing.T) {
	golden(t, "testdata/xml/*.txt", func(options string) (conversion, error) {
		var o XMLOptions
		err := setOptions(&o, options)
		return NewToXML(o).Convert, err
	})
}

// conversion is the Convert of a ToJSON or ToXML.
type conversion func(src []byte, charset string) ([]byte, error)

func golden(t *testing.T, pattern string, prepare func(options string) (conversion, error)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) { goldenFile(t, archive.Files, prepare) })
	}
}

func goldenFile(t *testing.T, sections []txtar.File, prepare func(options string) (conversion, error)) {
	convert, err := prepare("")
	var in, got string
	for _, section := range sections {
		data := strings.TrimSuffix(string(section.Data), "\n")
		switch section.Name {
		case "options":
			convert, err = prepare(data)
		case "in":
			in = data
			out, failed := convert([]byte(in), "")
			if got = string(out); failed != nil {
				got = failed.Error()
			}
		case "out", "error":
			if got != data {
				t.Errorf("%s\ngives %s\nwant  %s", in, got, data)
			}
		default:
			t.Fatalf("section %q", section.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// jsonOptions reads options; "Format: name" are those of a format, "TreatAsArray: PATH [unwrap] [name=NAME]" adds a path.
func jsonOptions(text string) (o JSONOptions, err error) {
	var rest []string
	for _, line := range strings.Split(text, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch name {
		case "Format":
			var ok bool
			if o, ok = Format(value); !ok {
				return o, fmt.Errorf("no format %s", value)
			}
		case "TreatAsArray":
			words := strings.Fields(value)
			p := ArrayPath{Path: words[0]}
			for _, w := range words[1:] {
				p.Unwrap = p.Unwrap || w == "unwrap"
				p.Name = strings.TrimPrefix(w, "name=")
			}
			if p.Name == "unwrap" {
				p.Name = ""
			}
			o.TreatAsArray = append(o.TreatAsArray, p)
		default:
			rest = append(rest, line)
		}
	}
	return o, setOptions(&o, strings.Join(rest, "\n"))
}

func setOptions(o any, text string) error {
	for _, line := range strings.Split(text, "\n") {
		if line == "" {
			continue
		}
		name, value, _ := strings.Cut(line, ": ")
		field := reflect.ValueOf(o).Elem().FieldByName(name)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(value == "true")
		case reflect.Int:
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			field.SetInt(int64(n))
		case reflect.String:
			field.SetString(value)
		default:
			return fmt.Errorf("no option %q", line)
		}
	}
	return nil
}
