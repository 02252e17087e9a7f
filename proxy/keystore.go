package proxy

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"sluice/flow"
)

// ReadKeyStores reads key stores and trust stores from PEM files: each folder of
// dir is a store. ALIAS.key (or ALIAS-key.pem) with ALIAS.crt (or ALIAS.pem)
// makes the alias ALIAS; certificates without a key (.crt, .cer, .cert, .pem) are
// trusted; other files are left alone. A missing dir is no store.
func ReadKeyStores(dir string) (map[string]*KeyStore, flow.Problems) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, flow.Problems{refused(dir, dir, "InvalidValue", err.Error(), "")}
	}
	stores := map[string]*KeyStore{}
	var problems flow.Problems
	for _, d := range entries {
		if !d.IsDir() {
			continue
		}
		s, err := readKeyStore(filepath.Join(dir, d.Name()))
		if err != nil {
			problems = append(problems, refused(dir, filepath.Join(dir, d.Name()), "InvalidValue", err.Error(), "a store is a folder with ALIAS.crt and ALIAS.key in PEM; certificates without a key are trusted"))
			continue
		}
		stores[d.Name()] = s
	}
	return stores, problems
}

func readKeyStore(dir string) (*KeyStore, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	s := &KeyStore{Aliases: map[string]tls.Certificate{}}
	paired := map[string]bool{}
	for _, f := range files {
		alias, ok := keyAlias(f.Name())
		if !ok {
			continue
		}
		certificate := firstFile(dir, alias+".crt", alias+".pem", alias+".cert", alias+"-cert.pem")
		pair, err := tls.LoadX509KeyPair(certificate, filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		s.Aliases[alias] = pair
		paired[filepath.Base(certificate)], paired[f.Name()] = true, true
	}
	for _, f := range files {
		if paired[f.Name()] || f.IsDir() || !isCertificateFile(f.Name()) {
			continue
		}
		if err := s.trust(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func isCertificateFile(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".crt", ".cer", ".cert", ".pem":
		return !strings.HasPrefix(name, ".")
	}
	return false
}

func keyAlias(name string) (string, bool) {
	for _, ending := range [...]string{".key", "-key.pem"} {
		if alias, ok := strings.CutSuffix(name, ending); ok && alias != "" {
			return alias, true
		}
	}
	return "", false
}

func firstFile(dir string, names ...string) string {
	for _, n := range names {
		p := filepath.Join(dir, n)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return filepath.Join(dir, names[0])
}

// trust adds the certificates of a PEM file to those that the store trusts.
func (s *KeyStore) trust(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if s.Trusted == nil {
		s.Trusted = x509.NewCertPool()
	}
	found := false
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return errors.New(filepath.Base(file) + ": " + err.Error())
		}
		s.Trusted.AddCert(c)
		found = true
	}
	if !found {
		return errors.New(filepath.Base(file) + ": there is no certificate in PEM")
	}
	return nil
}
