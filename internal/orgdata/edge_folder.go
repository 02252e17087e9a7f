package orgdata

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// edgeFolder takes the files of the plugin's folder, by default resources/edge:
// org/KIND*.json, env/ENV/KIND*.json, api/PROXY/KIND*.json.
func (r *source) edgeFolder(dir string) error {
	if err := r.scopeFolder(document{}, orgScope, filepath.Join(dir, orgScope)); err != nil {
		return err
	}
	for _, scope := range []string{envScope, apiScope} {
		entries, err := os.ReadDir(filepath.Join(dir, scope))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, e := range entries {
			if !e.IsDir() {
				continue
			}
			at := document{proxy: e.Name()}
			if scope == envScope {
				at = document{environment: e.Name()}
				r.data.Environments = append(r.data.Environments, e.Name())
			}
			if err := r.scopeFolder(at, scope, filepath.Join(dir, scope, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// scopeFolder takes the JSON files of one folder. Other files lie there too:
// scripts that resourcefiles.json names.
func (r *source) scopeFolder(at document, scope, dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".json" {
			continue
		}
		d := at
		d.kind, d.file, d.whole = fileKind(scope, e.Name()), filepath.Join(dir, e.Name()), true
		d.path = d.kind.name
		if d.data, err = r.file(d.file); err != nil {
			return err
		}
		r.documents = append(r.documents, &d)
	}
	return nil
}

// fileKind is the kind whose name a file's begins with: kvms-security.json holds
// kvms. No kind's name begins with another's.
func fileKind(scope, file string) *kind {
	for _, k := range edgeKinds[scope] {
		if strings.HasPrefix(file, k.name) {
			return k
		}
	}
	return unknown(strings.TrimSuffix(file, ".json"))
}
