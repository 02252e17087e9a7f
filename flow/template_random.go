package flow

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

var randomFunctions = []templateFunction{
	{name: "createUuid", min: 0, max: 0, run: runCreateUUID},
	{name: "randomLong", min: 0, max: 2, check: checkLongs, run: runRandomLong},
	{name: "xeger", min: 1, max: 1, check: compilesArgument(0, compileXeger), run: runXeger},
}

// runCreateUUID appends a random UUID (version 4).
func runCreateUUID(dst []byte, _ *templateCall, _ []string) ([]byte, error) {
	var b [16]byte
	rand.Read(b[:]) // never fails, see its documentation
	b[6] = b[6]&0x0F | 0x40
	b[8] = b[8]&0x3F | 0x80
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[[...]int{0, 4, 6, 8, 10}[i]:end])
	}
	return dst, nil
}

// runRandomLong is randomLong([least[,most]]), both inclusive (whether most is,
// is not documented). Without arguments it is any long, as
// SecureRandom.nextLong gives it, negative ones too.
func runRandomLong(dst []byte, _ *templateCall, args []string) ([]byte, error) {
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	for i, bound := range []*int64{&least, &most}[:len(args)] {
		n, err := parseLong(args[i])
		if err != nil {
			return dst, err
		}
		*bound = n
	}
	if least > most {
		return dst, fmt.Errorf("the least number %d is above the greatest %d", least, most)
	}
	span := new(big.Int).Sub(big.NewInt(most), big.NewInt(least))
	n, err := rand.Int(rand.Reader, span.Add(span, big.NewInt(1)))
	if err != nil {
		return dst, err
	}
	return n.Add(n, big.NewInt(least)).Append(dst, 10), nil
}

func checkLongs(c *templateCall) error {
	for i := range c.args {
		if text, fixed := c.args[i].literal(); fixed {
			if _, err := parseLong(text); err != nil {
				return &argumentError{i, err}
			}
		}
	}
	return nil
}

func parseLong(text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", shortened(text))
	}
	return n, nil
}
