package flow

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

var hashFunctions = []templateFunction{
	digest("md5Hex", md5.New, hex.AppendEncode), digest("md5Base64", md5.New, appendBase64),
	digest("sha1Hex", sha1.New, hex.AppendEncode), digest("sha1Base64", sha1.New, appendBase64),
	digest("sha256Hex", sha256.New, hex.AppendEncode), digest("sha256Base64", sha256.New, appendBase64),
	digest("sha384Hex", sha512.New384, hex.AppendEncode), digest("sha384Base64", sha512.New384, appendBase64),
	digest("sha512Hex", sha512.New, hex.AppendEncode), digest("sha512Base64", sha512.New, appendBase64),
}

var hmacFunctions = []templateFunction{
	signature("hmacMd5", md5.New), signature("hmacSha1", sha1.New), signature("hmacSha224", sha256.New224),
	signature("hmacSha256", sha256.New), signature("hmacSha384", sha512.New384), signature("hmacSha512", sha512.New),
}

type appendEncoding func(dst, src []byte) []byte

func appendBase64(dst, src []byte) []byte { return base64.StdEncoding.AppendEncode(dst, src) }

// digest is the function name(text).
func digest(name string, algorithm func() hash.Hash, encode appendEncoding) templateFunction {
	run := func(dst []byte, _ *templateCall, args []string) ([]byte, error) {
		h := algorithm()
		h.Write([]byte(args[0]))
		return encode(dst, h.Sum(nil)), nil
	}
	return templateFunction{name: name, min: 1, max: 1, run: run}
}

// signature is the function name(key,text[,key encoding[,output encoding]]).
func signature(name string, algorithm func() hash.Hash) templateFunction {
	run := func(dst []byte, _ *templateCall, args []string) ([]byte, error) {
		key, err := hmacKey(args[0], optional(args, 2, "utf-8"))
		if err != nil {
			return dst, err
		}
		encode, err := hmacOutput(optional(args, 3, "base64"))
		if err != nil {
			return dst, err
		}
		h := hmac.New(algorithm, key)
		h.Write([]byte(args[1]))
		return encode(dst, h.Sum(nil)), nil
	}
	return templateFunction{name: name, min: 2, max: 4, check: checkEncodings, run: run}
}

func optional(args []string, i int, def string) string {
	if i < len(args) {
		return args[i]
	}
	return def
}

// checkEncodings finds wrong names of encodings at deploy, and a quoted key that
// is not in its encoding.
func checkEncodings(c *templateCall) error {
	keyEncoding, known := "utf-8", true
	if len(c.args) > 2 {
		keyEncoding, known = c.args[2].literal()
	}
	if known {
		if _, err := hmacKey("", keyEncoding); err != nil {
			return &argumentError{2, err}
		}
		if key, fixed := c.args[0].literal(); fixed {
			if _, err := hmacKey(key, keyEncoding); err != nil {
				return &argumentError{0, err}
			}
		}
	}
	if len(c.args) > 3 {
		if encoding, fixed := c.args[3].literal(); fixed {
			if _, err := hmacOutput(encoding); err != nil {
				return &argumentError{3, err}
			}
		}
	}
	return nil
}

// hmacKey decodes a key. The errors do not hold the key: they reach logs.
func hmacKey(key, encoding string) ([]byte, error) {
	switch strings.ToLower(encoding) {
	case "utf-8", "utf8":
		return []byte(key), nil
	case "hex", "base16":
		if b, err := hex.DecodeString(key); err == nil {
			return b, nil
		}
		return nil, fmt.Errorf("the key is not %s", encoding)
	case "base64":
		if b, ok := decodeBase64(key); ok {
			return b, nil
		}
		return nil, fmt.Errorf("the key is not base64")
	}
	return nil, fmt.Errorf("%q is no encoding of keys: use utf-8, hex, base16 or base64", encoding)
}

func hmacOutput(encoding string) (appendEncoding, error) {
	switch strings.ToLower(encoding) {
	case "hex", "base16":
		return hex.AppendEncode, nil
	case "base64":
		return appendBase64, nil
	}
	return nil, fmt.Errorf("%q is no encoding of results: use hex, base16 or base64", encoding)
}

// decodeBase64 decodes the standard alphabet as java.util.Base64 does: padding
// may be absent. Unlike there, line ends are skipped.
func decodeBase64(s string) ([]byte, bool) {
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(strings.TrimRight(s, "\r\n"), "=") {
		encoding = base64.StdEncoding
	}
	b, err := encoding.DecodeString(s)
	return b, err == nil
}
