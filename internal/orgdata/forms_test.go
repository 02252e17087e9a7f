package orgdata

import (
	"bytes"
	"encoding/json"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestForms reads the examples that users are shown, together and without the text
// between them.
func TestForms(t *testing.T) {
	dir := t.TempDir()
	files := txtar.Parse([]byte(Forms)).Files
	for i := range files {
		var first json.RawMessage // behind it comes text
		if err := json.NewDecoder(bytes.NewReader(files[i].Data)).Decode(&first); err != nil {
			t.Errorf("%s: %v", files[i].Name, err)
		}
		files[i].Data = first
	}
	unpack(t, dir, files)
	data, problems, err := Read(dir)
	if err != nil || len(problems)+len(data.Needs)+len(data.Notes) > 0 {
		t.Fatalf("%v, problems %v, needs %v, notes %v", err, problems, data.Needs, data.Notes)
	}
	if len(data.Products) != 2 || len(data.Apps) != 2 || len(data.Maps) != 5 || len(data.TargetServers) != 1 {
		t.Errorf("read %d products, %d apps, %d maps, %d target servers", len(data.Products), len(data.Apps), len(data.Maps), len(data.TargetServers))
	}
}

// TestSamples reads the samples that errors show.
func TestSamples(t *testing.T) {
	for _, name := range Files {
		r := newReader()
		r.emulatorFile(name, name, []byte("["+emulatorKinds[name].sample+"]"))
		if _, problems := r.read(); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	for _, kinds := range edgeKinds {
		for _, k := range kinds {
			if k.sample != "" && !json.Valid([]byte(k.sample)) {
				t.Errorf("%s: the sample is not JSON: %s", k.name, k.sample)
			}
		}
	}
}
