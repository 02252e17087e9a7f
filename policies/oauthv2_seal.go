package policies

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// The texts of tokens: letters and digits from the system's cryptographic source
// of randomness. Apigee's lengths (policies-2.md 8.2, observed): 28 characters are
// 166 bits, 32 are 190, where RFC 6749 10.10 asks for 128. Apigee's codes have 8
// characters, 47 bits, which is too few: they have 28 here.
const (
	oauthv2AccessLength  = 28
	oauthv2RefreshLength = 32
	oauthv2CodeLength    = 28
)

const oauthv2Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// oauthv2Text makes a token of n characters, each equally likely: bytes that would
// favour the front of the alphabet are thrown away.
func oauthv2Text(n int) string {
	const fair = 256 - 256%len(oauthv2Alphabet)
	text := make([]byte, 0, n)
	var random [64]byte
	for len(text) < n {
		rand.Read(random[:]) // never fails: crypto/rand
		for _, b := range random {
			if int(b) < fair && len(text) < n {
				text = append(text, oauthv2Alphabet[int(b)%len(oauthv2Alphabet)])
			}
		}
	}
	return string(text)
}

// oauthv2Seal encrypts the partner of a token so that only who knows the token's
// own text can read it: a copy of the store gives nobody a token. The key is the
// text itself, which is random enough, through HKDF-SHA256; AES-256-GCM with a
// random nonce in front, because a refresh token that is used again seals again.
func oauthv2Seal(own, partner string) ([]byte, error) {
	if partner == "" {
		return nil, nil
	}
	box, err := oauthv2Box(own)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, box.NonceSize(), box.NonceSize()+len(partner)+box.Overhead())
	rand.Read(nonce)
	return box.Seal(nonce, nonce, []byte(partner), nil), nil
}

// oauthv2Open is the partner that sealed holds, "" when there is none or it was
// not sealed with this text.
func oauthv2Open(own string, sealed []byte) string {
	box, err := oauthv2Box(own)
	if err != nil || len(sealed) < box.NonceSize() {
		return ""
	}
	partner, err := box.Open(nil, sealed[:box.NonceSize()], sealed[box.NonceSize():], nil)
	if err != nil {
		return ""
	}
	return string(partner)
}

func oauthv2Box(own string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(own), nil, "sluice OAuthV2 partner of a token", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// oauthv2SameSecret compares in a time that tells neither where the texts differ
// nor how long the right one is.
func oauthv2SameSecret(got, want string) bool {
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
