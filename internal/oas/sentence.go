package oas

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// sentence is what com.github.fge.jsonschema says, where it has the keyword.
func (t *teller) sentence(e *jsonschema.ValidationError) string {
	if t.list != "" && len(e.InstanceLocation) == 0 {
		if text := listSentence(t.list, e.ErrorKind); text != "" {
			return text
		}
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		return fmt.Sprintf("instance type (%s) does not match any allowed primitive type (allowed: %s)", t.typeOf(e, k.Got), list(k.Want))
	case *kind.Required:
		return fmt.Sprintf("object has missing required properties (%s)", list(k.Missing))
	case *kind.AdditionalProperties:
		return "object instance has properties which are not allowed by the schema: " + list(k.Properties)
	case *kind.Enum:
		return fmt.Sprintf("instance value (%s) not found in enum (possible values: %s)", show(k.Got), show(k.Want))
	case *kind.Const:
		return fmt.Sprintf("instance value (%s) not found in enum (possible values: [%s])", show(k.Got), show(k.Want))
	case *kind.Format:
		return format(k)
	case *kind.Pattern:
		return fmt.Sprintf("ECMA 262 regex %q does not match input string %q", shorten(k.Want), shorten(k.Got))
	case *kind.AllOf:
		n := t.alternatives(e, "allOf")
		return fmt.Sprintf("instance failed to match all required schemas (matched only %d out of %d)", n-len(e.Causes), n)
	case *kind.AnyOf:
		return fmt.Sprintf("instance failed to match at least one required schema among %d", t.alternatives(e, "anyOf"))
	case *kind.OneOf:
		return fmt.Sprintf("instance failed to match exactly one schema (matched %d out of %d)", len(k.Subschemas), t.alternatives(e, "oneOf"))
	case *kind.Not, *kind.FalseSchema:
		return "instance matched a schema which it should not have"
	case *kind.MinLength:
		return fmt.Sprintf("string %s is too short (length: %d, required minimum: %d)", show(t.at(e)), k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("string %s is too long (length: %d, maximum allowed: %d)", show(t.at(e)), k.Got, k.Want)
	case *kind.UniqueItems: // of a schema that is compiled as it is
		return errDuplicates.Error()
	case *kind.DependentRequired:
		return fmt.Sprintf("property %q of object has missing property dependencies (missing: %s)", k.Prop, list(k.Missing))
	}
	return sizes(e.ErrorKind)
}

// listSentence tells what is wrong with how many items a parameter has.
func listSentence(name string, of jsonschema.ErrorKind) string {
	switch k := of.(type) {
	case *kind.MaxItems:
		return fmt.Sprintf("parameter '%s' accepts a maximum of %d items. Found %d.", name, k.Want, k.Got)
	case *kind.MinItems:
		return fmt.Sprintf("parameter '%s' accepts a minimum of %d items. Found %d.", name, k.Want, k.Got)
	case *kind.Format:
		if k.Want == uniqueFormat {
			return fmt.Sprintf("parameter '%s' does not allow duplicate values.", name)
		}
	}
	return ""
}

// sizes are the sentences about bounds.
func sizes(of jsonschema.ErrorKind) string {
	switch k := of.(type) {
	case *kind.Minimum:
		return fmt.Sprintf("numeric instance is lower than the required minimum (minimum: %s, found: %s)", number(k.Want), number(k.Got))
	case *kind.Maximum:
		return fmt.Sprintf("numeric instance is greater than the required maximum (maximum: %s, found: %s)", number(k.Want), number(k.Got))
	case *kind.ExclusiveMinimum:
		return "numeric instance is not strictly greater than the required minimum " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return "numeric instance is not strictly lower than the required maximum " + number(k.Want)
	case *kind.MultipleOf:
		return fmt.Sprintf("remainder of division is not zero (%s / %s)", number(k.Got), number(k.Want))
	case *kind.MinItems:
		return fmt.Sprintf("array is too short: must have at least %d elements but instance has %d elements", k.Want, k.Got)
	case *kind.MaxItems:
		return fmt.Sprintf("array is too long: must have at most %d elements but instance has %d elements", k.Want, k.Got)
	case *kind.MinProperties:
		return fmt.Sprintf("object has too few properties (found %d but schema requires at least %d)", k.Got, k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("object has too many properties (found %d but schema requires at most %d)", k.Got, k.Want)
	}
	return of.LocalizedString(english) // keywords of 3.1: the library's own sentence
}

var english = message.NewPrinter(language.English)

// format is the sentence about a format.
func format(k *kind.Format) string {
	text, ok := k.Got.(string)
	if !ok {
		return k.Err.Error() // formats of numbers say it themselves
	}
	text = shorten(text)
	switch k.Want {
	case "date":
		return fmt.Sprintf(`string %q is invalid against requested date format(s) yyyy-MM-dd`, text)
	case "date-time":
		return fmt.Sprintf(`string %q is invalid against requested date format(s) [yyyy-MM-dd'T'HH:mm:ssZ, yyyy-MM-dd'T'HH:mm:ss.[0-9]{1,12}Z]`, text)
	case "email":
		return fmt.Sprintf("string %q is not a valid email address", text)
	case "hostname":
		return fmt.Sprintf("string %q is not a valid %s", text, k.Want)
	case "ipv4":
		return fmt.Sprintf("string %q is not a valid IPv4 address", text)
	case "ipv6":
		return fmt.Sprintf("string %q is not a valid IPv6 address", text)
	case "uri":
		return fmt.Sprintf("string %q is not a valid URI", text)
	case regexFormat:
		return fmt.Sprintf("string %q is not a valid regex", text)
	case "uuid":
		return fmt.Sprintf("input string %q is not a valid UUID", text)
	}
	return fmt.Sprintf("string %q is not a valid %s", text, k.Want)
}

// list writes names as a sorted JSON array.
func list(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	if names == nil {
		names = []string{}
	}
	return show(names)
}

func show(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return ""
	}
	return shorten(strings.TrimSuffix(b.String(), "\n"))
}

func number(r *big.Rat) string {
	if r.IsInt() {
		return r.RatString()
	}
	text := strings.TrimRight(r.FloatString(20), "0")
	return strings.TrimSuffix(text, ".")
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
