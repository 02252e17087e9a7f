package proxy

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// syslogWay compiles the way to a syslog server with an SSLInfo, "" for none.
func syslogWay(t *testing.T, hosts map[string]string, e *Environment, at flow.SyslogAddress, ssl string) (*flow.SyslogServer, flow.Problems) {
	t.Helper()
	n, err := NewNetwork(hosts, "")
	if err != nil {
		t.Fatal(err)
	}
	var el *etree.Element
	if ssl != "" {
		doc := etree.NewDocument()
		if err := doc.ReadFromString("<SSLInfo>" + ssl + "</SSLInfo>"); err != nil {
			t.Fatal(err)
		}
		el = doc.Root()
	}
	k := &compilation{Compiler: &Compiler{Environment: e, Network: n}}
	b := &flow.Build{Unit: &flow.Unit{}}
	return k.syslog(b, at, el), b.Problems
}

// say dials and writes a line.
func say(t *testing.T, s *flow.SyslogServer, line string) error {
	t.Helper()
	c, err := s.Dial(t.Context())
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte(line + "\n"))
	return err
}

// heard gives the first line of each connection, with the name of the client's
// certificate.
func heard(t *testing.T, config *tls.Config) (addr string, lines <-chan string) {
	got := make(chan string, 10)
	addr = bareTarget(t, func(c net.Conn) {
		defer c.Close()
		who := ""
		if config != nil {
			s := tls.Server(c, config)
			if s.Handshake() != nil {
				return
			}
			for _, p := range s.ConnectionState().PeerCertificates {
				who = " from " + p.Subject.CommonName
			}
			c = s
		}
		if line, err := bufio.NewReader(c).ReadString('\n'); err == nil {
			got <- strings.TrimSpace(line) + who
		}
	})
	return addr, got
}

// TestSyslogServers: syslog servers are reached as targets are, by the host map, with the
// certificates of the stores.
func TestSyslogServers(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	mutual := ca.server(t, "logs.test")
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, ca.pool
	plain, plainLines := heard(t, nil)
	secure, secureLines := heard(t, ca.server(t, "logs.test"))
	both, bothLines := heard(t, mutual)
	env := &Environment{KeyStores: map[string]*KeyStore{
		"trust": {Trusted: ca.pool}, "stranger": {Trusted: stranger.pool},
		"keys": {Aliases: map[string]tls.Certificate{"me": ca.sign(t, ca.template("sluice"))}},
	}, References: map[string]string{"logs": "trust"}}
	const on = "<Enabled>true</Enabled>"
	tests := []struct {
		name, to, ssl string
		lines         <-chan string
		want          string // "" for a handshake that must fail
	}{
		{"plain", plain, "", plainLines, "hello"},
		{"plain although TLS, by the map", plain, on, plainLines, "hello"},
		{"unverified", "https://" + secure, on, secureLines, "hello"},
		{"verified", "https://" + secure, on + "<TrustStore>ref://logs</TrustStore>", secureLines, "hello"},
		{"not trusted", "https://" + secure, on + "<TrustStore>stranger</TrustStore>", secureLines, ""},
		{"ignored", "https://" + secure, on + "<TrustStore>stranger</TrustStore><IgnoreValidationErrors>true</IgnoreValidationErrors>", secureLines, "hello"},
		{"mutual", "https://" + both, on + "<ClientAuthEnabled>true</ClientAuthEnabled><KeyStore>keys</KeyStore><KeyAlias>me</KeyAlias>", bothLines, "hello from sluice"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, problems := syslogWay(t, map[string]string{"logs.test": tt.to}, env, flow.SyslogAddress{Host: "logs.test", Port: 6514}, tt.ssl)
			if problems.Refused() {
				t.Fatal(problems)
			}
			err := say(t, s, "hello")
			if tt.want == "" {
				if err == nil {
					t.Error("the handshake did not fail")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := next(t, tt.lines, "a line"); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestSyslogDatagrams(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, _ := syslogWay(t, map[string]string{"*": c.LocalAddr().String()}, &Environment{}, flow.SyslogAddress{Host: "logs.test", Port: 514, UDP: true}, "")
	if err := say(t, s, "hello"); err != nil || !s.Datagrams {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	b := make([]byte, 100)
	if n, _, err := c.ReadFrom(b); err != nil || string(b[:n]) != "hello\n" {
		t.Errorf("%q, %v", b[:n], err)
	}
}

// TestSyslogConnections: only servers with the same settings share a connection.
func TestSyslogConnections(t *testing.T) {
	env := &Environment{KeyStores: map[string]*KeyStore{"trust": {Trusted: x509.NewCertPool()}}}
	at := flow.SyslogAddress{Host: "logs.test", Port: 514}
	id := func(at flow.SyslogAddress, ssl string) string {
		s, problems := syslogWay(t, nil, env, at, ssl)
		if problems.Refused() {
			t.Fatal(problems)
		}
		return s.ID
	}
	if id(at, "") != id(at, "<Enabled>false</Enabled>") {
		t.Error("a connection is not shared")
	}
	udp, other := at, at
	udp.UDP, other.Port = true, 515
	seen := map[string]bool{}
	for _, one := range []string{id(at, ""), id(udp, ""), id(other, ""), id(at, "<Enabled>true</Enabled>"), id(at, "<Enabled>true</Enabled><TrustStore>trust</TrustStore>")} {
		if seen[one] {
			t.Errorf("%q is shared", one)
		}
		seen[one] = true
	}
}

func TestSyslogRefused(t *testing.T) {
	for ssl, want := range map[string]string{
		"<Enabled>{on}</Enabled>":      "knows no variables",
		"<Enabled>true</Enabled>":      "TLS needs TCP",
		"<Enabled>false</Enabled>":     "",
		"<Ciphers>not known</Ciphers>": "",
	} {
		_, problems := syslogWay(t, nil, &Environment{}, flow.SyslogAddress{Host: "h", Port: 514, UDP: true}, ssl)
		if got := problems.Errors().Error(); want == "" && problems.Refused() || !strings.Contains(got, want) {
			t.Errorf("%s: %s", ssl, got)
		}
	}
}
