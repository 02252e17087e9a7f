package orgdata

// Files are the names of the test data of Apigee's emulator (clients.md).
var Files = []string{"products.json", "developers.json", "developerapps.json", "maps.json"}

// emulatorKinds are what these files hold, by their names.
var emulatorKinds = map[string]*kind{
	"products.json":      {"products", productStage, (*reader).readProducts, productSample},
	"developers.json":    {"developers", developerStage, (*reader).readDevelopers, developerSample},
	"developerapps.json": {"developerapps", appStage, (*reader).readApps, appSample},
	"maps.json":          {"maps", lastStage, (*reader).readMaps, mapSample},
}

// Emulator reads test data of Apigee's emulator; files has the contents by name,
// those that are missing are empty.
func Emulator(files map[string][]byte) (*Data, []Problem) {
	r := newReader()
	for _, name := range Files {
		if data, ok := files[name]; ok {
			r.emulatorFile(name, name, append([]byte(nil), data...))
		}
	}
	return r.read()
}

func (r *reader) emulatorFile(file, name string, data []byte) {
	k := emulatorKinds[name]
	r.documents = append(r.documents, &document{kind: k, file: file, path: k.name, data: tidy(data), whole: true})
}
