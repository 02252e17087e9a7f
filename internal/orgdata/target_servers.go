package orgdata

import (
	"encoding/json"
	"reflect"
)

// serverFile, sslFile and commonNameFile have the fields of a target server: here
// only name and host are read, the others are listed as idle.
type serverFile struct {
	Name    string   `json:"name"`
	Host    string   `json:"host"`
	SSLInfo *sslFile `json:"sSLInfo"`
}

type sslFile struct {
	CommonName *commonNameFile `json:"commonName"`
}

type commonNameFile struct{}

// readTargetServers reads target servers of an environment. Only what every form
// of them has is checked here; who serves knows the rest.
func (r *reader) readTargetServers(d *document) {
	list(r, d, func(at place, raw *json.RawMessage) {
		r.strayFields(at, *raw, reflect.TypeFor[serverFile]())
		var head serverFile
		if err := json.Unmarshal(*raw, &head); err != nil {
			r.fail(at, "%s", wording(err, d, anotherValue))
			return
		}
		if head.Name == "" || head.Host == "" {
			r.fail(at, "the target server %q needs a name and a host: add \"name\" and \"host\"", head.Name)
			return
		}
		full := ownedName{d.environment, head.Name}
		if other, twice := r.servers[full]; twice {
			r.fail(at, "target server %q is also in %s, %s: remove one", head.Name, other.file, other)
			return
		}
		r.servers[full] = at
		r.data.TargetServers = append(r.data.TargetServers, TargetServer{
			Environment: d.environment, Name: head.Name, JSON: *raw, Place: Problem{File: at.file, Item: at.String()},
		})
	})
}
