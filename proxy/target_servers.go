package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"

	"sluice/flow"
	"sluice/internal/strays"
)

// lenient is a JSON string, number or boolean as text: archives write "true" and
// 443 either way.
type lenient string

func (l *lenient) UnmarshalJSON(data []byte) error {
	var s string
	if json.Unmarshal(data, &s) == nil {
		*l = lenient(s)
		return nil
	}
	*l = lenient(strings.Trim(string(data), `"`))
	return nil
}

func (l lenient) true(def bool) bool {
	if l == "" || l == "null" {
		return def
	}
	return strings.EqualFold(string(l), "true")
}

type sslInfoJSON struct {
	Enabled                lenient  `json:"enabled"`
	Enforce                lenient  `json:"enforce"`
	ClientAuthEnabled      lenient  `json:"clientAuthEnabled"`
	KeyStore               string   `json:"keyStore"`
	KeyAlias               string   `json:"keyAlias"`
	TrustStore             string   `json:"trustStore"`
	IgnoreValidationErrors lenient  `json:"ignoreValidationErrors"`
	Ciphers                []string `json:"ciphers"`
	Protocols              []string `json:"protocols"`
	CommonName             struct {
		Value         string  `json:"value"`
		WildcardMatch lenient `json:"wildcardMatch"`
	} `json:"commonName"`
}

type targetServerJSON struct {
	Name      string       `json:"name"`
	Host      string       `json:"host"`
	Port      lenient      `json:"port"`
	Protocol  string       `json:"protocol"`
	IsEnabled lenient      `json:"isEnabled"`
	SSLInfo   *sslInfoJSON `json:"sSLInfo"`
}

// AddTargetServers reads a file in the form of targetservers.json into the environment,
// where a server takes the place of one of the same name.
func (e *Environment) AddTargetServers(file string) flow.Problems {
	data, err := os.ReadFile(file)
	if err == nil {
		err = e.addTargetServers(data)
	}
	if err == nil {
		return nil
	}
	p := jsonProblem(file, data, err)
	p.Hint = `write [{"name":"backend","host":"127.0.0.1","port":9000,"isEnabled":true}]`
	return flow.Problems{p}
}

func (e *Environment) addTargetServers(data []byte) error {
	servers, err := ReadTargetServers(data)
	for _, s := range servers {
		e.TargetServers = put(e.TargetServers, s.Name, s)
	}
	return err
}

// idleServerFields are what the management API and the Maven plugin write besides.
var idleServerFields = strays.Idle{reflect.TypeFor[targetServerJSON](): {"description"}}

// ReadTargetServers reads targetservers.json: a list of servers as the
// management API writes them. A field that is nearly one of the names is refused:
// "enforced" must not mean a server whose certificate nobody looks at. Fields like
// none of them pass, as an export may have what a later API has added.
func ReadTargetServers(data []byte) ([]*TargetServer, error) {
	var list []targetServerJSON
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	for _, f := range idleServerFields.In(data, reflect.TypeOf(list)) {
		if f.Near != "" {
			return nil, errors.New(f.String())
		}
	}
	var servers []*TargetServer
	for i := range list {
		s, err := list[i].server()
		if err != nil {
			return servers, err
		}
		servers = append(servers, s)
	}
	return servers, nil
}

func (j *targetServerJSON) server() (*TargetServer, error) {
	port, err := strconv.Atoi(string(j.Port))
	if err != nil || port < 1 || port > 65535 {
		return nil, fmt.Errorf("target server %q: port %q is not a number from 1 to 65535", j.Name, string(j.Port))
	}
	if j.Name == "" || j.Host == "" {
		return nil, fmt.Errorf("a target server needs a name and a host, this has name %q and host %q", j.Name, j.Host)
	}
	s := &TargetServer{Name: j.Name, Host: j.Host, Port: port, Protocol: strings.ToUpper(j.Protocol), Enabled: j.IsEnabled.true(true)}
	if j.SSLInfo != nil {
		s.SSL = j.SSLInfo.info()
	}
	return s, nil
}

func (j *sslInfoJSON) info() *SSLInfo {
	return &SSLInfo{
		Enabled: string(j.Enabled), Enforce: j.Enforce.true(false), ClientAuthEnabled: string(j.ClientAuthEnabled),
		KeyStore: j.KeyStore, KeyAlias: j.KeyAlias, TrustStore: j.TrustStore,
		IgnoreValidationErrors: j.IgnoreValidationErrors.true(false), Ciphers: j.Ciphers, Protocols: j.Protocols,
		CommonName: j.CommonName.Value, WildcardCommonName: j.CommonName.WildcardMatch.true(false),
	}
}
