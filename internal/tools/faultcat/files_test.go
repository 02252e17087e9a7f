package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const catalogue = "../../../faults/catalogue"

// TestCatalogueIsCurrent compares the committed files with what the reference
// gives today. The reference is not part of the project.
func TestCatalogueIsCurrent(t *testing.T) {
	source, err := os.ReadFile("../../../../shared/reference/faults.yaml")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the fault reference is not here; the committed catalogue stands")
	}
	if err != nil {
		t.Fatal(err)
	}
	files, err := Files(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(catalogue, name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s differs from the reference: run go run ./internal/tools/faultcat FAULTS.yaml faults/catalogue", name)
		}
	}
	present, err := filepath.Glob(catalogue + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range present {
		name := filepath.Base(file)
		if _, ok := files[name]; !ok && name != "sluice.json" {
			t.Errorf("%s is left over: the reference has no such element", name)
		}
	}
}

func TestFiles(t *testing.T) {
	const source = `
- element: Quota
  kind: runtime
  status: null
  name: B
  faultstring: 'a <b> "{c}"'
- element: (runtime)
  status: 404
  operations: [x, y]
  variants:
  - when: w
    inferred: true
- element: Quota
  status: text, default 500
`
	files, err := Files([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"Quota.json": `[
  {
    "element": "Quota",
    "kind": "runtime",
    "status": null,
    "name": "B",
    "faultstring": "a <b> \"{c}\""
  },
  {
    "element": "Quota",
    "status": "text, default 500"
  }
]
`,
		"runtime.json": `[
  {
    "element": "(runtime)",
    "status": 404,
    "operations": [
      "x",
      "y"
    ],
    "variants": [
      {
        "when": "w",
        "inferred": true
      }
    ]
  }
]
`}
	if len(files) != len(want) {
		t.Errorf("%d files", len(files))
	}
	for name, content := range want {
		if string(files[name]) != content {
			t.Errorf("%s:\n%s", name, files[name])
		}
	}
}

func TestFilesRefuses(t *testing.T) {
	for source, complaint := range map[string]string{
		"- kind: runtime":            "no element",
		"- element: ../etc/passwd":   "not a policy element",
		"- element: [Quota]":         "not a policy element",
		"element: Quota":             "",
		"- element: Quota\n\t- oops": "",
	} {
		_, err := Files([]byte(source))
		if err == nil || !strings.Contains(err.Error(), complaint) {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestRunWritesFiles(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "faults.yaml")
	if err := os.WriteFile(source, []byte("- element: Quota\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(source, dir); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "Quota.json"))
	if err != nil || !strings.Contains(string(got), `"element": "Quota"`) {
		t.Errorf("%s, %v", got, err)
	}
	if err := run(filepath.Join(dir, "absent.yaml"), dir); err == nil {
		t.Error("an absent reference is no error")
	}
}
