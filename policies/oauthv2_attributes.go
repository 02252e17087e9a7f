package policies

import (
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Attribute is an attribute that a policy gives a token or a code.
type oauthv2Attribute struct {
	name   string
	value  *flow.TextOrRef
	hidden bool
}

func compileOAuthV2Attributes(b *flow.Build, el *etree.Element) []oauthv2Attribute {
	var list []oauthv2Attribute
	for _, at := range oauthv2All(el, "Attributes", "Attribute") {
		a := oauthv2Attribute{b.Attr(at, "name"), b.TextOrRef(at), !b.BoolAttr(at, "display", true)}
		if a.name == "" {
			b.RefuseText(at, "MissingAttribute", "attribute name is missing", `write <Attribute name="...">`)
			continue
		}
		list = append(list, a)
	}
	if len(list) > oauthv2MaxAttributes {
		b.Warn(el, "TooManyAttributes", strconv.Itoa(len(list))+" attributes: Apigee takes "+strconv.Itoa(oauthv2MaxAttributes), "leave some out")
	}
	return list
}

// oauthv2MaxAttributes is how many attributes Apigee takes (policies-2.md 8.1).
const oauthv2MaxAttributes = 18

// oauthv2Attributes gives t those attributes that resolve.
func oauthv2Attributes(x *flow.Exchange, list []oauthv2Attribute, t *entity.Token) {
	for _, a := range list {
		if v, ok := a.value.Value(x); ok {
			t.Set(entity.TokenAttribute{Name: a.name, Value: v.String(), Hidden: a.hidden})
		}
	}
}

// Lifetimes without ExpiresIn and RefreshTokenExpiresIn: recalled from the
// reference page, as is a code's.
const (
	oauthv2AccessLife  = 30 * time.Minute
	oauthv2RefreshLife = 30 * 24 * time.Hour
	oauthv2CodeLife    = 10 * time.Minute
)

// oauthv2Expiry is a lifetime in milliseconds; -1 is for ever.
type oauthv2Expiry struct {
	ref    *flow.Name // may be nil; wins when it is a lifetime
	millis int64
}

// oauthv2MaxLife keeps the arithmetic of lifetimes from overflowing: 1000 years.
const oauthv2MaxLife = 1000 * 365 * 24 * 3600 * 1000

func compileOAuthV2Expiry(b *flow.Build, el *etree.Element, element string, def time.Duration) oauthv2Expiry {
	at := b.Child(el, element)
	e := oauthv2Expiry{ref: b.Ref(at, "ref"), millis: def.Milliseconds()}
	if text := flow.TextOf(at); text != "" {
		n, ok := oauthv2Lifetime(text)
		if !ok {
			b.Refuse(at, "InvalidValueFor"+element, "value", text)
			return e
		}
		e.millis = n
	}
	return e
}

func oauthv2Lifetime(text string) (millis int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < -1 || n == 0 {
		return 0, false
	}
	return min(n, oauthv2MaxLife), true
}

// from is when the lifetime ends that begins at now; 0 is never.
func (e *oauthv2Expiry) from(x *flow.Exchange, now time.Time) entity.Millis {
	millis := e.millis
	if e.ref != nil {
		if n, ok := oauthv2Lifetime(x.Get(e.ref).String()); ok {
			millis = n
		}
	}
	if millis < 0 {
		return 0
	}
	return entity.Millis(now.UnixMilli() + millis)
}
