package proxy

import (
	"crypto/tls"
	"errors"
	"strings"
)

// versions are the names that SSLInfo has for protocol versions. SSLv2Hello and
// SSLv3 exist in Java and not here.
var versions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.0": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11,
	"TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

// suites are the cipher suites by name, also those that are off by default: who
// lists one wants it.
var suites = suitesByName()

func suitesByName() map[string]*tls.CipherSuite {
	m := map[string]*tls.CipherSuite{}
	for _, list := range [...][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range list {
			m[s.Name] = s
		}
	}
	return m
}

// suite finds a cipher suite by the name that Java has for it: that of the
// standard, or an old one that begins with SSL_.
func suite(name string) *tls.CipherSuite {
	if rest, old := strings.CutPrefix(name, "SSL_"); old {
		name = "TLS_" + rest
	}
	return suites[name]
}

func only13(s *tls.CipherSuite) bool {
	return len(s.SupportedVersions) == 1 && s.SupportedVersions[0] == tls.VersionTLS13
}

// unknownNames lists the ciphers and protocols that do not exist here.
func unknownNames(info *SSLInfo) []string {
	var list []string
	for _, c := range info.Ciphers {
		if suite(c) == nil {
			list = append(list, "cipher "+quoted(c))
		}
	}
	for _, p := range info.Protocols {
		if versions[p] == 0 {
			list = append(list, "protocol "+quoted(p))
		}
	}
	return list
}

// restrict limits a configuration to the protocols and ciphers of info. When all
// that it lists is unknown there is nothing left to speak; to fall back to the
// defaults would be weaker than what was asked for.
func restrict(c *tls.Config, info *SSLInfo) error {
	if err := restrictVersions(c, info.Protocols); err != nil {
		return err
	}
	return restrictSuites(c, info.Ciphers)
}

// restrictVersions allows the range from the lowest to the highest version:
// crypto/tls has no ranges with holes.
func restrictVersions(c *tls.Config, names []string) error {
	if len(names) == 0 {
		return nil
	}
	for _, n := range names {
		v := versions[n]
		if v == 0 {
			continue
		}
		if c.MinVersion == 0 || v < c.MinVersion {
			c.MinVersion = v
		}
		c.MaxVersion = max(c.MaxVersion, v)
	}
	if c.MaxVersion == 0 {
		return errors.New("none of the protocols " + strings.Join(names, ", ") + " exists here")
	}
	return nil
}

// restrictSuites allows the named suites. crypto/tls cannot choose among those of
// TLS 1.3, but as in Java a list without one of them rules TLS 1.3 out.
func restrictSuites(c *tls.Config, names []string) error {
	if len(names) == 0 {
		return nil
	}
	newest := false
	for _, n := range names {
		switch s := suite(n); {
		case s == nil:
		case only13(s):
			newest = true
		default:
			c.CipherSuites = append(c.CipherSuites, s.ID)
		}
	}
	switch {
	case !newest && c.CipherSuites == nil:
		return errors.New("none of the ciphers " + strings.Join(names, ", ") + " exists here")
	case !newest:
		c.MaxVersion = lower(c.MaxVersion, tls.VersionTLS12)
	case c.CipherSuites == nil:
		c.MinVersion = max(c.MinVersion, tls.VersionTLS13)
	}
	if c.MaxVersion != 0 && c.MinVersion > c.MaxVersion {
		return errors.New("no cipher fits the protocols")
	}
	return nil
}

// lower is the lower of two versions, where 0 stands for no limit.
func lower(a, b uint16) uint16 {
	if a == 0 {
		return b
	}
	return min(a, b)
}
