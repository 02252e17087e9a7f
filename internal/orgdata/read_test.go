package orgdata

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is read into the files of testdata")

// TestRead reads the folders in testdata: each file is an archive of one folder,
// whose section want says what is read.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			last := len(archive.Files) - 1
			unpack(t, dir, archive.Files[:last])
			got := read(t, dir)
			if want := string(archive.Files[last].Data); got != want && !*update {
				t.Errorf("read:\n%s\nwant:\n%s", got, want)
			}
			if *update {
				archive.Files[last].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func unpack(t *testing.T, dir string, files []txtar.File) {
	t.Helper()
	for _, f := range files {
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// read reads a folder and tells what is there. What is told to users must not
// hold the word canary, which stands for all that is secret.
func read(t *testing.T, dir string) string {
	t.Helper()
	data, problems, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var told, all strings.Builder
	for _, n := range data.Needs {
		fmt.Fprintf(&told, "need %s\n", n.Problem())
	}
	for _, p := range problems {
		fmt.Fprintf(&told, "problem %s\n", p)
	}
	for _, n := range data.Notes {
		fmt.Fprintf(&told, "note %s\n", n)
	}
	if strings.Contains(told.String(), "canary") {
		t.Errorf("a secret is shown:\n%s", told.String())
	}
	if len(problems) == 0 {
		show(&all, data)
	}
	return strings.ReplaceAll(all.String()+told.String(), dir+"/", "")
}

func show(w io.Writer, data *Data) {
	address := map[string]string{}
	for _, p := range data.Products {
		fmt.Fprintf(w, "product %s: quota %s per %s %s, proxies %v\n", p.Name, p.Quota, p.QuotaInterval, p.QuotaTimeUnit, p.Proxies)
	}
	for _, d := range data.Developers {
		address[d.ID] = d.Email
		fmt.Fprintf(w, "developer %s: apps %v\n", d.Email, d.Apps)
	}
	for _, a := range data.Apps {
		owner := address[a.DeveloperID]
		if a.AppGroup != "" {
			owner = "group " + a.AppGroup
		}
		fmt.Fprintf(w, "app %s of %s:", a.Name, owner)
		for _, c := range a.Credentials {
			var products []string
			for _, ref := range c.Products {
				products = append(products, ref.Name)
			}
			fmt.Fprintf(w, " credential %q for %v", c.ConsumerKey, products)
		}
		fmt.Fprintln(w)
	}
	for _, m := range data.Maps {
		fmt.Fprintf(w, "map %s %q %q %s:", m.Scope, m.Environment, m.Proxy, m.Name)
		for _, key := range slices.Sorted(maps.Keys(m.Entries)) {
			fmt.Fprintf(w, " %s=%s", key, m.Entries[key])
		}
		fmt.Fprintln(w)
	}
	for _, s := range data.TargetServers {
		fmt.Fprintf(w, "target server %s %s %s\n", s.Environment, s.Name, strings.ReplaceAll(string(s.JSON), " ", ""))
	}
	if len(data.Environments) > 0 {
		fmt.Fprintf(w, "environments %v\n", data.Environments)
	}
}

// What one folder uses may be in another, in any order.
func TestReadTogether(t *testing.T) {
	apps, rest := t.TempDir(), t.TempDir()
	unpack(t, apps, []txtar.File{{Name: "developerapps.json", Data: []byte(`[{"name":"a","developerEmail":"a@example.com","apiProducts":["p"]}]`)}})
	unpack(t, rest, []txtar.File{
		{Name: "mine.json", Data: []byte(`{"orgConfig":{"apiProducts":[{"name":"p"}]}}`)},
		{Name: "developers.json", Data: []byte(`[{"email":"a@example.com"}]`)},
	})
	data, problems, err := Read(apps, filepath.Join(rest, "mine.json"), filepath.Join(rest, "developers.json"))
	if err != nil || len(problems) > 0 || len(data.Needs) > 0 || len(data.Apps) != 1 {
		t.Errorf("%+v, %v, %v", data, problems, err)
	}
	again, _, err := Read(apps, filepath.Join(rest, "mine.json"), filepath.Join(rest, "developers.json"))
	if err != nil || again.Digest != data.Digest {
		t.Errorf("the same files have another digest, %v", err)
	}
	if again.Apps[0].ID != data.Apps[0].ID || again.Developers[0].ID != data.Developers[0].ID {
		t.Error("the same app or developer gets another ID")
	}
	unpack(t, rest, []txtar.File{{Name: "developers.json", Data: []byte(`[{"email":"A@example.com"}]`)}})
	if again, _, err = Read(apps, rest); err != nil || again.Digest == data.Digest {
		t.Errorf("other files have the same digest, %v", err)
	}
}

// All paths that cannot be read are named.
func TestReadNothing(t *testing.T) {
	empty, missing := t.TempDir(), filepath.Join(t.TempDir(), "missing")
	unpack(t, empty, []txtar.File{{Name: "api/code/package.json"}, {Name: "readme.md"}})
	_, _, err := Read(empty, missing)
	if err == nil || !strings.Contains(err.Error(), "expected products.json, ") || !strings.Contains(err.Error(), missing) {
		t.Errorf("error %v", err)
	}
}
