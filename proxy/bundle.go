package proxy

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"sluice/flow"
)

// BundleKind tells API proxies from shared flows.
type BundleKind uint8

// The kinds of bundles, and the folders that hold them.
const (
	APIProxy BundleKind = iota
	SharedFlowBundle
)

func (k BundleKind) folder() string {
	if k == SharedFlowBundle {
		return "sharedflowbundle"
	}
	return "apiproxy"
}

func (k BundleKind) String() string {
	if k == SharedFlowBundle {
		return "shared flow"
	}
	return "API proxy"
}

// Bundle is an Apigee bundle as bytes: nothing of it has been parsed.
type Bundle struct {
	Kind  BundleKind
	Path  string            // folder or zip that it was read from, as the user gave it
	Name  string            // name to use when the root descriptor has none: the folder's or the zip's
	Files map[string][]byte // path below apiproxy/ or sharedflowbundle/ -> content
}

// Limits of what a bundle may hold. They are far above the largest public bundle
// and far below what hurts.
const (
	maxFileSize   = 16 << 20
	maxBundleSize = 64 << 20
	maxFiles      = 5000
	maxZipRatio   = 200 // uncompressed to compressed, beyond the first MiB
)

// Digest identifies the bundle's content.
func (b *Bundle) Digest() string {
	h := sha256.New()
	for _, name := range b.names() {
		sum := sha256.Sum256(b.Files[name])
		fmt.Fprintf(h, "%q %x\n", name, sum)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (b *Bundle) names() []string {
	names := make([]string, 0, len(b.Files))
	for n := range b.Files {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// shown is the path under which a user finds a file of the bundle: below the
// folder, or below the zip's name.
func (b *Bundle) shown(file string) string {
	return path.Join(filepath.ToSlash(b.Path), file)
}

// under returns the files directly inside dir with that extension, sorted.
func (b *Bundle) under(dir, ext string) []string {
	var list []string
	for _, n := range b.names() {
		if path.Dir(n) == dir && strings.EqualFold(path.Ext(n), ext) {
			list = append(list, n)
		}
	}
	return list
}

// Find reads the bundles at a path: a bundle folder itself, a folder with
// bundles at any depth, or a zip. What cannot be read is a problem beside the
// bundles that can: its Bundle is the path, below root, that cannot be read. That
// there is no bundle is a problem only of a root that cannot hold one: see NoBundle.
func Find(root string) ([]*Bundle, flow.Problems) {
	info, err := os.Stat(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, flow.Problems{noBundle(root, "the path does not exist")}
	case err != nil:
		return nil, flow.Problems{refusal(root, err)}
	case info.IsDir():
		f := &finder{root: root}
		_ = Walk(root, f.visit) // visit notes what is wrong, and goes on
		return f.found, f.problems
	case !isZip(root):
		return nil, flow.Problems{noBundle(root, "the path is neither a folder nor a .zip file")}
	}
	return findFile(root)
}

// NoBundle is the problem of a path at which there is nothing to work on. It is not
// one of Find's for a folder, because a folder that is served may become empty.
func NoBundle(root string) flow.Problem {
	return noBundle(root, "neither apiproxy/ nor sharedflowbundle/ nor a zip is in this folder or below it")
}

func noBundle(root, why string) flow.Problem {
	return refused(root, root, "NoBundle", "no bundle is here: "+why,
		"give the path of a bundle's folder, the one that holds apiproxy/ or sharedflowbundle/, of a zip, or of a folder with bundles below it")
}

func isZip(p string) bool { return strings.EqualFold(filepath.Ext(p), ".zip") }

// finder collects the bundles below a folder.
type finder struct {
	root     string
	found    []*Bundle
	problems flow.Problems
}

func (f *finder) visit(p string, d fs.DirEntry, err error) error {
	switch {
	case err != nil:
		f.problems = append(f.problems, refusal(p, err))
		return filepath.SkipDir
	case d.IsDir() && skipped(p, f.root, d.Name()):
		return filepath.SkipDir
	case d.IsDir():
		return f.folder(p)
	case isZip(p):
		bundles, problems := findFile(p)
		f.found, f.problems = append(f.found, bundles...), append(f.problems, problems...)
	}
	return nil
}

// folder takes the folder of a bundle as a whole, and lets the walk enter others.
func (f *finder) folder(p string) error {
	kind, ok := bundleFolder(p)
	if !ok {
		return nil
	}
	if b, err := readFolder(p, kind); err != nil {
		f.problems = append(f.problems, refusal(p, err))
	} else {
		f.found = append(f.found, b)
	}
	return filepath.SkipDir
}

// skipped keeps the search out of folders that never hold bundles.
func skipped(p, root, name string) bool {
	return p != root && (name == "node_modules" || strings.HasPrefix(name, "."))
}

func bundleFolder(p string) (BundleKind, bool) {
	switch filepath.Base(p) {
	case "apiproxy":
		return APIProxy, true
	case "sharedflowbundle":
		return SharedFlowBundle, true
	}
	return 0, false
}

func readFolder(dir string, kind BundleKind) (*Bundle, error) {
	root, err := os.OpenRoot(dir) // nothing outside the folder, also not through links
	if err != nil {
		return nil, err
	}
	defer root.Close()
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Kind: kind, Path: dir, Name: filepath.Base(filepath.Dir(abs)), Files: map[string][]byte{}}
	total := int64(0)
	err = fs.WalkDir(root.FS(), ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || ignoredFile(p) {
			return err
		}
		data, err := readLimited(root, p)
		if err != nil && d.Type()&fs.ModeSymlink != 0 {
			return &linkError{p, err}
		}
		if err != nil {
			return err
		}
		if total += int64(len(data)); total > maxBundleSize || len(b.Files) >= maxFiles {
			return fmt.Errorf("the bundle is larger than %d MiB or %d files", maxBundleSize>>20, maxFiles)
		}
		b.Files[p] = data
		return nil
	})
	return b, err
}

// linkError is a link of a bundle that is not followed.
type linkError struct {
	name string
	err  error
}

func (e *linkError) Error() string {
	return e.name + " is a link out of the bundle, or to no file: " + e.err.Error()
}

func (e *linkError) Unwrap() error { return e.err }

func readLimited(root *os.Root, p string) ([]byte, error) {
	f, err := root.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, p, maxFileSize)
}

func readUpTo(r io.Reader, name string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d MiB", name, limit>>20)
	}
	return data, nil
}

