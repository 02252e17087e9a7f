package appint

import (
	"strings"
	"testing"
)

func TestFilter(t *testing.T) {
	item := map[string]string{"state": "ACTIVE", "snapshotNumber": "12", "userLabel": "v1 (new)", "createTime": "2026-01-02T10:00:00Z", "integrationId": ""}
	for text, want := range map[string]bool{
		"":                                    true,
		"state=ACTIVE":                        true,
		`state = "ACTIVE"`:                    true,
		"state!=ACTIVE":                       false,
		"snapshotNumber>9":                    true, // as numbers
		"snapshot_number<=11":                 false,
		"snapshotNumber=-12":                  false,
		`userLabel="v1 (new)"`:                true,
		`userLabel='v1 (new)'`:                true,
		"userLabel:NEW":                       true,
		"userLabel:*":                         true,
		"integrationId:*":                     false,
		"createTime>2026-01-02T09:59:59.5Z":   true,
		`createTime<"2026-01-02T10:00:00Z"`:   false,
		"state=DRAFT OR state=ACTIVE":         true,
		"state=DRAFT AND snapshotNumber=12":   false,
		"state=ACTIVE snapshotNumber=12":      true,
		"NOT state=DRAFT":                     true,
		"-state=ACTIVE":                       false,
		"not (state=DRAFT or state=ACTIVE)":   false,
		"(state=DRAFT) OR (state=ACTIVE)":     true,
		"state=DRAFT AND state=X OR state=Y":  false,
		"state=ACTIVE OR state=X AND state=Y": false, // OR binds tighter
	} {
		f, err := readFilter(text, "state", "snapshotNumber", "userLabel", "createTime", "integrationId")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := f.holds(func(name string) string { return item[name] }); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestFilterErrors(t *testing.T) {
	for text, want := range map[string]string{
		"colour=red":               `"colour" is not a field; there are state`,
		"state":                    "an operator is missing after state",
		"state=":                   "a value is missing after state=",
		"state==X":                 "a value is missing",
		"(state=X":                 "a parenthesis is not closed",
		"state=X)":                 `")" was not expected`,
		"state=X AND":              "something is missing after AND",
		"!":                        `"!" is not a field`,
		strings.Repeat("(", 100):   "more than 32 ",
		strings.Repeat("NOT ", 99): "more than 32 levels",
		strings.Repeat("a", 5000):  "more than 4096 bytes",
	} {
		if _, err := readFilter(text, "state"); err == nil || !strings.Contains(err.Error(), want) || statusOf(err).Code != 400 {
			t.Errorf("%.20s: %v, want %s", text, err, want)
		}
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"state=ACTIVE AND (a<1 OR NOT b:*)", `a="x\"y"`, "a:2026-01-01T00:00:00Z", "-a=1", "a!", "'"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		if filter, err := readFilter(text, "a", "b", "state"); err == nil {
			filter.holds(func(name string) string { return name })
		}
	})
}
