package main

import (
	"embed"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// bundles holds passthrough, whose flow is empty, and orders: 12 policies, 2
// targets and conditions. They carry @NAME@, @BASEPATH@ and @UPSTREAM@.
//
//go:embed bundles
var bundles embed.FS

// writeBundle writes a copy of the bundle to the folder.
func writeBundle(folder, bundle, name, basePath, upstream string) error {
	fill := strings.NewReplacer("@NAME@", name, "@BASEPATH@", basePath, "@UPSTREAM@", upstream)
	root := "bundles/" + bundle
	return fs.WalkDir(bundles, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(folder, strings.TrimPrefix(path, root))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		data, err := bundles.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(fill.Replace(string(data))), 0o644)
	})
}
