package proxy

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/beevik/etree"

	"sluice/flow"
)

// tlsSettings is a compiled SSLInfo (runtime.md 2.4). Some of its elements may be
// templates, so a request asks for the tlsClient that they lead to.
type tlsSettings struct {
	info      *SSLInfo
	strict    strictness
	templates [5]*flow.Template // in the order of tlsValues
	stores    *Environment
	resume    bool
	fixed     *tlsClient // when nothing depends on the request

	mu   sync.Mutex // guards made
	made map[tlsValues]*tlsClient
}

// tlsValues are the elements of SSLInfo that may be templates, expanded:
// Enabled, ClientAuthEnabled, KeyStore, KeyAlias, TrustStore.
type tlsValues [5]string

// maxTLSClients bounds the combinations of values that one SSLInfo keeps: they
// may come from a client.
const maxTLSClients = 64

// tlsClient is what a handshake needs. It is immutable.
type tlsClient struct {
	id         string      // equal only where connections may be shared; "" for the defaults
	on         bool        // Enabled: whether a target server is spoken to in TLS at all
	config     *tls.Config // of every handshake, but for the name and the verification
	checks     certificateChecks
	commonName commonName
	err        error // why no handshake can succeed, such as a missing key store
}

// certificateChecks says what of a target's certificate is looked at.
type certificateChecks struct{ chain, name bool }

// strictness is what besides SSLInfo decides how bad certificates are treated.
type strictness struct {
	enforced bool // the environment enforces checks, whatever SSLInfo says
	token    bool // what is sent carries a token of Google's
}

// checksFor is the one place that decides how bad certificates are treated. The
// documentation (runtime.md 2.4): Enforce checks validity, trust and host name;
// without it the outcome "depends on IgnoreValidationErrors", and a name that
// does not fit what was asked for by SNI can never be ignored. So, as on Apigee,
// a target without Enforce and TrustStore may show an expired or self-signed
// certificate. A token that opens Google's APIs is not handed to such a target
// unless IgnoreValidationErrors says so.
func checksFor(info *SSLInfo, trustStore string, strict strictness) certificateChecks {
	switch {
	case info.Enforce || strict.enforced:
		return certificateChecks{chain: true, name: true}
	case info.IgnoreValidationErrors || trustStore == "" && !strict.token:
		return certificateChecks{name: true}
	}
	return certificateChecks{chain: true, name: true}
}

// newTLSSettings compiles the SSLInfo el, which may be missing. token tells that
// requests carry a token of Google's.
func newTLSSettings(k *compilation, b *flow.Build, el *etree.Element, r propertyReader, token bool) *tlsSettings {
	info := &SSLInfo{}
	if el != nil {
		info = readSSLInfo(b, el)
	}
	return compileSSLInfo(k, b, el, info, r.flag("allow.tls.session.resumption", true), token)
}

// readSSLInfo reads the element.
func readSSLInfo(b *flow.Build, el *etree.Element) *SSLInfo {
	b.Known(el, "Enabled", "Enforce", "ClientAuthEnabled", "KeyStore", "KeyAlias", "TrustStore", "CRLStore",
		"IgnoreValidationErrors", "CommonName", "Ciphers", "Protocols")
	if crl := flow.Child(el, "CRLStore"); flow.TextOf(crl) != "" {
		b.Warn(crl, "UnusedElement", "CRLStore is ignored: revocation lists are not consulted", "")
	}
	return &SSLInfo{
		Enabled: b.Text(el, "Enabled"), Enforce: b.Bool(el, "Enforce", false),
		ClientAuthEnabled: b.Text(el, "ClientAuthEnabled"),
		KeyStore:          b.Text(el, "KeyStore"), KeyAlias: b.Text(el, "KeyAlias"), TrustStore: b.Text(el, "TrustStore"),
		IgnoreValidationErrors: b.Bool(el, "IgnoreValidationErrors", false),
		CommonName:             b.Text(el, "CommonName"),
		WildcardCommonName:     b.BoolAttr(flow.Child(el, "CommonName"), "wildcardMatch", false),
		Ciphers:                texts(flow.Child(el, "Ciphers"), "Cipher"),
		Protocols:              texts(flow.Child(el, "Protocols"), "Protocol"),
	}
}

func texts(el *etree.Element, tag string) []string {
	var list []string
	for _, c := range flow.Children(el, tag) {
		if s := flow.TextOf(c); s != "" {
			list = append(list, s)
		}
	}
	return list
}

// compileSSLInfo compiles an SSLInfo, of an endpoint or of a target server. el is
// where problems are reported.
func compileSSLInfo(k *compilation, b *flow.Build, el *etree.Element, info *SSLInfo, resume, token bool) *tlsSettings {
	s := &tlsSettings{info: info, strict: strictness{k.Environment.EnforceTLS, token}, stores: k.Environment, resume: resume}
	static := true
	var values tlsValues
	for i, text := range [...]string{info.Enabled, info.ClientAuthEnabled, info.KeyStore, info.KeyAlias, info.TrustStore} {
		s.templates[i] = b.Template(el, text)
		literal, ok := s.templates[i].Static()
		values[i], static = literal, static && ok
	}
	if static {
		s.fixed = s.resolve(values)
	}
	s.warn(b, el, values)
	return s
}

