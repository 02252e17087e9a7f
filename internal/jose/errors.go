package jose

import "errors"

// Why a token is not accepted. The errors of this package wrap these.
var (
	ErrMalformed = errors.New("it is not a compact token") // number of parts, base64url
	ErrPayload   = errors.New("its payload is not base64url")
	ErrSignature = errors.New("its signature does not match")
	ErrDecrypt   = errors.New("it cannot be decrypted")
	ErrAlgorithm = errors.New("it uses another algorithm")                // encrypted tokens
	ErrTooCostly = errors.New("it asks for too many iterations of PBES2") // encrypted tokens
)

// Why a key is not accepted.
var (
	ErrKeyType  = errors.New("the key is of another type than the algorithm's") // RSA for ES256
	ErrCurve    = errors.New("the key is on another curve than the algorithm's")
	ErrShort    = errors.New("the secret is too short for the algorithm") // HMAC, password
	ErrSize     = errors.New("the key has another size than the algorithm's")
	ErrWeak     = errors.New("the RSA key is shorter than 2048 bits")
	ErrKey      = errors.New("the key cannot be read") // PEM, certificate, key set
	ErrPassword = errors.New("the password of the private key is missing or wrong")
)
