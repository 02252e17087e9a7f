package policies_test

import (
	"io"
	"strings"
	"testing"
)

const oasPets = `{"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"}, "paths": {"/pets": {"get": {"responses": {"200": {"description": "all"}}}}}}`

// TestOASValidationDeploy compiles policies that are wrong, or draw a warning.
func TestOASValidationDeploy(t *testing.T) {
	w := world{resource: func(url string) ([]byte, bool) {
		text, ok := map[string]string{
			"oas://a/b/deep.yaml":  `{"openapi": "3.0.3", "info": {"title": "a", "version": "1"}, "paths": {"/a": {"$ref": "../paths.json#/a"}}}`,
			"oas://a/paths.json":   `{"a": {"get": {"responses": {"200": {"description": "all"}}}}}`,
			"oas://swagger.yaml":   `{"swagger": "2.0", "paths": {}}`,
			"oas://broken.yaml":    `openapi: [`,
			"oas://untitled.yaml":  strings.Replace(oasPets, `"title": "Pets", `, "", 1),
			"oas://outside.yaml":   strings.Replace(oasPets, `{"get"`, `{"$ref": "file:///etc/passwd", "get"`, 1),
			"oas://elsewhere.yaml": strings.Replace(oasPets, `{"get"`, `{"$ref": "http://example.com/a.yaml", "get"`, 1),
		}[url]
		return []byte(text), ok
	}}
	for _, tt := range []struct{ elements, want string }{
		{"<OASResource>oas://petstore.yaml</OASResource>", ""},
		{"<OASResource>oas://a/b/deep.yaml</OASResource>", ""},
		{"", "error: OASResource  names no OpenAPI description [BadResourceURL] at /OASValidation"},
		{"<OASResource>petstore.yaml</OASResource>", "error: OASResource petstore.yaml names no OpenAPI description [BadResourceURL]"},
		{"<OASResource>xsd://petstore.yaml</OASResource>", "[BadResourceURL]"},
		{"<OASResource>oas://petstore.txt</OASResource>", "[BadResourceURL]"},
		{"<OASResource>oas://{name}.yaml</OASResource>", "[BadResourceURL]"},
		{"<OASResource>oas://none.yaml</OASResource>", "error: resource oas://none.yaml does not exist [ResourceDoesNotExist]"},
		{"<OASResource>oas://swagger.yaml</OASResource>", "error: oas://swagger.yaml cannot be used: the document is Swagger 2.0; convert it to OpenAPI 3.0 [ResourceCompileFailed]"},
		{"<OASResource>oas://broken.yaml</OASResource>", "[ResourceCompileFailed]"},
		{"<OASResource>oas://outside.yaml</OASResource>", "is not a resource of the bundle"},
		{"<OASResource>oas://elsewhere.yaml</OASResource>", "is not a resource of the bundle"},
		{"<OASResource>oas://untitled.yaml</OASResource>", "warning: oas://untitled.yaml: invalid info: value of title must be a non-empty string [InvalidDescription]"},
		{"<OASResource>oas://petstore.yaml</OASResource><Options><ValidateMessageBody>yes</ValidateMessageBody></Options>", `error: "yes" is not true or false`},
		{"<OASResource>oas://petstore.yaml</OASResource><Options><Scope>all</Scope></Options>", "warning: element Scope is not known in Options"},
		{"<OASResource>oas://petstore.yaml</OASResource><Options><AllowUnspecifiedParameters><Path>false</Path></AllowUnspecifiedParameters></Options>", "warning: element Path is not known"},
	} {
		_, b := w.compile(t, "<OASValidation>"+tt.elements+"</OASValidation>")
		switch {
		case tt.want == "" && len(b.Problems) == 0:
		case tt.want == "" || len(b.Problems) != 1 || !strings.Contains(b.Problems[0].String(), tt.want):
			t.Errorf("%s\n got %v\nwant %s", tt.elements, b.Problems, tt.want)
		}
	}
}

// TestOASValidationStreamed: a body that streams past the policies is there, and not looked into.
func TestOASValidationStreamed(t *testing.T) {
	w := world{resource: func(string) ([]byte, bool) {
		return []byte(`{"openapi": "3.0.3", "info": {"title": "Pets", "version": "1"}, "paths": {"/pets": {"post": {
			"requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object"}}}},
			"responses": {"200": {"description": "all"}}}}}}`), true
	}}
	x := threatExchange("application/json", "")
	x.Path.Suffix = "/pets"
	x.Request.Streamed = true
	x.Request.Body.SetStream(io.NopCloser(strings.NewReader("[]")), -1)
	const policy = "<OASValidation><OASResource>oas://pets.json</OASResource><Options><ValidateMessageBody>true</ValidateMessageBody></Options></OASValidation>"
	if err := w.run(t, x, policy); err != nil || !x.Request.Body.Flowing() {
		t.Error(err)
	}
	x.Request.SetContent([]byte("[]"))
	if err := w.run(t, x, policy); err == nil {
		t.Error("a body that a policy has set is not looked into")
	}
}
