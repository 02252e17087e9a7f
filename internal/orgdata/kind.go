package orgdata

// stage orders kinds: apps name developers and products, keys name apps.
type stage uint8

const (
	productStage stage = iota
	developerStage
	appStage
	keyStage
	lastStage
	unknownStage // of kinds that nobody has heard of
)

// kind is a kind of configuration.
type kind struct {
	name  string // of its files and keys
	stage stage
	read  func(*reader, *document)
}

// known tells whether the kind of a document is one that somebody has heard of.
func (d *document) known() bool { return d.kind.stage != unknownStage }

// Scopes of the plugin's configuration (clients.md; the plugin's README).
const (
	orgScope = "org"
	envScope = "env"
	apiScope = "api"
)

// edgeKinds are the kinds that the config Maven plugin knows in a scope; those
// that have no reader here are noted. The list is that of its versions 1 (Edge)
// and 2 (X and hybrid).
var edgeKinds = map[string][]*kind{
	orgScope: append([]*kind{
		{"apiProducts", productStage, (*reader).readProducts},
		{"developers", developerStage, (*reader).readDevelopers},
		{"developerApps", appStage, (*reader).readDeveloperApps},
		{"appGroupApps", appStage, (*reader).readGroupApps},
		{"companyApps", appStage, (*reader).readGroupApps},
		{"importKeys", keyStage, (*reader).readKeys},
		{"importAppGroupAppKeys", keyStage, (*reader).readGroupKeys},
		{"kvms", lastStage, (*reader).readEdgeMaps},
	}, notLoaded(orgScope)...),
	envScope: append([]*kind{
		{"kvms", lastStage, (*reader).readEdgeMaps},
		{"targetServers", lastStage, (*reader).readTargetServers},
		{"caches", lastStage, func(*reader, *document) {}}, // need no declaration
	}, notLoaded(envScope)...),
	apiScope: append([]*kind{
		{"kvms", lastStage, (*reader).readEdgeMaps},
	}, notLoaded(apiScope)...),
}
