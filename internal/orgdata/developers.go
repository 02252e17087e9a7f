package orgdata

import (
	"strings"

	"sluice/internal/entity"
)

// readDevelopers reads developers as the management API writes them. Which apps
// they have is told by the apps.
func (r *reader) readDevelopers(d *document) {
	list(r, d, func(at place, dev *entity.Developer) {
		address := strings.ToLower(dev.Email)
		switch {
		case address == "":
			r.fail(at, `the developer has no email: add "email"`)
			return
		case r.developers[address] != nil:
			r.fail(at, "developer %q is there twice: remove one", dev.Email)
			return
		}
		if dev.ID == "" {
			dev.ID = DeveloperID(address)
		}
		if other := r.developers[dev.ID]; other != nil {
			r.fail(at, "developers %q and %q have the same developerId: change one", other.Email, dev.Email)
			return
		}
		dev.Apps = nil
		r.developers[address], r.developers[dev.ID] = dev, dev
		r.data.Developers = append(r.data.Developers, dev)
	})
}

// developer finds a developer of the files by ID or e-mail address.
func (r *reader) developer(who string) *entity.Developer {
	if d := r.developers[who]; d != nil {
		return d
	}
	return r.developers[strings.ToLower(who)]
}
