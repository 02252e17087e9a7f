package devproxy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	domain   = "googleapis.com" // all that a CA may sign for
	caFile   = "ca.pem"
	keyFile  = "ca-key.pem"
	caLife   = 2 * 365 * 24 * time.Hour
	renewal  = 30 * 24 * time.Hour // a CA that ends sooner than this is made anew
	leafLife = 7 * 24 * time.Hour
	maxLeafs = 256
)

// CA signs certificates for names below googleapis.com.
type CA struct {
	file        string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	leafKey     *ecdsa.PrivateKey

	mu    sync.Mutex // guards leafs
	leafs map[string]*tls.Certificate
}

// OpenCA reads the CA in a folder, and makes it when there is none or it ends within a month.
// The key is readable for its owner only.
func OpenCA(dir string, now time.Time) (*CA, error) {
	c, err := readCA(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && c.certificate.NotAfter.Sub(now) < renewal {
		c, err = makeCA(dir, now)
	}
	if err != nil {
		return nil, fmt.Errorf("the certificate authority in %s: %w; remove the folder to have it made anew", dir, err)
	}
	if c.leafKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	c.leafs = map[string]*tls.Certificate{}
	return c, nil
}

// File is the path of the certificate in PEM, for SSL_CERT_FILE.
func (c *CA) File() string { return c.file }

func readCA(dir string) (*CA, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, caFile), filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, errors.New("it is not one that sluice made")
	}
	return &CA{file: filepath.Join(dir, caFile), certificate: pair.Leaf, key: key}, nil
}

func makeCA(dir string, now time.Time) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "sluice local proxy for " + domain},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(caLife),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: []string{domain},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		os.MkdirAll(dir, 0o700),
		write(filepath.Join(dir, keyFile), "PRIVATE KEY", secret, 0o600),
		write(filepath.Join(dir, caFile), "CERTIFICATE", der, 0o644),
	)
	if err != nil {
		return nil, err
	}
	return readCA(dir)
}

// write puts a PEM file in place of an earlier one at once, so that nobody reads half of it.
func write(path, kind string, der []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails after the rename, which is well
	err = errors.Join(f.Chmod(mode), pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// sign returns a certificate for a name, made when it is first asked for.
func (c *CA) sign(name string, now time.Time) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if leaf := c.leafs[name]; leaf != nil && now.Before(leaf.Leaf.NotAfter.Add(-time.Hour)) {
		return leaf, nil
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.certificate, &c.leafKey.PublicKey, c.key)
	if err != nil {
		return nil, err
	}
	leaf := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: c.leafKey}
	if leaf.Leaf, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	if len(c.leafs) >= maxLeafs { // a name of any region may be asked for
		clear(c.leafs)
	}
	c.leafs[name] = leaf
	return leaf, nil
}

func serial() *big.Int {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[0] &= 0x7f
	return new(big.Int).SetBytes(b[:])
}
