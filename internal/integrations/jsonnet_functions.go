package integrations

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

// jsonnetFunctions is Google's library "functions": all of std, and these on top. The list and
// the parameters are those of the pages "Data Transformer functions" and of the editor extension
// that Google publishes; xsltTransform is missing. avg, contains, sum, the hashes and many others
// are in std today.
const jsonnetFunctions = `
local std = import 'guarded';
local native = std.native;
local isDate(n) = std.type(n) == 'number';
std {
  groupBy(arr, func):: { [k]: [x for x in arr if std.toString(func(x)) == k] for k in std.set([std.toString(func(x)) for x in arr]) },
  zip(arrays):: if std.length(arrays) == 0 then [] else [[a[i] for a in arrays if i < std.length(a)] for i in std.range(0, std.foldl(std.max, [std.length(a) for a in arrays], 0) - 1)],
  unzip(arr):: self.zip(arr),
  isLeapYear(year):: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0),
  randomNumber(lowerBound, upperBound):: native('randomNumber')(lowerBound, upperBound),
  match(str, regexp):: native('match')(str, regexp),
  dateFormat(timestamp, format_string, timezone='UTC', current_format=if isDate(timestamp) then 'E' else ''):: native('dateFormat')(timestamp, format_string, timezone, current_format),
  parseXml(xml, format='badgerfish'):: native('parseXml')(xml, format),
  manifestXml(json, format='badgerfish', indent_output=false):: native('manifestXml')(json, format, indent_output),
  parseCsvWithHeader(input, delimiter=',', overwrite_duplicate_headers=true):: native('parseCsv')(input, delimiter, overwrite_duplicate_headers),
  manifestCsv(json, headers=null):: native('manifestCsv')(json, if headers == null then std.set(std.flatMap(std.objectFields, json)) else headers),
  xsltTransform(xml, xsl):: error 'xsltTransform does not run here',
  nowInMillis():: native('nowInMillis')(),
  uuid():: native('uuid')(),
  getExecutionId():: native('getExecutionId')(),
  getIntegrationName():: native('getIntegrationName')(),
  getIntegrationRegion():: native('getIntegrationRegion')(),
  getIntegrationVersionId():: native('getIntegrationVersionId')(),
  getIntegrationVersionNumber():: native('getIntegrationVersionNumber')(),
  getProjectId():: native('getProjectId')(),
}
`

// natives are the native functions of a machine; they speak of the task that it works for.
func (m *jsonnetMachine) natives() []*jsonnet.NativeFunction {
	of := func(v func(a *attempt) any) func([]any) (any, error) {
		return func([]any) (any, error) { return v(m.a), nil }
	}
	return []*jsonnet.NativeFunction{
		native("tick", m.tick),
		native("extVar", func(args []any) (any, error) { return jsonnetVariable(m.scope, args[0]) }, "name"),
		native("nowInMillis", of(func(a *attempt) any { return a.now().UnixMilli() })),
		native("uuid", of(func(a *attempt) any { return a.newID() })),
		native("getExecutionId", of(func(a *attempt) any { return a.id })),
		native("getIntegrationName", of(func(a *attempt) any { return a.in.name })),
		native("getIntegrationRegion", of(func(a *attempt) any { return a.from.Region })),
		native("getIntegrationVersionId", of(func(a *attempt) any { return a.in.version })),
		native("getIntegrationVersionNumber", of(func(a *attempt) any { return a.in.snapshot })),
		native("getProjectId", of(func(a *attempt) any { return a.from.Project })),
		native("randomNumber", randomNumber, "lower", "upper"),
		native("match", match, "str", "regexp"),
		native("dateFormat", jsonnetDate, "timestamp", "format", "timezone", "current"),
		native("parseXml", parseBadgerfish, "xml", "format"),
		native("manifestXml", manifestBadgerfish, "json", "format", "indent"),
		native("parseCsv", parseCSV, "input", "delimiter", "overwrite"),
		native("manifestCsv", manifestCSV, "json", "headers"),
	}
}

func native(name string, f func([]any) (any, error), params ...string) *jsonnet.NativeFunction {
	n := &jsonnet.NativeFunction{Name: name, Func: f}
	for _, p := range params {
		n.Params = append(n.Params, ast.Identifier(p))
	}
	return n
}

// jsonnetVariable is a variable by its name, with or without backticks; null if it is not set.
func jsonnetVariable(s *scope, name any) (any, error) {
	key, ok := name.(string)
	if !ok {
		return nil, errors.New("extVar takes a name")
	}
	v, ok := s.named(key)
	if !ok {
		return nil, fmt.Errorf("there is no variable %s", key)
	}
	return plain(v), nil
}

// plain is v as encoding/json and the script engines know it.
func plain(v value) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case *object:
		out := make(map[string]any, len(v.names))
		for _, n := range v.names {
			out[n] = plain(v.fields[n])
		}
		return out
	}
	return v
}

var errArguments = errors.New("the parameters are not of the types that it takes")

func randomNumber(args []any) (any, error) {
	low, ok1 := args[0].(float64)
	high, ok2 := args[1].(float64)
	if !ok1 || !ok2 || high < low {
		return nil, errArguments
	}
	return low + rand.Float64()*(high-low), nil
}

// maxPattern bounds a regular expression of a template; matching takes linear time.
const maxPattern = 4 << 10

// match returns all matches of an RE2 expression.
func match(args []any) (any, error) {
	s, ok1 := args[0].(string)
	pattern, ok2 := args[1].(string)
	if !ok1 || !ok2 || len(pattern) > maxPattern {
		return nil, errArguments
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	out := []any{}
	for _, m := range re.FindAllString(s, maxElements) {
		out = append(out, m)
	}
	return out, nil
}

// parseCSV makes an object of each line, with the fields of the first one as names.
func parseCSV(args []any) (any, error) {
	input, ok1 := args[0].(string)
	delimiter, ok2 := args[1].(string)
	overwrite, ok3 := args[2].(bool)
	if !ok1 || !ok2 || !ok3 || len([]rune(delimiter)) != 1 {
		return nil, errArguments
	}
	r := csv.NewReader(strings.NewReader(input))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = []rune(delimiter)[0], -1, true
	lines, err := r.ReadAll()
	if err != nil || len(lines) == 0 {
		return []any{}, err
	}
	if len(lines) > maxElements {
		return nil, errTooManyItems
	}
	out := []any{}
	for _, line := range lines[1:] {
		out = append(out, csvObject(lines[0], line, overwrite))
	}
	return out, nil
}

// csvObject names the fields of a line. Of two columns of one name the last counts, or the
// second is named name__1, as in the C++ library of Jsonnet.
func csvObject(names, line []string, overwrite bool) any {
	o := map[string]any{}
	for i, name := range names {
		if i >= len(line) {
			break
		}
		key := name
		for n := 1; !overwrite && o[key] != nil; n++ {
			key = fmt.Sprintf("%s__%d", name, n)
		}
		o[key] = line[i]
	}
	return o
}

func manifestCSV(args []any) (any, error) {
	rows, ok1 := args[0].([]any)
	headers, ok2 := args[1].([]any)
	if !ok1 || !ok2 {
		return nil, errArguments
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	line := make([]string, len(headers))
	for i, h := range headers {
		line[i] = text(h)
	}
	_ = w.Write(line) // a strings.Builder takes everything
	for _, row := range rows {
		o, ok := row.(map[string]any)
		if !ok {
			return nil, errArguments
		}
		for i, h := range headers {
			line[i] = jsonText(o[text(h)])
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.String(), w.Error()
}
