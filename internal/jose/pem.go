package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
)

// maxPEM bounds the text of a key: an RSA key of 16384 bits has 13 kB.
const maxPEM = 64 << 10

// ParsePublicKey reads a public key or a certificate in PEM: *rsa.PublicKey or
// *ecdsa.PublicKey. White space at the ends of lines does not count, and there
// may be blanks in place of line ends, as keys have inside indented XML. A
// certificate is not validated, as on Apigee. Its error is ErrKey.
func ParsePublicKey(text string) (crypto.PublicKey, error) {
	block, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	var key any
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE", "X509 CERTIFICATE":
		var c *x509.Certificate
		if c, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = c.PublicKey
		}
	default:
		return nil, fmt.Errorf("%w: a PEM block %q is no public key", ErrKey, block.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey:
		return key, nil
	}
	return nil, fmt.Errorf("%w: it is neither RSA nor EC", ErrKey)
}

// ParsePrivateKey reads a private key in PEM: *rsa.PrivateKey or
// *ecdsa.PrivateKey, in PKCS #1, SEC 1 or PKCS #8, also encrypted with the
// password: as PKCS #8 (PBES2), or in the older way of PEM. Its errors are ErrKey
// and ErrPassword, and never say anything of the key.
func ParsePrivateKey(text, password string) (crypto.PrivateKey, error) {
	block, err := readPEM(text)
	if err != nil {
		return nil, err
	}
	der, err := decrypted(block, password)
	if err != nil {
		return nil, err
	}
	var key any
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(der)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(der)
	case "PRIVATE KEY", encryptedType:
		key, err = x509.ParsePKCS8PrivateKey(der)
	default:
		return nil, fmt.Errorf("%w: a PEM block %q is no private key", ErrKey, block.Type)
	}
	if err != nil {
		return nil, unreadable(block)
	}
	switch key.(type) {
	case *rsa.PrivateKey, *ecdsa.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("%w: it is neither RSA nor EC", ErrKey)
}

const encryptedType = "ENCRYPTED PRIVATE KEY"

// unreadable is the error of a private key that does not parse. What was
// encrypted may have come out as nonsense, because of a wrong password.
func unreadable(block *pem.Block) error {
	if block.Type == encryptedType || isLegacy(block) {
		return ErrPassword
	}
	return fmt.Errorf("%w: the %s does not parse", ErrKey, strings.ToLower(block.Type))
}

// decrypted is the content of a private key's block.
func decrypted(block *pem.Block, password string) ([]byte, error) {
	switch {
	case block.Type == encryptedType:
		return decryptPKCS8(block.Bytes, password)
	case !isLegacy(block):
		return block.Bytes, nil
	case password == "":
		return nil, ErrPassword
	}
	//lint:ignore SA1019 the format is weak, and users of Apigee have keys in it
	der, err := x509.DecryptPEMBlock(block, []byte(password))
	if err != nil {
		return nil, ErrPassword
	}
	return der, nil
}

func isLegacy(block *pem.Block) bool {
	//lint:ignore SA1019 see decrypted
	return x509.IsEncryptedPEMBlock(block)
}

func readPEM(text string) (*pem.Block, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrKey, maxPEM)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	text = strings.Join(lines, "\n")
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block, nil
	}
	if block, _ := pem.Decode([]byte(unfolded(text))); block != nil {
		return block, nil
	}
	return nil, fmt.Errorf("%w: it is not PEM", ErrKey)
}

// unfolded gives a key that was written on one line its line ends back.
func unfolded(text string) string {
	const dashes = "-----"
	parts := strings.Split(text, dashes) // "", BEGIN X, body, END X, ""
	if len(parts) != 5 {
		return text
	}
	body := strings.Join(strings.Fields(parts[2]), "\n")
	return dashes + parts[1] + dashes + "\n" + body + "\n" + dashes + parts[3] + dashes + "\n"
}
