package flow

import (
	"encoding/xml"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// templateElements are the elements whose text is a template somewhere
// (runtime.md 5.3).
var templateElements = map[string]bool{
	"Payload": true, "ContentType": true, "Verb": true, "Version": true, "Path": true, "StatusCode": true,
	"ReasonPhrase": true, "Header": true, "QueryParam": true, "FormParam": true, "Template": true, "URL": true,
	"AllowOrigins": true, "AllowMethods": true, "AllowHeaders": true, "ExposeHeaders": true, "Claim": true,
	"Message": true, "OASResource": true, "SourceAddress": true, "APIProxy": true, "ProxyEndpoint": true,
	"KeyStore": true, "KeyAlias": true, "TrustStore": true, "UserPromptSource": true, "LLMTokenUsageSource": true,
	"JSONPath": true,
}

// refusedInCorpus are the templates of public bundles that are refused, and why.
var refusedInCorpus = map[string]string{}

// Every template of the public bundles compiles, and expands.
func TestTemplateCorpus(t *testing.T) {
	const bundles = "../../shared/corpus/bundles"
	if _, err := os.Stat(bundles); err != nil {
		t.Skip("no corpus of public bundles beside the project")
	}
	seen, functions := 0, 0
	err := filepath.WalkDir(bundles, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".xml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, c := range templatesOf(data) {
			seen++
			functions += checkCorpusTemplate(t, path, c)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 1000 || functions < 100 {
		t.Errorf("only %d templates and %d functions found", seen, functions)
	}
	t.Logf("%d templates, %d functions", seen, functions)
}

// checkCorpusTemplate returns how many functions the template calls.
func checkCorpusTemplate(t *testing.T, path string, c corpusTemplate) int {
	tmpl, err := CompileTemplate(c.text, c.options)
	if reason := refusedInCorpus[c.text]; (err != nil) != (reason != "") {
		t.Errorf("%s: %.200q: %v (listed: %q)", path, c.text, err, reason)
	}
	if err != nil {
		return 0
	}
	if _, err := tmpl.Expand(templateExchange(), true); err != nil {
		t.Logf("%s: %.200q: %v", path, c.text, err)
	}
	calls := 0
	for _, p := range tmpl.parts {
		if p.call != nil {
			calls++
		}
	}
	return calls
}

type corpusTemplate struct {
	text    string
	options TemplateOptions
}

// templatesOf returns the texts of a file's template elements that hold an
// opening delimiter. Files that are no XML give what could be read of them.
func templatesOf(data []byte) []corpusTemplate {
	type open struct {
		name    string
		options TemplateOptions
		text    strings.Builder
	}
	var stack []*open
	var found []corpusTemplate
	d := xml.NewDecoder(strings.NewReader(string(data)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		token, err := d.Token()
		if err != nil {
			return found
		}
		switch token := token.(type) {
		case xml.StartElement:
			stack = append(stack, &open{name: token.Name.Local, options: delimitersOf(token)})
		case xml.CharData:
			for _, o := range stack {
				o.text.Write(token)
			}
		case xml.EndElement:
			o := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if text := o.text.String(); templateElements[o.name] && strings.Contains(text, max(o.options.Prefix, "{")) {
				found = append(found, corpusTemplate{text, o.options})
			}
		}
	}
}

func delimitersOf(e xml.StartElement) (o TemplateOptions) {
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "variablePrefix":
			o.Prefix = a.Value
		case "variableSuffix":
			o.Suffix = a.Value
		}
	}
	return o
}
