package orgdata

import "slices"

// advice says of each kind that is not loaded what to do instead.
var advice = map[string]string{
	"appGroups": "only their apps are kept",
	"companies": "only their apps are kept",

	"aliases":    "put the certificates and keys into a folder STORE/ALIAS.crt and give it with --keystores",
	"keystores":  "put the certificates and keys into a folder STORE/ALIAS.crt and give it with --keystores",
	"references": "name the key store itself, or write them into keystores.json of an environment archive",

	"flowhooks":     "write them into flowhooks.json of an environment archive",
	"resourcefiles": "put them into resources/TYPE of a bundle, or of the environment of an archive",

	"debugMasks":   "nothing here shows messages to others",
	"maskconfigs":  "nothing here shows messages to others",
	"extensions":   "proxies cannot call them here",
	"virtualHosts": "choose the address with --listen and --tls-listen",

	"apiCategories": "they are of a portal",
	"apiDocs":       "they are of a portal",
	"ratePlans":     "nothing is charged here",
	"reports":       "they are of analytics",
	"spaces":        "they are of the management of the organization",
	"specs":         "they are of a portal",
	"userroles":     "they are of the management of the organization",
}

// otherKinds are the plugin's kinds in each scope that are not loaded.
var otherKinds = map[string][]string{
	orgScope: {"apiCategories", "apiDocs", "appGroups", "companies", "maskconfigs", "ratePlans", "reports", "resourcefiles", "spaces", "specs", "userroles"},
	envScope: {"aliases", "debugMasks", "extensions", "flowhooks", "keystores", "references", "resourcefiles", "virtualHosts"},
	apiScope: {"maskconfigs", "resourcefiles"},
}

func notLoaded(scope string) (list []*kind) {
	for _, name := range otherKinds[scope] {
		list = append(list, &kind{name, lastStage, (*reader).note, ""})
	}
	return list
}

// unknown is the kind of what the plugin does not know.
func unknown(name string) *kind { return &kind{name, unknownStage, (*reader).note, ""} }

// note notes the kind of a document: one note a kind, whatever is in it.
func (r *reader) note(d *document) {
	text := advice[d.kind.name]
	if text == "" {
		text = "no such kind is known; check how it is written"
	}
	r.noteOnce(d, d.kind.name, text)
}

func (r *reader) noteOnce(d *document, what, text string) {
	i := slices.IndexFunc(r.data.Notes, func(n Note) bool { return n.Kind == what })
	if i < 0 {
		i = len(r.data.Notes)
		r.data.Notes = append(r.data.Notes, Note{Kind: what, Text: text})
	}
	if n := &r.data.Notes[i]; !slices.Contains(n.Files, d.file) {
		n.Files = append(n.Files, d.file)
	}
}
