package state

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS names files in PEM. Each may be empty.
type TLS struct {
	CA   string // who signed the other side's certificate; "" for those the system trusts
	Cert string // our certificate
	Key  string // its key
}

// client returns the configuration for calling others.
func (t TLS) client() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.CA != "" {
		pem, err := os.ReadFile(t.CA)
		if err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("state: %s holds no certificate in PEM", t.CA)
		}
	}
	if t.Cert == "" && t.Key == "" {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// peer returns the configuration for nodes that call each other, and let nobody
// in whose certificate the CA did not sign.
func (t TLS) peer() (*tls.Config, error) {
	if t.CA == "" || t.Cert == "" || t.Key == "" {
		return nil, fmt.Errorf("state: TLS between the nodes of a cluster needs a CA, a certificate and a key")
	}
	config, err := t.client()
	if err != nil {
		return nil, err
	}
	config.ClientCAs = config.RootCAs
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}
