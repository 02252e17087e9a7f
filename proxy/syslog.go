package proxy

import (
	"context"
	"net"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
)

// syslogTimeout bounds how long a syslog server may take to take a connection, and its
// TLS handshake.
const syslogTimeout = 10 * time.Second

// syslogServer is a compiled way to a syslog server. It is a target as any other: the
// host map holds for it, and over TCP the forward proxy; a datagram cannot take that.
type syslogServer struct {
	network *Network
	to      destination
	udp     bool
	tls     *tlsClient
}

// syslog compiles the way to a syslog server. Its SSLInfo is that of a target, but for
// variables: a connection is shared by requests.
func (k *compilation) syslog(b *flow.Build, at flow.SyslogAddress, ssl *etree.Element) *flow.SyslogServer {
	info := &SSLInfo{}
	if ssl != nil {
		info = readSSLInfo(b, ssl)
	}
	settings := compileSSLInfo(k, b, ssl, info, true, false)
	t := settings.fixed
	if t == nil {
		b.RefuseText(ssl, "InvalidValue", "the SSLInfo of a syslog server knows no variables", "name the stores themselves, or a reference as ref://NAME")
		return nil
	}
	s := &syslogServer{network: k.Network, udp: at.UDP, tls: t, to: destination{scheme: "http", host: at.Host, port: at.Port}}
	if t.on {
		s.to.scheme = "https"
	}
	if t.on && at.UDP {
		b.RefuseText(ssl, "InvalidValue", "TLS needs TCP", "write <Protocol>TCP</Protocol>")
	}
	if t.on && settings.unverified() {
		b.Warn(ssl, "UnverifiedCertificate", "the certificate of the syslog server is not verified: whoever is in between can read the log",
			"write <SSLInfo><Enabled>true</Enabled><TrustStore>store</TrustStore></SSLInfo>, or serve with --tls-enforce; IgnoreValidationErrors true says that it is meant")
	}
	address := net.JoinHostPort(at.Host, strconv.Itoa(at.Port))
	id := "tcp " + address + " " + t.id
	if at.UDP {
		id = "udp " + address
	}
	return &flow.SyslogServer{ID: id, Address: address, Datagrams: at.UDP, Dial: s.dial}
}

func (s *syslogServer) dial(ctx context.Context) (net.Conn, error) {
	addr, secure := s.network.route(&s.to)
	if s.udp {
		d := net.Dialer{Timeout: syslogTimeout}
		return d.DialContext(ctx, "udp", addr)
	}
	c, err := s.network.connect(ctx, addr, syslogTimeout, 0, true)
	if err != nil || !secure {
		return c, err
	}
	return s.tls.handshake(ctx, c, &outgoing{to: &s.to, timeout: syslogTimeout})
}
