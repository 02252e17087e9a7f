package orgdata

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"sluice/internal/entity"
)

// Data is what files say of an organization.
type Data struct {
	Products      []*entity.Product
	Developers    []*entity.Developer // Apps lists those of the files
	Apps          []*entity.App
	Maps          []Map
	TargetServers []TargetServer

	Needs        []Need   // what the files use and do not have
	Notes        []Note   // what is in the files and not in the data
	Environments []string // those that the files configure apart, sorted
	Digest       [sha256.Size]byte
}

// Map is a key-value map with its entries.
type Map struct {
	Scope       string // "organization", "environment", "apiproxy"
	Environment string // "" stands for every environment that loads the data
	Proxy       string // scope apiproxy
	Name        string
	Entries     map[string]string
}

// TargetServer is a target server as the management API writes it.
type TargetServer struct {
	Environment string
	Name        string
	JSON        json.RawMessage // a JSON object with name and host
	Place       Problem         // where it stands; what is wrong with it goes to Text
}

// Need is what an app uses and the files do not have. The state may have it from
// an earlier load; otherwise the problem is one.
type Need struct {
	App       *entity.App
	Product   string // its name; or
	Developer string // the ID or the e-mail address of the app's owner; DeveloperID is empty
	at        place
}

// Problem is what is wrong when the state does not have it either.
func (n Need) Problem() Problem {
	if n.Product != "" {
		return n.at.problem("the app %q uses product %q, which neither the files nor the state have: add the product", n.App.Name, n.Product)
	}
	return n.at.problem("the app %q belongs to developer %q, whom neither the files nor the state have: add the developer", n.App.Name, n.Developer)
}

// Problem is something in a file that cannot be loaded.
type Problem struct {
	File string
	Item string // "developers[2]"; "" for the whole file
	Text string // what is wrong, and what to do
}

func (p Problem) Error() string {
	if p.Item == "" {
		return p.File + ": " + p.Text
	}
	return p.File + ": " + p.Item + ": " + p.Text
}

// Note says that a kind of configuration, or a field, is in the files and is not loaded.
type Note struct {
	Kind  string   // as the plugin calls it: "keystores"; or fields of one
	Files []string // where it is
	Text  string   // what to do instead
}

func (n Note) String() string {
	where := n.Files[0]
	if more := len(n.Files) - 1; more > 0 {
		where = fmt.Sprintf("%s and %d more", where, more)
	}
	return where + ": " + n.Kind + " are not loaded: " + n.Text
}

// DeveloperID makes the ID of a developer whose file gives none: always the same
// one, so that loading the file again changes nothing.
func DeveloperID(lowerCaseEmail string) string { return id("developer", lowerCaseEmail) }

// AppID makes the ID of an app whose file gives none. owner is the developer's ID
// or the app group's name.
func AppID(a *entity.App) string { return id("app", a.DeveloperID+"/"+a.AppGroup+"/"+a.Name) }

func id(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
