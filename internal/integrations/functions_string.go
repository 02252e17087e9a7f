package integrations

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
)

var stringFunctions = map[string]function{
	"CONCAT": {kindString, "s*", func(a arguments) (value, error) {
		s := a.selfStr()
		for i := range a.list {
			if s += a.str(i); len(s) > maxMappedValue {
				return nil, errValueTooLarge
			}
		}
		return s, nil
	}},
	"CONTAINS": {kindString, "s", func(a arguments) (value, error) {
		return strings.Contains(a.selfStr(), a.str(0)), nil
	}},
	"DECODE_BASE64_STRING": {kindString, "", decodeBase64},
	"EQUALS": {kindString, "s", func(a arguments) (value, error) {
		return a.selfStr() == a.str(0), nil
	}},
	"EQUALS_IGNORE_CASE": {kindString, "s", func(a arguments) (value, error) {
		return strings.EqualFold(a.selfStr(), a.str(0)), nil
	}},
	"LENGTH": {kindString, "", func(a arguments) (value, error) {
		return int64(len(units(a.selfStr()))), nil
	}},
	"REPLACE_ALL":      {kindString, "ss", replaceAll},
	"RESOLVE_TEMPLATE": {kindString, "", resolveText},
	"SPLIT":            {kindString, "s", split},
	"SUBSTRING":        {kindString, "ii", substring},
	"TO_BASE_64": {kindString, "", func(a arguments) (value, error) {
		return base64.StdEncoding.EncodeToString([]byte(a.selfStr())), nil
	}},
	"TO_BOOLEAN": {kindString, "", func(a arguments) (value, error) { return wrap(toBool(a.self)) }},
	"TO_DOUBLE":  {kindString, "", asDouble},
	"TO_INT":     {kindString, "", func(a arguments) (value, error) { return wrap(toInt(a.self)) }},
	"TO_JSON":    {kindString, "", func(a arguments) (value, error) { return readJSON(a.selfStr()) }},
	"TO_LOWERCASE": {kindString, "", func(a arguments) (value, error) {
		return strings.ToLower(a.selfStr()), nil
	}},
	"TO_UPPERCASE": {kindString, "", func(a arguments) (value, error) {
		return strings.ToUpper(a.selfStr()), nil
	}},
}

// units are the UTF-16 code units of s, in which Google's functions count.
func units(s string) []uint16 { return utf16.Encode([]rune(s)) }

func substring(a arguments) (value, error) {
	u := units(a.selfStr())
	from, to := a.integer(0), a.integer(1)
	if from < 0 || to < from || to > int64(len(u)) {
		return nil, errRange(from, to, len(u))
	}
	return string(utf16.Decode(u[from:to])), nil
}

// replaceAll replaces text, not a regular expression (page REPLACE_ALL).
func replaceAll(a arguments) (value, error) {
	s, old, replacement := a.selfStr(), a.str(0), a.str(1)
	if old == "" {
		return s, nil
	}
	if strings.Count(s, old)*(len(replacement)-len(old))+len(s) > maxMappedValue {
		return nil, errValueTooLarge
	}
	return strings.ReplaceAll(s, old, replacement), nil
}

func split(a arguments) (value, error) {
	parts := strings.SplitN(a.selfStr(), a.str(0), maxElements+1)
	if len(parts) > maxElements {
		return nil, errTooManyItems
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out, nil
}

// decodeBase64 accepts both alphabets, with or without padding.
func decodeBase64(a arguments) (value, error) {
	s := strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", "=", "").Replace(a.selfStr())
	b, err := base64.RawStdEncoding.DecodeString(s)
	if err != nil {
		return nil, err
	}
	return strings.ToValidUTF8(string(b), "\ufffd"), nil
}

func resolveText(a arguments) (value, error) {
	return wrap(parseTemplate(a.selfStr()).text(a.m.r.scope))
}
