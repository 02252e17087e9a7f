package orgdata

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// FuzzEdge reads any edge.json: what is read fits together, whatever stands there.
func FuzzEdge(f *testing.F) {
	f.Add([]byte(`{"orgConfig":{"apiProducts":[{"name":"p"}],"developers":[{"email":"a@b"}],"developerApps":{"a@b":[{"name":"x","apiProducts":["p"]}]},"importKeys":{"a@b":[{"name":"x","consumerKey":"k"}]},"kvms":[{"name":"m","entry":[{"name":"k","value":"v"}]}]}}`))
	f.Add([]byte(`{"envConfig":{"test":{"targetServers":[{"name":"a","host":"h"},],"keystores":[]}},"apiConfig":{"p":{"kvms":null}},"version":1}`))
	f.Add([]byte(`[,]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := newReader()
		r.edgeFile("edge.json", text)
		checkData(t, r)
	})
}

// FuzzEmulator does the same with the four files of the emulator.
func FuzzEmulator(f *testing.F) {
	f.Add([]byte(`[{"name":"p"}]`), []byte(`[{"email":"a@b"}]`), []byte(`[{"name":"x","developerEmail":"A@b","apiProducts":["p","q"]}]`), []byte(`[{"name":"m","entries":{"k":1}}]`))
	f.Add([]byte(`[{"name":"p","quota":[]}]`), []byte(`{}`), []byte(`[1,`), []byte(`[]]`))
	f.Fuzz(func(t *testing.T, products, developers, apps, maps []byte) {
		r := newReader()
		for i, data := range [][]byte{products, developers, apps, maps} {
			r.emulatorFile(Files[i], Files[i], data)
		}
		checkData(t, r)
	})
}

func checkData(t *testing.T, r *reader) {
	data, problems := r.read()
	for _, p := range problems {
		if p.Text == "" || p.File == "" {
			t.Errorf("a problem without words or place: %#v", p)
		}
	}
	missing := map[any]bool{}
	for _, n := range data.Needs {
		missing[n.App] = missing[n.App] || n.Developer != ""
		if n.Problem().Text == "" {
			t.Errorf("a need without words: %#v", n)
		}
	}
	for _, a := range data.Apps {
		if len(a.Credentials) == 0 {
			t.Errorf("app %q has no credential", a.Name)
		}
		if a.DeveloperID == "" && a.AppGroup == "" && !missing[a] || a.ID == "" && !missing[a] {
			t.Errorf("nobody owns app %q", a.Name)
		}
	}
	for _, s := range data.TargetServers {
		if !json.Valid(s.JSON) {
			t.Errorf("target server %q is not JSON", s.Name)
		}
	}
}

// FuzzTidy: JSON stays as it is, and what is not JSON changes only by blanks.
func FuzzTidy(f *testing.F) {
	for _, seed := range []string{`[1,]`, `{"a":[,] , }`, `"\",]"`, "\ufeff[1 ,\n]", `[1,,]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.TrimPrefix(bytes.Clone(text), []byte("\ufeff"))
		after := tidy(text)
		if json.Valid(before) && !bytes.Equal(before, after) {
			t.Errorf("%q became %q", before, after)
		}
		if len(before) != len(after) || strings.ReplaceAll(string(before), ",", " ") != strings.ReplaceAll(string(after), ",", " ") {
			t.Errorf("%q became %q", before, after)
		}
	})
}

func TestTidy(t *testing.T) {
	for text, want := range map[string]string{
		`[1, 2,]`: `[1, 2 ]`, "{\"a\": [1 ,\n]\t,}": "{\"a\": [1  \n]\t }", `[",]",]`: `[",]" ]`, `["\",]",]`: `["\",]" ]`, `[1,,]`: `[1, ]`, "\ufeff[]": `[]`,
	} {
		if got := string(tidy([]byte(text))); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
