package proxy

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// entry is a file of a zip.
type entry struct{ name, content string }

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		f, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadZip(t *testing.T) {
	data := zipOf(t,
		entry{"apiproxy/p.xml", "<APIProxy/>"},
		entry{`apiproxy\policies\A.xml`, "<A/>"},
		entry{"apiproxy/.DS_Store", "x"},
		entry{"apiproxy/policies/A.xml~", "x"},
		entry{"README.md", "x"},
		entry{"flows/common/sharedflowbundle/sharedflows/default.xml", "<SharedFlow/>"},
	)
	bundles, err := readZip("dir/orders.zip", data)
	if err != nil {
		t.Fatal(err)
	}
	if len(bundles) != 2 {
		t.Fatalf("%d bundles, want 2", len(bundles))
	}
	p, f := bundles[0], bundles[1]
	if p.Kind != APIProxy || p.Name != "orders" || len(p.Files) != 2 || p.Files["policies/A.xml"] == nil {
		t.Errorf("proxy: kind %v, name %q, files %v", p.Kind, p.Name, p.names())
	}
	if f.Kind != SharedFlowBundle || f.Name != "common" || f.Files["sharedflows/default.xml"] == nil {
		t.Errorf("shared flow: kind %v, name %q, files %v", f.Kind, f.Name, f.names())
	}
}

// TestReadZipRefuses lists archives that must not be read, with what the user is
// told.
func TestReadZipRefuses(t *testing.T) {
	many := make([]entry, maxFiles+1)
	for i := range many {
		many[i] = entry{fmt.Sprintf("apiproxy/%d", i), ""}
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"no zip", []byte("PK, not really"), "zip"},
		{"slip", zipOf(t, entry{"apiproxy/../../etc/passwd", "x"}), "would leave the archive"},
		{"absolute", zipOf(t, entry{"/apiproxy/a.xml", "x"}), "would leave the archive"},
		{"slip with backslashes", zipOf(t, entry{`apiproxy\..\..\a`, "x"}), "would leave the archive"},
		{"bomb", zipOf(t, entry{"apiproxy/a.xml", strings.Repeat("a", 4<<20)}), "zip bomb"},
		{"large file", zipOf(t, entry{"apiproxy/a.xml", strings.Repeat("abcdefgh", maxFileSize/8+1)}), "larger than"},
		{"many files", zipOf(t, many...), "files"},
		{"no bundle", zipOf(t, entry{"other/a.xml", "x"}), "neither apiproxy/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bundles, err := readZip("a.zip", c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %d bundles, error %v; want an error with %q", len(bundles), err, c.want)
			}
		})
	}
}

func TestFindLooksAtAnyDepth(t *testing.T) {
	root := t.TempDir()
	put := func(file, text string) {
		file = filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put("a/b/orders/apiproxy/proxies/default.xml", "<ProxyEndpoint/>")
	put("shared/common/sharedflowbundle/sharedflows/default.xml", "<SharedFlow/>")
	put("node_modules/x/apiproxy/proxies/default.xml", "<ProxyEndpoint/>")
	put(".git/apiproxy/proxies/default.xml", "<ProxyEndpoint/>")
	put("zips/billing.zip", string(zipOf(t, entry{"apiproxy/proxies/default.xml", "<ProxyEndpoint/>"})))
	found, problems := Find(root)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var names []string
	for _, b := range found {
		names = append(names, b.Name)
	}
	if got := strings.Join(names, " "); got != "orders common billing" {
		t.Errorf("found %q", got)
	}
}

// TestFindStaysInside checks that a link in a bundle cannot name a file outside.
func TestFindStaysInside(t *testing.T) {
	root := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "apiproxy", "policies")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "A.xml")); err != nil {
		t.Skip(err)
	}
	found, problems := Find(root)
	if len(found) != 0 || !problems.Refused() {
		t.Fatalf("found %d bundles, problems %v; want a refusal", len(found), problems)
	}
	if p := problems[0]; p.Code != "FolderRefused" || !strings.Contains(p.Message, "policies/A.xml is a link out of the bundle") || !strings.Contains(p.Hint, "copy") {
		t.Errorf("the refusal says %v", p)
	}
}

func TestReadXMLRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want, hint string }{
		{"entity", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`, "entity declarations are refused", "the text itself"},
		{"undeclared entity", `<a>&nbsp;</a>`, "entity", "&amp;"},
		{"deep", strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200), "nested more than", ""},
		{"two roots", `<a/><b/>`, "more than one root", "one element around"},
		{"text after", `<a/>x`, "outside of the root", ""},
		{"mismatched", `<a><b></a>`, "closed by", "with its own name"},
		{"surplus", `<a></a></b>`, "unexpected end element", "remove the end tag"},
		{"unclosed", `<a><b>`, "unexpected EOF", "ends early"},
		{"bare ampersand", `<a>x && y</a>`, "invalid character entity", "&amp;&amp;"},
		{"less than", `<a>x < y</a>`, "expected element name", "&lt;"},
		{"less or equal", `<a b="x<=y"/>`, "unescaped <", "&lt;"},
		{"attribute", `<a b=c/>`, "attribute", `name="value"`},
		{"encoding", "<a>\xff</a>", "invalid UTF-8", "encoding"},
		{"late declaration", "<!-- c --><?xml version=\"1.0\"?><a/>", "not at the start", "begin the file"},
		{"empty", "", "no element", "remove the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readXML("a.xml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			if hint := malformedHint(err.Error()); !strings.Contains(hint, c.hint) || (c.hint == "") != (hint == "") {
				t.Errorf("error %v has the hint %q, want one with %q", err, hint, c.hint)
			}
		})
	}
}

func TestReadXMLPlaces(t *testing.T) {
	d, err := readXML("a.xml", []byte("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n  <b/>\n  <c><d/></c>\n</a>\n"))
	if err != nil {
		t.Fatal(err)
	}
	b, c := d.root.ChildElements()[0], d.root.ChildElements()[1]
	for _, p := range []struct {
		what      string
		got       int
		gotColumn int
		line, col int
	}{
		{"a", d.at(d.root).Line, d.at(d.root).Column, 2, 1},
		{"b", d.at(b).Line, d.at(b).Column, 3, 3},
		{"d", d.at(c.ChildElements()[0]).Line, d.at(c.ChildElements()[0]).Column, 4, 6},
	} {
		if p.got != p.line || p.gotColumn != p.col {
			t.Errorf("%s stands at %d:%d, want %d:%d", p.what, p.got, p.gotColumn, p.line, p.col)
		}
	}
}

// TestWalkFollowsLinks follows the root and bundles' folders, and no other link; a
// link that leads back does not trap it.
func TestWalkFollowsLinks(t *testing.T) {
	d := newDisk(t)
	d.write("real/p/apiproxy/proxies/default.xml", "x")
	d.write("real/other/file", "x")
	d.write("far/f", "x")
	for link, to := range map[string]string{
		"link": "real", "real/q/apiproxy": "../p/apiproxy", "real/p/apiproxy/apiproxy": "..", "real/p/elsewhere": "../../far", "real/gone/apiproxy": "nowhere",
	} {
		link = filepath.Join(d.root, link)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	var files []string
	root := filepath.Join(d.root, "link")
	err := Walk(root, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(root, p)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	const want = "gone/apiproxy other/file " +
		"p/apiproxy/apiproxy/apiproxy/apiproxy p/apiproxy/apiproxy/apiproxy/proxies/default.xml p/apiproxy/apiproxy/elsewhere " +
		"p/apiproxy/proxies/default.xml p/elsewhere " +
		"q/apiproxy/apiproxy q/apiproxy/proxies/default.xml"
	if got := strings.Join(files, " "); err != nil || got != want {
		t.Errorf("%v: %s", err, got)
	}
}
