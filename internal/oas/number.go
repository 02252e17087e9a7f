package oas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// maxDigits bounds the letters of a number and its exponent's value: the schema
// library computes with exact fractions, where 1e1000000000 fills the memory.
const maxDigits = 400

var errNumber = errors.New("a number is too long")

// decode reads a JSON value, with its numbers as they are written.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the value")
	}
	if suspicious(data) && !reasonable(v) {
		return nil, errNumber
	}
	return v, nil
}

// suspicious reports whether data may hold a number that is too long: a run of
// many digits, or an e before three. It costs one pass; reasonable costs a walk.
func suspicious(data []byte) bool {
	run, exponent := 0, 0
	for _, c := range data {
		switch {
		case '0' <= c && c <= '9':
			run++
			if exponent > 0 {
				exponent++
			}
		case c == 'e', c == 'E':
			exponent, run = 1, run+1
		case c == '+', c == '-', c == '.':
			run++
		default:
			run, exponent = 0, 0
		}
		if run > maxDigits || exponent > 3 {
			return true
		}
	}
	return false
}

// reasonable reports whether all numbers of a value are short enough.
func reasonable(v any) bool {
	switch v := v.(type) {
	case json.Number:
		return reasonableNumber(string(v))
	case []any:
		for _, item := range v {
			if !reasonable(item) {
				return false
			}
		}
	case map[string]any:
		for _, item := range v {
			if !reasonable(item) {
				return false
			}
		}
	}
	return true
}

func reasonableNumber(text string) bool {
	if len(text) > maxDigits {
		return false
	}
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return true
	}
	exponent, err := strconv.Atoi(text[i+1:])
	return err == nil && -maxDigits <= exponent && exponent <= maxDigits
}

// numberFormats are the formats of numbers that OpenAPI adds. That a fraction is
// an integer is not theirs to refuse.
var numberFormats = []*jsonschema.Format{
	{Name: "int32", Validate: within("int32", 32)},
	{Name: "int64", Validate: within("int64", 64)},
	{Name: "float", Validate: finite("float", 32)},
	{Name: "double", Validate: finite("double", 64)},
}

func within(name string, bits int) func(any) error {
	limit := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	low := new(big.Rat).SetInt(new(big.Int).Neg(limit))
	high := new(big.Rat).SetInt(limit)
	return func(v any) error {
		n, ok := v.(json.Number)
		if !ok {
			return nil
		}
		if i, err := strconv.ParseInt(string(n), 10, bits); err == nil && i != 0 || n == "0" {
			return nil
		}
		r, ok := new(big.Rat).SetString(string(n))
		if ok && r.Cmp(low) >= 0 && r.Cmp(high) < 0 {
			return nil
		}
		return fmt.Errorf("value for %s leads to overflow (found: %s)", name, n)
	}
}

func finite(name string, bits int) func(any) error {
	return func(v any) error {
		n, ok := v.(json.Number)
		if !ok {
			return nil
		}
		if _, err := strconv.ParseFloat(string(n), bits); err != nil {
			return fmt.Errorf("value for %s leads to overflow (found: %s)", name, n)
		}
		return nil
	}
}
