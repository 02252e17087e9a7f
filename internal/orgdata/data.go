package orgdata

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sluice/internal/entity"
)

// Data is what files say of an organization.
type Data struct {
	Products   []*entity.Product
	Developers []*entity.Developer
	Apps       []*entity.App
	Maps       []Map
}

// Map is a key-value map with its entries.
type Map struct {
	Scope       string // "organization", "environment", "apiproxy"
	Environment string // "" stands for every environment that loads the data
	Proxy       string // scope apiproxy
	Name        string
	Entries     map[string]string
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

// reader collects data and problems.
type reader struct {
	data     Data
	problems []Problem
	file     string
}

func (r *reader) fail(item, format string, args ...any) {
	r.problems = append(r.problems, Problem{r.file, item, fmt.Sprintf(format, args...)})
}

// id makes the ID of an entity whose file gives none: always the same one, so
// that loading the file again changes nothing.
func id(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	text := hex.EncodeToString(sum[:16])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}
