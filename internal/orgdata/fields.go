package orgdata

import (
	"fmt"
	"reflect"

	"sluice/internal/entity"
	"sluice/internal/strays"
)

// idle are the fields that the management API, the emulator or the plugin write
// and that change nothing here. What is neither here nor in the struct that is
// read is somebody's mistake.
var idle = strays.Idle{
	reflect.TypeFor[entity.Product]():         {"grpcOperationGroup", "space"},
	reflect.TypeFor[entity.OperationConfig](): {"methods", "service"},
	reflect.TypeFor[entity.Operation]():       {"operationTypes"},
	reflect.TypeFor[entity.Developer]():       {"accessType", "appFamily", "companies", "organizationId", "uuid"},
	reflect.TypeFor[appFile]():                {"companyName", "expiryType", "keyExpiresIn"},
	reflect.TypeFor[entity.Credential]():      {"expiresInSeconds"},
	reflect.TypeFor[keyFile]():                {"attributes", "expiresAt", "expiresInSeconds", "issuedAt", "status"},
	reflect.TypeFor[mapFile]():                {"encrypted", "maskedValues", "nextPageToken"},
	reflect.TypeFor[serverFile]():             {"description", "port", "protocol", "isEnabled"},
	reflect.TypeFor[sslFile]():                {"ciphers", "clientAuthEnabled", "enabled", "enforce", "ignoreValidationErrors", "keyAlias", "keyStore", "protocols", "trustStore"},
	reflect.TypeFor[commonNameFile]():         {"value", "wildcardMatch"},
}

// strayFields tells of the fields that nobody knows. What is nearly the name of another
// is a mistake. What is like none may come from a later version of what wrote the file,
// and is noted: nobody should have to edit an export.
func (r *reader) strayFields(at place, data []byte, t reflect.Type) {
	for _, s := range idle.In(data, t) {
		if s.Near == "" {
			r.noteOnce(at.document, fmt.Sprintf("fields %q of %s", s.Key, at.kind.name), "no such field is known; `sluice doc orgdata` shows the form")
			continue
		}
		r.fail(at, "%s", s)
	}
}