// ignoredFile reports what editors and systems leave behind (runtime.md 1.1).
func ignoredFile(p string) bool {
	base := path.Base(p)
	return base == ".DS_Store" || strings.HasSuffix(base, "~") || strings.HasPrefix(base, "._")
}

// findFile reads the bundles of a zip.
func findFile(p string) ([]*Bundle, flow.Problems) {
	data, err := readZipFile(p)
	if err != nil {
		return nil, flow.Problems{refusal(p, err)}
	}
	bundles, err := readZip(p, data)
	if err != nil {
		return nil, flow.Problems{refusal(p, err)}
	}
	return bundles, nil
}

func readZipFile(p string) ([]byte, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readUpTo(f, p, maxBundleSize)
}

// readZip reads the bundles that a zip holds: apiproxy/ or sharedflowbundle/, at
// the top or below folders. A name that leaves the archive, a file or a whole
// that is too large, and a ratio of compression that only a zip bomb has, refuse
// the archive.
func readZip(name string, data []byte) ([]*Bundle, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(r.File) > maxFiles {
		return nil, fmt.Errorf("more than %d files", maxFiles)
	}
	stem := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
	found := map[string]*Bundle{}
	total := int64(0)
	for _, f := range r.File {
		p := strings.ReplaceAll(f.Name, `\`, "/")
		if !fs.ValidPath(strings.TrimSuffix(p, "/")) {
			return nil, fmt.Errorf("entry %q would leave the archive", f.Name)
		}
		outer, kind, inner, ok := splitBundlePath(p)
		if !ok || f.FileInfo().IsDir() || ignoredFile(p) {
			continue
		}
		content, err := inflate(f, maxBundleSize-total)
		if err != nil {
			return nil, err
		}
		total += int64(len(content))
		b := found[outer+kind.folder()]
		if b == nil {
			b = &Bundle{Kind: kind, Path: name, Name: bundleName(outer, stem), Files: map[string][]byte{}}
			found[outer+kind.folder()] = b
		}
		b.Files[inner] = content
	}
	if len(found) == 0 {
		return nil, errors.New("the archive holds neither apiproxy/ nor sharedflowbundle/")
	}
	return sortedBundles(found), nil
}

func sortedBundles(found map[string]*Bundle) []*Bundle {
	keys := make([]string, 0, len(found))
	for k := range found {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	list := make([]*Bundle, len(keys))
	for i, k := range keys {
		list[i] = found[k]
	}
	return list
}

func bundleName(outer, stem string) string {
	if outer == "" {
		return stem
	}
	return path.Base(outer)
}

// splitBundlePath divides a/b/apiproxy/policies/X.xml at the bundle folder.
func splitBundlePath(p string) (outer string, kind BundleKind, inner string, ok bool) {
	for _, kind := range [...]BundleKind{APIProxy, SharedFlowBundle} {
		folder := kind.folder() + "/"
		if inner, ok := strings.CutPrefix(p, folder); ok {
			return "", kind, inner, inner != ""
		}
		if outer, inner, ok := strings.Cut(p, "/"+folder); ok {
			return outer, kind, inner, inner != ""
		}
	}
	return "", 0, "", false
}

func inflate(f *zip.File, left int64) ([]byte, error) {
	rc, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	defer rc.Close()
	data, err := readUpTo(rc, f.Name, min(maxFileSize, max(left, 0)))
	if err != nil {
		return nil, err
	}
	if len(data) > 1<<20 && uint64(len(data)) > maxZipRatio*max(f.CompressedSize64, 1) {
		return nil, fmt.Errorf("%s is compressed more than %d times: a zip bomb", f.Name, maxZipRatio)
	}
	return data, nil
}

// refusal is the problem of a zip or a folder that cannot be read.
func refusal(p string, err error) flow.Problem {
	code, hint := "FolderRefused", ""
	var link *linkError
	switch {
	case isZip(p):
		code = "ZipRefused"
	case errors.As(err, &link):
		hint = "put a copy of the file in its place: only links to files inside of the bundle are followed"
	}
	return refused(p, p, code, err.Error(), hint)
}

func refused(bundle, file, code, message, hint string) flow.Problem {
	return flow.Problem{Bundle: bundle, File: file, Severity: flow.Error.String(), Code: code, Message: message, Hint: hint}
}
