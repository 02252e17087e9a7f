package appint

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/internal/integrations"
	"sluice/internal/state"
)

func TestLoad(t *testing.T) {
	s := newServer(t)
	active := func() string {
		h, _ := s.versions.heads.get("chain")
		v, _ := s.versions.all.get(place("chain", h.Active))
		return fmt.Sprint(v.Snapshot)
	}
	s.load("chain", chain(1))
	s.load("chain", chain(1))
	if got := active(); got != "1" || len(s.versions.of("chain")) != 1 {
		t.Errorf("the same file twice: version %s of %d", got, len(s.versions.of("chain")))
	}
	s.load("chain", chain(2))
	if got := active(); got != "2" {
		t.Errorf("after an edit: version %s", got)
	}
	s.load("chain", chain(1))
	if got := active(); got != "1" {
		t.Errorf("after the edit was taken back: version %s", got)
	}
	if bad := s.Load("chain", []byte(`{"taskConfigs":[{"task":"NoSuchTask","taskId":"1"},{"task":"NorThis","taskId":"2"}]}`)); len(bad) != 2 || active() != "1" {
		t.Errorf("a file with problems: %v", bad)
	}
	if bad := s.Load("chain", []byte("no JSON")); len(bad) != 1 {
		t.Errorf("a broken file: %v", bad)
	}
	var v struct{ Name string }
	s.get(&v, "POST", "/integrations/chain/versions", string(chain(3)))
	s.get(&v, "POST", "/integrations/chain/versions"+v.Name[strings.LastIndexByte(v.Name, '/'):]+":publish", "")
	s.load("chain", chain(1)) // as at a restart
	if got := active(); got != "3" {
		t.Errorf("the file took the place of what was published since: version %s", got)
	}
	s.load("chain", chain(4))
	if got := active(); got != "4" {
		t.Errorf("a new file: version %s", got)
	}
	check(t, s.Remove("chain"))
	if got := active(); got != "0" {
		t.Errorf("removed: version %s", got)
	}
	check(t, s.Remove("nobody"))
}

// Edits of a file do not pile up for ever.
func TestVersionsAreBounded(t *testing.T) {
	s := newServer(t)
	for i := range maxVersions + 5 {
		s.load("chain", []byte(strings.Replace(string(chain(1)), "{", fmt.Sprintf(`{"description":"%d",`, i), 1)))
	}
	if n := len(s.versions.of("chain")); n > maxVersions {
		t.Errorf("%d versions", n)
	}
	for range maxVersions {
		s.call("POST", "/integrations/other/versions", string(chain(1)))
	}
	if code, body := s.call("POST", "/integrations/other/versions", string(chain(1))); code != 429 {
		t.Errorf("%d %s", code, body)
	}
}

// Whatever comes in, the answer is JSON and nobody panics.
func FuzzHandler(f *testing.F) {
	for _, seed := range [][3]string{
		{"POST", "/integrations/chain:execute", input("http://127.0.0.1:1")},
		{"POST", "/integrations/-:schedule", `{"trigger_id":"api_trigger/run","schedule_time":"2100-01-01T00:00:00Z","requestId":"r"}`},
		{"GET", "/integrations/-/executions?filter=state%3DFAILED&orderBy=create_time+desc&pageSize=1&pageToken=MQ&filterParams.startTime=5", ""},
		{"POST", "/integrations/a/versions", `{"task_configs":[{"parameters":{"a_b":{"value":{}}}}]}`},
		{"PATCH", "/authConfigs/x?updateMask=a,b", `{"a":1}`},
		{"POST", "/integrations/chain/executions/x/suspensions/y/:lift", `{"suspension_result":"a"}`},
		{"POST", "/integrations/chain/executions/x:replay", `{"modifiedParameters":{"a":{"intArray":{"intValues":["x"]}}}}`},
		{"POST", "/integrations/chain:test", `{"integrationVersion":{"integrationParameters":[1,{}]}}`},
		{"GET", "/integrations/-/versions?fieldMask=name", ""},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	s := start(f, state.NewMemory(time.Now), integrations.Options{SyncLimit: 100 * time.Millisecond}, Options{MaxTimeout: 100 * time.Millisecond})
	defer func() { check(f, s.Close()) }()
	if bad := s.Load("chain", chain(1)); bad != nil {
		f.Fatal(bad)
	}
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		to, err := r.URL.Parse("/v1/" + location + path)
		if err != nil {
			return
		}
		r.Method, r.URL = method, to
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if kind := w.Header().Get("Content-Type"); kind != "application/json; charset=UTF-8" && w.Code != 301 && w.Code != 307 {
			t.Errorf("%s %s: %d %s %s", method, path, w.Code, kind, w.Body)
		}
	})
}

func FuzzPlainValues(f *testing.F) {
	f.Add(`{"intValue":"5"}`)
	f.Add(`{"jsonValue":"{\"a\":[1,null]}"}`)
	f.Add(`{"string_array":{"string_values":["a"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseObject([]byte(text))
		if err != nil {
			return
		}
		if plain, err := plainValue(n); err == nil {
			valueTypes([]byte(`{"a":`+string(plain)+`}`), map[string]string{"a": "INT_ARRAY"})
		}
	})
}
