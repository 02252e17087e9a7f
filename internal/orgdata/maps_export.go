package orgdata

import (
	"path/filepath"
	"slices"
	"strings"
)

// exportMark is what the names of the files have in common into which apigeecli
// exports maps, a file for each page of entries. The rest of the name says whose
// map it is (apigeecli, `kvms export`; the config folders of apigee-samples):
//
//	org__MAP__kvmfile__0.json
//	env__ENV__MAP__kvmfile__0.json
//	proxy__PROXY__MAP__kvmfile__0.json
const exportMark = "__kvmfile__"

// exportKind is the kind of such a file: {"keyValueEntries": [...]}, which is a
// map without its name.
var exportKind = &kind{"kvms", lastStage, (*reader).readEdgeMaps, exportSample}

// isExport reports whether a file is, by its name, an export of apigeecli.
func isExport(file string) bool {
	return strings.Contains(filepath.Base(file), exportMark) && filepath.Ext(file) == ".json"
}

func (r *reader) exportFile(file string, data []byte) {
	d := &document{kind: exportKind, file: file, path: exportKind.name, data: slices.Concat([]byte("["), tidy(data), []byte("]"))}
	name, _, _ := strings.Cut(filepath.Base(file), exportMark)
	switch parts := strings.Split(name, "__"); {
	case parts[0] == "org" && len(parts) == 2:
		d.mapName = parts[1]
	case parts[0] == "env" && len(parts) == 3:
		d.environment, d.mapName = parts[1], parts[2]
		r.data.Environments = append(r.data.Environments, parts[1])
	case parts[0] == "proxy" && len(parts) == 3:
		d.proxy, d.mapName = parts[1], parts[2]
	default:
		r.failFile(file, "", "its name does not say whose map it is: write env__ENV__MAP%[1]s0.json, proxy__PROXY__MAP%[1]s0.json or org__MAP%[1]s0.json", exportMark)
		return
	}
	r.documents = append(r.documents, d)
}
