package jose

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"hash"
)

// The encrypted form of PKCS #8 (RFC 5958) with PBES2 (RFC 8018), as openssl
// writes it by default. The standard library has its parts, but not the whole; of
// the libraries that have it none is as small as this file.

type encryptedKeyInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

type pbes2Params struct {
	KeyDerivation, Scheme pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

var (
	oidPBES2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
)

// hashes are the pseudo-random functions by OID: HMAC with one of these.
var hashes = map[string]func() hash.Hash{
	"":                    sha1.New, // the default
	"1.2.840.113549.2.7":  sha1.New,
	"1.2.840.113549.2.9":  sha256.New,
	"1.2.840.113549.2.10": sha512.New384,
	"1.2.840.113549.2.11": sha512.New,
}

// schemes are the ciphers by OID; all work in CBC mode.
var schemes = map[string]struct {
	size int
	make func([]byte) (cipher.Block, error)
}{
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
}

// maxKeyIterations bounds what reading a private key may cost: about a second.
const maxKeyIterations = 2_000_000

// decryptPKCS8 returns the PKCS #8 key inside an encrypted one. It cannot tell a
// wrong password from a right one in all cases: then the result is nonsense.
func decryptPKCS8(der []byte, password string) ([]byte, error) {
	if password == "" {
		return nil, ErrPassword
	}
	var info encryptedKeyInfo
	var params pbes2Params
	if !unmarshal(der, &info) || !info.Algorithm.Algorithm.Equal(oidPBES2) || !unmarshal(info.Algorithm.Parameters.FullBytes, &params) {
		return nil, fmt.Errorf("%w: it is not encrypted with PBES2", ErrKey)
	}
	scheme, ok := schemes[params.Scheme.Algorithm.String()]
	if !ok {
		return nil, fmt.Errorf("%w: it is encrypted with a cipher other than AES-CBC and 3DES", ErrKey)
	}
	key, err := deriveKey(params.KeyDerivation, password, scheme.size)
	if err != nil {
		return nil, err
	}
	block, err := scheme.make(key)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, params.Scheme.Parameters.FullBytes, info.Data)
}

func deriveKey(how pkix.AlgorithmIdentifier, password string, size int) ([]byte, error) {
	var params pbkdf2Params
	if !how.Algorithm.Equal(oidPBKDF2) || !unmarshal(how.Parameters.FullBytes, &params) {
		return nil, fmt.Errorf("%w: its key is not derived with PBKDF2", ErrKey)
	}
	hash, ok := hashes[params.PRF.Algorithm.String()]
	if !ok || params.Iterations < 1 || params.Iterations > maxKeyIterations {
		return nil, fmt.Errorf("%w: unknown hash, or more than %d iterations", ErrKey, maxKeyIterations)
	}
	return pbkdf2.Key(hash, password, params.Salt, params.Iterations, size)
}

func decryptCBC(block cipher.Block, params, data []byte) ([]byte, error) {
	var iv []byte
	size := block.BlockSize()
	if !unmarshal(params, &iv) || len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, fmt.Errorf("%w: its encrypted part is broken", ErrKey)
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	pad := int(plain[len(plain)-1])
	if pad == 0 || pad > size {
		return nil, ErrPassword
	}
	return plain[:len(plain)-pad], nil
}

func unmarshal(der []byte, into any) bool {
	rest, err := asn1.Unmarshal(der, into)
	return err == nil && len(rest) == 0
}
