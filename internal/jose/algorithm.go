package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	_ "crypto/sha256" // crypto.Hash finds its functions by these
	_ "crypto/sha512"
	"fmt"
)

// Family is what algorithms have in common that take the same keys.
type Family uint8

// The families of signature algorithms.
const (
	HMAC Family = iota // []byte
	RSA                // *rsa.PrivateKey, *rsa.PublicKey; PKCS #1 v1.5
	PSS                // the same keys
	EC                 // *ecdsa.PrivateKey, *ecdsa.PublicKey
)

// Signing is a signature algorithm of RFC 7518, section 3.
type Signing struct {
	Name   string
	Family Family
	hash   crypto.Hash
	curve  elliptic.Curve // EC only
}

var signings = map[string]*Signing{
	"HS256": {"HS256", HMAC, crypto.SHA256, nil},
	"HS384": {"HS384", HMAC, crypto.SHA384, nil},
	"HS512": {"HS512", HMAC, crypto.SHA512, nil},
	"RS256": {"RS256", RSA, crypto.SHA256, nil},
	"RS384": {"RS384", RSA, crypto.SHA384, nil},
	"RS512": {"RS512", RSA, crypto.SHA512, nil},
	"PS256": {"PS256", PSS, crypto.SHA256, nil},
	"PS384": {"PS384", PSS, crypto.SHA384, nil},
	"PS512": {"PS512", PSS, crypto.SHA512, nil},
	"ES256": {"ES256", EC, crypto.SHA256, elliptic.P256()},
	"ES384": {"ES384", EC, crypto.SHA384, elliptic.P384()},
	"ES512": {"ES512", EC, crypto.SHA512, elliptic.P521()},
}

// LookupSigning returns the signature algorithm of that name, or nil. There is
// none called "none".
func LookupSigning(name string) *Signing { return signings[name] }

// minModulus is the least size of an RSA key in bits (RFC 7518, 3.3).
const minModulus = 2048

// Check tells whether key, private or public, can be used with the algorithm:
// nil, ErrKeyType, ErrCurve, ErrShort or ErrWeak.
func (a *Signing) Check(key any) error {
	switch key := key.(type) {
	case []byte:
		return a.checkSecret(key)
	case *rsa.PrivateKey:
		return a.checkRSA(&key.PublicKey)
	case *rsa.PublicKey:
		return a.checkRSA(key)
	case *ecdsa.PrivateKey:
		return a.checkEC(&key.PublicKey)
	case *ecdsa.PublicKey:
		return a.checkEC(key)
	}
	return fmt.Errorf("%w (%s)", ErrKeyType, a.Name)
}

func (a *Signing) checkSecret(key []byte) error {
	if a.Family != HMAC {
		return fmt.Errorf("%w (%s)", ErrKeyType, a.Name)
	}
	if len(key) < a.hash.Size() { // RFC 7518, 3.2
		return fmt.Errorf("%w: %s needs %d bytes", ErrShort, a.Name, a.hash.Size())
	}
	return nil
}

func (a *Signing) checkRSA(key *rsa.PublicKey) error {
	if a.Family != RSA && a.Family != PSS {
		return fmt.Errorf("%w (%s)", ErrKeyType, a.Name)
	}
	return checkModulus(key)
}

func checkModulus(key *rsa.PublicKey) error {
	if key.N == nil || key.N.BitLen() < minModulus {
		return ErrWeak
	}
	return nil
}

func (a *Signing) checkEC(key *ecdsa.PublicKey) error {
	if a.Family != EC {
		return fmt.Errorf("%w (%s)", ErrKeyType, a.Name)
	}
	if key.Curve != a.curve {
		return fmt.Errorf("%w: %s needs %s", ErrCurve, a.Name, a.curve.Params().Name)
	}
	return nil
}
