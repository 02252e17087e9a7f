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
	name   string // of its files and keys
	stage  stage
	read   func(*reader, *document)
	sample string // an item of it, for those who wrote something else
}

// list says in words what a list of the kind is.
func (k *kind) list() string { return "a JSON array" + k.as("[", "]") }

// byOwner says it of lists by owner.
func (k *kind) byOwner() string { return "a JSON object" + k.as(`{"OWNER": [`, "]}") }

func (k *kind) as(before, after string) string {
	if k.sample == "" {
		return ""
	}
	return " as in " + before + k.sample + after
}

// Samples of the kinds.
const (
	productSample   = `{"name": "silver", "proxies": ["shop-v1"]}`
	developerSample = `{"email": "ann@example.com"}`
	appSample       = `{"name": "shopping", "developerEmail": "ann@example.com", "apiProducts": ["silver"]}`
	mapSample       = `{"name": "settings", "scope": "environment", "environment": "test", "entries": {"region": "eu"}}`

	ownAppSample = `{"name": "shopping", "apiProducts": ["silver"]}`
	ownMapSample = `{"name": "settings", "entry": [{"name": "region", "value": "eu"}]}`
	keySample    = `{"name": "shopping", "consumerKey": "KEY", "consumerSecret": "SECRET", "apiProducts": ["silver"]}`
	exportSample = `{"keyValueEntries": [{"name": "region", "value": "eu"}]}`
	serverSample = `{"name": "backend", "host": "127.0.0.1", "port": 9000}`
)

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
		{"apiProducts", productStage, (*reader).readProducts, productSample},
		{"developers", developerStage, (*reader).readDevelopers, developerSample},
		{"developerApps", appStage, (*reader).readDeveloperApps, ownAppSample},
		{"appGroupApps", appStage, (*reader).readGroupApps, ownAppSample},
		{"companyApps", appStage, (*reader).readGroupApps, ownAppSample},
		{"importKeys", keyStage, (*reader).readKeys, keySample},
		{"importAppGroupAppKeys", keyStage, (*reader).readGroupKeys, keySample},
		{"kvms", lastStage, (*reader).readEdgeMaps, ownMapSample},
	}, notLoaded(orgScope)...),
	envScope: append([]*kind{
		{"kvms", lastStage, (*reader).readEdgeMaps, ownMapSample},
		{"targetServers", lastStage, (*reader).readTargetServers, serverSample},
		{"caches", lastStage, func(*reader, *document) {}, ""}, // need no declaration
	}, notLoaded(envScope)...),
	apiScope: append([]*kind{
		{"kvms", lastStage, (*reader).readEdgeMaps, ownMapSample},
	}, notLoaded(apiScope)...),
}