// warn tells of what will fail each handshake. It refuses nothing: a bundle may
// be deployed before its key stores are.
func (s *tlsSettings) warn(b *flow.Build, el *etree.Element, v tlsValues) {
	if s.fixed != nil && !s.fixed.on {
		return
	}
	for _, unknown := range unknownNames(s.info) {
		b.Warn(el, "UnknownCipher", unknown+" does not exist here and is left out", "the names are those of Java, such as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 and TLSv1.3")
	}
	if s.fixed != nil && s.fixed.err != nil {
		b.Warn(el, "MissingKeyStore", s.fixed.err.Error()+": every TLS handshake with the target will fail", "add the store, its alias or the reference to the environment")
		return
	}
	for _, name := range [...]string{v[2], v[4]} {
		if name != "" && s.stores.keyStore(name) == nil {
			b.Warn(el, "MissingKeyStore", missingStore(name).Error(), "add it to the environment")
		}
	}
}

func missingStore(name string) error {
	return fmt.Errorf("key store or trust store %q does not exist", name)
}

// unverified reports whether it is certain that certificates are not verified,
// and that nobody said so with IgnoreValidationErrors.
func (s *tlsSettings) unverified() bool {
	return s.fixed != nil && !s.fixed.checks.chain && !(s.fixed.on && s.info.IgnoreValidationErrors)
}

// at returns what the settings are for this request.
func (s *tlsSettings) at(x *flow.Exchange) *tlsClient {
	if s.fixed != nil {
		return s.fixed
	}
	var v tlsValues
	for i, t := range s.templates {
		text, err := t.Expand(x, true)
		if err != nil {
			return &tlsClient{on: true, config: &tls.Config{}, err: err}
		}
		v[i] = text
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.made[v]; t != nil {
		return t
	}
	if s.made == nil || len(s.made) >= maxTLSClients {
		s.made = map[tlsValues]*tlsClient{}
	}
	s.made[v] = s.resolve(v)
	return s.made[v]
}

// keyMaterial counts resolved settings that name a store. Two stores of one name
// may differ after a deployment, so connections are not shared between them.
var keyMaterial atomic.Uint64

// resolve makes a client of expanded values. When Enabled is not true the whole
// block is ignored; a URL of https is spoken to in TLS all the same.
func (s *tlsSettings) resolve(v tlsValues) *tlsClient {
	info := s.info
	t := &tlsClient{on: isTrue(v[0])}
	if !t.on {
		info, v = &SSLInfo{}, tlsValues{}
	}
	t.config = s.config()
	t.checks = checksFor(info, v[4], s.strict)
	t.commonName = commonName{info.CommonName, info.WildcardCommonName}
	if t.on || !s.resume || t.checks.chain {
		t.id = fmt.Sprintf("%t %t %+v %+v %q %q", t.on, s.resume, t.checks, t.commonName, info.Ciphers, info.Protocols)
	}
	if v[2] != "" || v[4] != "" {
		t.id += fmt.Sprintf(" %q %d", v, keyMaterial.Add(1))
	}
	if t.err = restrict(t.config, info); t.err == nil {
		t.err = s.load(t, v)
	}
	return t
}

// config is what does not depend on stores. The verification of crypto/tls is
// switched off because tlsClient.verify takes its place: it can leave out parts.
func (s *tlsSettings) config() *tls.Config {
	c := &tls.Config{InsecureSkipVerify: true, SessionTicketsDisabled: !s.resume}
	if s.resume {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(maxTLSClients)
	}
	return c
}

// load takes certificates from the stores.
func (s *tlsSettings) load(t *tlsClient, v tlsValues) error {
	if v[4] != "" {
		store := s.stores.keyStore(v[4])
		if store == nil {
			return missingStore(v[4])
		}
		if store.Trusted == nil {
			return fmt.Errorf("trust store %q holds no trusted certificate", v[4])
		}
		t.config.RootCAs = store.Trusted
	}
	if !isTrue(v[1]) {
		return nil
	}
	store := s.stores.keyStore(v[2])
	if store == nil {
		return missingStore(v[2])
	}
	pair, ok := store.Aliases[v[3]]
	if !ok {
		return fmt.Errorf("key store %q has no alias %q", v[2], v[3])
	}
	// Not Certificates: those are held back when the target's list of accepted
	// authorities does not name their issuer, but SSLInfo names this very one.
	t.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return nil
}

func isTrue(text string) bool { return strings.EqualFold(strings.TrimSpace(text), "true") }

// identity tells connections apart that may not be mixed.
func (t *tlsClient) identity(o *outgoing) string {
	if t.id == "" && o.expectedCN == "" {
		return o.to.host
	}
	return o.to.host + "\x00" + o.expectedCN + "\x00" + t.id
}

// handshake speaks TLS on c, and closes it when that fails. Its error is a
// *handshakeError. protocols are offered in ALPN.
func (t *tlsClient) handshake(ctx context.Context, c net.Conn, o *outgoing, protocols ...string) (net.Conn, error) {
	if t.err != nil {
		_ = c.Close() // nothing was said on it
		return nil, &handshakeError{t.err}
	}
	if o.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.timeout)
		defer cancel()
	}
	config := t.config.Clone()
	config.ServerName, config.NextProtos = o.to.host, protocols
	host, expected := o.to.host, o.expectedCN
	config.VerifyConnection = func(cs tls.ConnectionState) error { return t.verify(&cs, host, expected) }
	s := tls.Client(c, config)
	if err := s.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the handshake's error is the one to tell
		return nil, &handshakeError{err}
	}
	return s, nil
}
