package strays

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

type server struct {
	Name    string          `json:"name"`
	SSLInfo *sslInfo        `json:"sSLInfo"`
	Ports   []port          `json:"ports"`
	Raw     json.RawMessage `json:"raw"`
}

type sslInfo struct {
	Enforce bool `json:"enforce"`
}

type port struct {
	Number int `json:"number"`
}

func TestIn(t *testing.T) {
	known := Idle{reflect.TypeFor[server](): {"description"}}
	for data, want := range map[string]string{
		`{"name": "a", "NAME": "b", "description": 1, "raw": {"anything": 1}}`: `[]`,
		`{"nam": "a"}`:                    `[there is no field "nam": did you mean "name"?]`,
		`{"descripton": 1}`:               `[there is no field "descripton": did you mean "description"?]`,
		`{"x": 1}`:                        `[there is no field "x"]`,
		`{"sslInfo": {"enforced": true}}`: `[sSLInfo: there is no field "enforced": did you mean "enforce"?]`,
		`{"ports": [{"number": 1}, {"portNumber": 2}]}`:  `[ports[1]: there is no field "portNumber": did you mean "number"?]`,
		`{"ports": {"numbr": 1}, "sSLInfo": "enforced"}`: `[]`, // another form
		`[1]`: `[]`,
		`{`:   `[]`,
	} {
		if got := fmt.Sprint(known.In([]byte(data), reflect.TypeFor[server]())); got != want {
			t.Errorf("%s\n%s, want\n%s", data, got, want)
		}
	}
}
