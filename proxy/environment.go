package proxy

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"reflect"
	"slices"

	"sluice/flow"
	"sluice/internal/spelling"
)

// Environment is what Apigee configures beside the bundles. It is immutable
// once a snapshot was compiled with it.
type Environment struct {
	Organization  string
	Name          string
	Region        string
	Pod           string
	TargetServers map[string]*TargetServer
	FlowHooks     map[string]FlowHook          // PreProxyFlowHook, ... -> shared flow
	PropertySets  map[string]map[string]string // of the environment; a bundle's own win
	KeyStores     map[string]*KeyStore
	References    map[string]string // ref://NAME -> key store or trust store
	Resources     map[string][]byte // type://name, of the environment
	EnforceTLS    bool              // verify the certificates of all targets: property features.SSLInfo.Enforce
	Accounts      map[string]string // API proxy -> service account; "" for every other
	// Deploy lists the proxies and shared flows to serve; nil means all that were found.
	Deploy map[string]bool
	// DeployFile is where Deploy was read, "" for nowhere.
	DeployFile string
	// DeployAll serves what Deploy does not list too.
	DeployAll bool
}

// TargetServer is an entry of targetservers.json (runtime.md 2.4).
type TargetServer struct {
	Name     string
	Host     string
	Port     int
	Protocol string // "HTTP", "GRPC"
	Enabled  bool
	SSL      *SSLInfo // nil: no TLS
}

// SSLInfo is the TLS side of a connection, as SSLInfo or sSLInfo configure it.
// Texts may be templates.
type SSLInfo struct {
	Enabled                string
	Enforce                bool
	ClientAuthEnabled      string
	KeyStore, KeyAlias     string
	TrustStore             string
	IgnoreValidationErrors bool
	CommonName             string
	WildcardCommonName     bool
	Ciphers, Protocols     []string
}

// FlowHook attaches a shared flow to a point of every proxy's flow.
type FlowHook struct {
	SharedFlow      string
	ContinueOnError bool
}

// KeyStore is a key store or a trust store.
type KeyStore struct {
	Aliases map[string]tls.Certificate
	Trusted *x509.CertPool
}

// The flow hook points.
const (
	preProxyHook   = "PreProxyFlowHook"
	postProxyHook  = "PostProxyFlowHook"
	preTargetHook  = "PreTargetFlowHook"
	postTargetHook = "PostTargetFlowHook"
)

var hookPoints = []string{preProxyHook, preTargetHook, postTargetHook, postProxyHook}

func (e *Environment) account(proxy string) string {
	if a, ok := e.Accounts[proxy]; ok {
		return a
	}
	return e.Accounts[""]
}

// equal reports whether a deployment compiled with other would be the same.
func (e *Environment) equal(other *Environment) bool {
	a, b := *e, *other
	a.KeyStores, b.KeyStores = nil, nil // a pool of certificates holds functions: to DeepEqual it never equals another
	return reflect.DeepEqual(a, b) && maps.EqualFunc(e.KeyStores, other.KeyStores, (*KeyStore).equal)
}

func (s *KeyStore) equal(other *KeyStore) bool {
	return s.Trusted.Equal(other.Trusted) && maps.EqualFunc(s.Aliases, other.Aliases, func(a, b tls.Certificate) bool {
		return slices.EqualFunc(a.Certificate, b.Certificate, bytes.Equal) // and so the key, which belongs to the first
	})
}

func (e *Environment) deploys(name string) bool {
	return e.Deploy == nil || e.DeployAll || e.Deploy[name]
}

// absent warns of what Deploy lists and nobody found.
func (e *Environment) absent(found []string) flow.Problems {
	var problems flow.Problems
	for _, name := range sortedKeys(e.Deploy) {
		if slices.Contains(found, name) {
			continue
		}
		hint := "add its bundle to the archive, or take the name out"
		if near := spelling.Likely(name, found); near != "" {
			hint = "did you mean " + quoted(near) + "?"
		}
		p := refused(name, e.DeployFile, "UnknownDeployment", "no bundle of an API proxy or shared flow is called "+quoted(name), hint)
		p.Severity = flow.Warning.String()
		problems = append(problems, p)
	}
	return problems
}

// keyStore resolves a store's name, through a reference if it is ref://NAME.
func (e *Environment) keyStore(name string) *KeyStore {
	if ref, ok := cutRef(name); ok {
		name = e.References[ref]
	}
	return e.KeyStores[name]
}

func cutRef(name string) (string, bool) {
	const scheme = "ref://"
	if len(name) > len(scheme) && name[:len(scheme)] == scheme {
		return name[len(scheme):], true
	}
	return name, false
}
