package proxy

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Walk is filepath.WalkDir for folders with bundles. It follows two links that
// developers make and WalkDir does not follow: the root, and a bundle's folder
// apiproxy or sharedflowbundle. What it finds there has the path through the link.
func Walk(root string, visit fs.WalkDirFunc) error {
	return walk(root, func(p string, d fs.DirEntry, err error) error {
		if _, ok := bundleFolder(p); ok && err == nil && p != root && isFolderLink(p) {
			return walk(p, visit)
		}
		return visit(p, d, err)
	})
}

// walk is filepath.WalkDir, also of a root that is a link.
func walk(root string, visit fs.WalkDirFunc) error {
	start := root
	if isFolderLink(root) {
		start += string(filepath.Separator) // the path of what the link leads to
	}
	return filepath.WalkDir(start, func(p string, d fs.DirEntry, err error) error {
		if p == start {
			p = root
		}
		return visit(p, d, err)
	})
}

// isFolderLink reports whether there is a link to a folder.
func isFolderLink(p string) bool {
	link, err := os.Lstat(p)
	if err != nil || link.Mode()&fs.ModeSymlink == 0 {
		return false
	}
	folder, err := os.Stat(p)
	return err == nil && folder.IsDir()
}
