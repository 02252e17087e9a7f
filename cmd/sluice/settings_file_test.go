package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSettingsFile tells what is wrong with a configuration file: key, wanted type,
// line, and what was probably meant; "" when all is well.
func TestSettingsFile(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"paths: [a]\nwatch: true\ndrain: 10s\nmap-host: {a: 'b:1'}\norg-data: [./org]\ntask-limit: 3\n", "line 6: there is no key \"task-limit\"; `sluice serve --help`"},
		{"watch: true\ndrain: 10s\nmap-host: {api.example.com: 127.0.0.1:9000}\nlisten: :8080\n", ""},
		{"map-hots: {a: b}\n", `line 1: there is no key "map-hots": did you mean map-host?`},
		{"org-data: ./org\n", "org-data: want a list, as in [one, two]"},
		{"listen: :1\nwatch: often\n", "line 2: watch: want true or false\n"},
		{"drain: long\n", "drain: want a duration such as 30s"},
		{"map-host:\n  a: [b]\n", "line 2: map-host: want a map, as in {NAME: HOST:PORT}"},
		{"replicas: three\n", "replicas: want a number"},
		{"tls-cert: [a]\n", "tls-cert: want text"},
		{"- a\n", "want lines KEY: VALUE"},
		{"a: [\n", "sequence end token"},
	} {
		file := filepath.Join(t.TempDir(), "sluice.yaml")
		write(t, file, c.text)
		s := defaultSettings()
		err := s.readFile(file)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "Go ") || len(err.Error()) > 400):
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestVariablesThatAreNone(t *testing.T) {
	s := defaultSettings()
	var out strings.Builder
	s.warnOfVariables([]string{"SLUICE_MAP_HOSTS=x", "SLUICE_MAP_HOST=x", "SLUICE_CONFIG=x", "SLUICE_PORT_8080_TCP=x", "SLUICE_SERVICE_HOST=x", "SLUICE_WHATEVER=x", "PATH=x"}, &out)
	want := `environment variable SLUICE_MAP_HOSTS: warning: there is no such setting: did you mean SLUICE_MAP_HOST?
environment variable SLUICE_WHATEVER: warning: there is no such setting
`
	if out.String() != want {
		t.Errorf("told:\n%swant:\n%s", &out, want)
	}
}
