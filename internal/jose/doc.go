// Package jose signs, verifies, encrypts and decrypts compact JOSE tokens, and
// reads the keys for it. It knows nothing of claims, policies or fetching.
//
//  1. [ParsePrivateKey], [ParsePublicKey] and [ParseKeySet] turn text into keys.
//  2. [LookupSigning], [LookupKeyManagement] and [LookupEncryption] turn the
//     name of an algorithm into what it needs. The caller decides which
//     algorithms a token may use; what the token says is only compared.
//  3. [ParseSigned] or [ParseEncrypted] cuts a token; its Header is the JSON that
//     the caller judges. Then [Signed.Verify] or [Encrypted.Decrypt].
//  4. [Sign], [SignDetached] and [Encrypt] make tokens.
//
// Keys named inside a token (jwk, jku, x5c, x5u) are never looked at. A key is
// used only with an algorithm of its own type, so that a public key can never be
// the secret of an HMAC, and no algorithm is called "none".
//
// Encryption and JSON Web Keys are go-jose's. Signatures are not: go-jose
// refuses every token whose header has a "crit" it does not know, and Apigee lets
// policies accept such tokens (KnownHeaders, IgnoreCriticalHeaders). It also takes
// a quarter more time than an RSA verification alone, where this takes a twentieth
// (BenchmarkRS256). What remains is one call of the standard library for each
// family of algorithms. For the same reason decrypt.go opens the encrypted tokens
// that have a "crit", with the ciphers of go-jose.
package jose
