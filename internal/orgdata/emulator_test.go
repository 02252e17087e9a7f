package orgdata

import (
	"errors"
	"strings"
	"testing"
)

func emulator(products, developers, apps, maps string) (*Data, []Problem) {
	files := map[string][]byte{}
	for i, text := range []string{products, developers, apps, maps} {
		if text != "" {
			files[Files[i]] = []byte(text)
		}
	}
	return Emulator(files)
}

func TestEmulator(t *testing.T) {
	data, problems := emulator(
		`[{"name":"p","quota":"10","operationGroup":{"operationConfigs":[{"apiSource":"x","operations":[{"resource":"/","methods":["GET"]}]}]}}]`,
		`[{"email":"Ann@example.com","firstName":"Ann"}]`,
		`[{"name":"app","developerEmail":"ann@example.com","apiProducts":["p"],"expiryType":"never"},
		  {"name":"keyed","developerEmail":"ann@example.com","credentials":[{"consumerKey":"k","consumerSecret":"s","apiProducts":[{"apiproduct":"p","status":"revoked"}]}]}]`,
		`[{"name":"m","scope":"environment","environment":"test","entries":{"a":"text","b":3,"c":{"d":true}}},{"name":"o","entries":{}}]`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if p := data.Products[0]; p.Quota != "10" || p.OperationGroup.Configs[0].Operations[0].Methods[0] != "GET" {
		t.Errorf("product %+v", p)
	}
	d := data.Developers[0]
	if d.ID == "" || strings.Join(d.Apps, " ") != "app keyed" {
		t.Errorf("developer %+v", d)
	}
	app, keyed := data.Apps[0], data.Apps[1]
	if app.ID == "" || app.DeveloperID != d.ID || len(app.Credentials) != 1 || app.Credentials[0].Products[0].Name != "p" {
		t.Errorf("app %+v", app)
	}
	if c := keyed.Credentials[0]; c.ConsumerKey != "k" || c.Products[0].Approved() {
		t.Errorf("credential %+v", c)
	}
	if m := data.Maps[0]; m.Scope != "environment" || m.Entries["a"] != "text" || m.Entries["b"] != "3" || m.Entries["c"] != `{"d":true}` {
		t.Errorf("map %+v", m)
	}
	if m := data.Maps[1]; m.Scope != "organization" {
		t.Errorf("map %+v", m)
	}
	again, _ := emulator(`[]`, `[{"email":"ann@EXAMPLE.com"}]`, "", "")
	if again.Developers[0].ID != d.ID {
		t.Error("the same developer gets another ID")
	}
}

func TestEmulatorProblems(t *testing.T) {
	_, problems := emulator(
		`[{"name":""},{"name":"p","quota":{}}]`,
		`{"email":"not a list"}`,
		`[{"name":"a","developerEmail":"nobody@example.com","apiProducts":["gone"]},{"name":"b"},{}]`,
		`[{"entries":{}}]`)
	var errs []error
	for _, p := range problems {
		errs = append(errs, p)
	}
	want := `products.json: products[1]: want a string or a number, not {}
products.json: products[0]: the product has no name
developers.json: want a JSON array of developers: json: cannot unmarshal object into Go value of type []json.RawMessage
developerapps.json: developerapps[0]: the app "a" belongs to developer "nobody@example.com", whom developers.json does not have
developerapps.json: developerapps[0]: the app "a" uses product "gone", which products.json does not have
developerapps.json: developerapps[1]: the app "b" names no developer: add "developerEmail"
developerapps.json: developerapps[2]: the app has no name
maps.json: maps[0]: the map has no name`
	if got := errors.Join(errs...).Error(); got != want {
		t.Errorf("problems:\n%s\nwant:\n%s", got, want)
	}
}
