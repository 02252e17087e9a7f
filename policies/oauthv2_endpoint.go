package policies

import (
	"net/url"
	"strings"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
	"sluice/internal/entity"
)

// oauthv2Endpoint is the authorization endpoint (RFC 6749 3.1), as far as it is the
// same for the operations that answer there: who asks for what, and where the
// user's agent goes with the answer.
type oauthv2Endpoint struct {
	oauthv2
	oauthv2Issuer
	wanted       string // response_type
	client       oauthv2Client
	responseType oauthv2Param
	state        oauthv2Param
	redirect     oauthv2Redirect

	noResponseType, otherType *faults.Def
}

// compileOAuthV2Endpoint reads what an operation needs there; operation is the one
// that the faults are listed under.
func compileOAuthV2Endpoint(b *flow.Build, el *etree.Element, p oauthv2, i oauthv2Issuer, operation, wanted string) oauthv2Endpoint {
	return oauthv2Endpoint{
		oauthv2: p, oauthv2Issuer: i, wanted: wanted,
		client:         compileOAuthV2Public(b, el, operation),
		responseType:   compileOAuthV2Param(b, el, "ResponseType", "request.queryparam.response_type", "request.formparam.response_type"),
		state:          compileOAuthV2Param(b, el, "State", "request.queryparam.state", "request.formparam.state"),
		redirect:       compileOAuthV2Redirect(b, el, operation),
		noResponseType: b.Fault("invalid_request/" + operation + "/The request is missing a required parameter : response_type"),
		otherType:      b.Fault("invalid_request/" + operation + "/Response type must be " + wanted),
	}
}

// asked checks the request: it is for an app that is known and in force, and the
// answer goes to an address of that app.
func (e *oauthv2Endpoint) asked(x *flow.Exchange) (entity.Holder, oauthv2Destination, error) {
	switch e.responseType.choice(x, e.wanted) {
	case e.wanted:
	case "":
		return entity.Holder{}, oauthv2Destination{}, e.noResponseType.New()
	default:
		return entity.Holder{}, oauthv2Destination{}, e.otherType.New()
	}
	h, err := e.client.known(x)
	if err != nil {
		return entity.Holder{}, oauthv2Destination{}, err
	}
	to, err := e.redirect.where(x, h)
	return h, to, err
}

// oauthv2Redirect finds out where to send the user's agent back to.
type oauthv2Redirect struct {
	address oauthv2Param

	missing, invalid *faults.Def
}

// oauthv2Destination is where, and what of it the request itself asked for.
type oauthv2Destination struct{ address, asked string }

func compileOAuthV2Redirect(b *flow.Build, el *etree.Element, operation string) oauthv2Redirect {
	return oauthv2Redirect{
		address: compileOAuthV2Param(b, el, "RedirectUri", "request.queryparam.redirect_uri", "request.formparam.redirect_uri"),
		missing: b.Fault("invalid_request/" + operation + "/Redirection URI is required"),
		invalid: b.Fault("invalid_request/" + operation + "/Invalid redirection uri {redirect_uri}"),
	}
}

// where checks the redirect_uri against the app's callback, which it must equal
// when there is one. One that is no absolute URL without a fragment is refused
// (RFC 6749 3.1.2); it also keeps line breaks out of the Location header.
func (r *oauthv2Redirect) where(x *flow.Exchange, h entity.Holder) (oauthv2Destination, error) {
	asked, registered := r.address.value(x), h.App.CallbackURL
	switch {
	case asked == "" && registered == "":
		return oauthv2Destination{}, r.missing.New()
	case asked == "":
		return oauthv2Destination{registered, ""}, nil
	}
	u, err := url.Parse(asked)
	if err != nil || !u.IsAbs() || strings.Contains(asked, "#") || registered != "" && asked != registered {
		return oauthv2Destination{}, r.invalid.New("redirect_uri", asked)
	}
	return oauthv2Destination{asked, asked}, nil
}

// oauthv2WithQuery appends parameters that are not empty to an address.
func oauthv2WithQuery(address string, pairs ...string) string {
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	return oauthv2WithPairs(address, sign, pairs)
}

func oauthv2WithPairs(address, sign string, pairs []string) string {
	var b strings.Builder
	b.WriteString(address)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			b.WriteString(sign + pairs[i] + "=" + url.QueryEscape(pairs[i+1]))
			sign = "&"
		}
	}
	return b.String()
}
