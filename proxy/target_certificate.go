package proxy

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"time"
)

// verify looks at the certificate that the target showed. A CommonName of the
// SSLInfo, and the variable target.expectedcn, replace the host's name: they say
// that the certificate is made out to another one.
func (t *tlsClient) verify(cs *tls.ConnectionState, host, expected string) error {
	if len(cs.PeerCertificates) == 0 {
		return errors.New("the target showed no certificate")
	}
	leaf := cs.PeerCertificates[0]
	if t.checks.chain {
		if err := verifyChain(cs.PeerCertificates, t.config.RootCAs); err != nil {
			return err
		}
	}
	if expected != "" && !(commonName{text: expected}).matches(leaf) && !coversHost(leaf, expected) {
		return &nameError{expected}
	}
	if t.commonName.text != "" {
		if !t.commonName.matches(leaf) {
			return &nameError{t.commonName.text}
		}
		return nil
	}
	if expected != "" || !t.checksHost(host) || coversHost(leaf, host) {
		return nil
	}
	return &nameError{host}
}

// checksHost leaves out addresses unless validation is enforced: SNI does not
// carry them, so the target cannot know which certificate to show.
func (t *tlsClient) checksHost(host string) bool {
	return t.checks.name && (t.checks.chain || net.ParseIP(host) == nil)
}

func verifyChain(shown []*x509.Certificate, roots *x509.CertPool) error {
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range shown[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := shown[0].Verify(o)
	return err
}

// coversHost reports whether a certificate is made out to a host. Like Java it
// looks at the common name when there are no alternative names.
func coversHost(c *x509.Certificate, host string) bool {
	if len(c.DNSNames) == 0 && len(c.IPAddresses) == 0 {
		return sameName(c.Subject.CommonName, host, true)
	}
	return c.VerifyHostname(host) == nil
}

// commonName is the element CommonName: the name that the certificate must have,
// as its common name or among its alternative ones.
type commonName struct {
	text     string
	wildcard bool
}

func (n commonName) matches(c *x509.Certificate) bool {
	if sameName(c.Subject.CommonName, n.text, n.wildcard) {
		return true
	}
	return slices.ContainsFunc(c.DNSNames, func(name string) bool { return sameName(name, n.text, n.wildcard) })
}

// sameName compares two names. With wildcard, "*." at the beginning of either
// stands for one label.
func sameName(a, b string, wildcard bool) bool {
	if strings.EqualFold(a, b) {
		return a != ""
	}
	if !wildcard {
		return false
	}
	first, restA, okA := strings.Cut(a, ".")
	second, restB, okB := strings.Cut(b, ".")
	return okA && okB && (first == "*" || second == "*") && strings.EqualFold(restA, restB)
}

// nameError says that a certificate is not made out to the name.
type nameError struct{ name string }

func (e *nameError) Error() string { return "No name matching " + e.name + " found" }

// handshakeError says why there is no TLS with the target, in the words of Java
// where it has some (recalled): users know them from Apigee.
type handshakeError struct{ err error }

func (e *handshakeError) Unwrap() error { return e.err }

func (e *handshakeError) Error() string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var clear tls.RecordHeaderError
	alert, isAlert := alertOf(e.err)
	switch {
	case errors.As(e.err, &invalid) && invalid.Reason == x509.Expired:
		return "PKIX path validation failed: " + validity(invalid.Cert)
	case errors.As(e.err, &invalid):
		return "PKIX path validation failed: " + invalid.Detail
	case errors.As(e.err, &unknown):
		return "PKIX path building failed: unable to find valid certification path to requested target"
	case isAlert:
		return "Received fatal alert: " + strings.ReplaceAll(alert, " ", "_")
	case errors.As(e.err, &clear):
		return "Unrecognized SSL message, plaintext connection?"
	case errors.Is(e.err, io.EOF):
		return "Remote host terminated the handshake"
	case errors.Is(e.err, context.DeadlineExceeded), errors.Is(e.err, os.ErrDeadlineExceeded):
		return "the handshake timed out"
	}
	return strings.TrimPrefix(e.err.Error(), "tls: ")
}

func validity(c *x509.Certificate) string {
	if time.Now().Before(c.NotBefore) {
		return "NotBefore: " + c.NotBefore.UTC().Format(time.RFC1123)
	}
	return "NotAfter: " + c.NotAfter.UTC().Format(time.RFC1123)
}

// alertOf returns the alert that the target sent. crypto/tls does not export its
// type, only its text inside a net.OpError.
func alertOf(err error) (string, bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return "", false
	}
	return strings.TrimPrefix(op.Err.Error(), "tls: "), true
}

// lateAlert recognises a target that refused the handshake when it was over on
// this side: in TLS 1.3 a server judges the client's certificate after that.
func lateAlert(err error, to **handshakeError) bool {
	alert, ok := alertOf(err)
	if !ok || !strings.Contains(alert, "certificate") && alert != "access denied" && alert != "handshake failure" {
		return false
	}
	*to = &handshakeError{err}
	return true
}
