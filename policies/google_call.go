package policies

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/beevik/etree"

	"sluice/faults"
	"sluice/flow"
)

// googleCall calls a REST method of Google's with the token of the deployment's service
// account, as a target with Authentication does: through the same connections, so that
// --map-host and the forward proxy hold, and to a verified host only.
type googleCall struct {
	connection flow.Connection
	account    *faults.Def // GoogleTokenGenerationFailure
}

const (
	// googleCallLimit is the time for one call. Apigee documents none.
	googleCallLimit = 10 * time.Second
	googleCallScope = "https://www.googleapis.com/auth/cloud-platform"
)

func compileGoogleCall(b *flow.Build) *googleCall {
	el := etree.NewElement("HTTPTargetConnection")
	el.CreateElement("URL").SetText("https://googleapis.invalid/") // each call brings its own
	el.CreateElement("Authentication").CreateElement("GoogleAccessToken").CreateElement("Scopes").CreateElement("Scope").SetText(googleCallScope)
	return &googleCall{b.Connection(el), b.Fault("GoogleTokenGenerationFailure")}
}

// googleTrouble is what a call can end with instead of an answer.
type googleTrouble uint8

const (
	googleFine    googleTrouble = iota
	googleDenied                // no token, or one that Google refuses
	googleAway                  // no answer, too many calls, or out of order
	googleRefused               // another status that is no success
)

// post sends a JSON text and returns the answer's body, which is at most as large as
// that of a target may be. With a trouble err says more of it, for logs: it names no
// token. Alone it is that the client is gone.
func (g *googleCall) post(ctx context.Context, x *flow.Exchange, url string, body []byte) (answer []byte, trouble googleTrouble, err error) {
	request := flow.NewRequest()
	request.Method = "POST"
	request.Header.Set("Content-Type", "application/json; charset=utf-8")
	request.Header.Set("Accept", "application/json")
	request.SetContent(body)
	m, err := g.connection.Call(ctx, x, flow.Call{Request: request, URL: url, Timeout: googleCallLimit})
	switch {
	case ctx.Err() != nil:
		return nil, googleFine, ctx.Err()
	case err != nil:
		return nil, g.troubleOf(err), err
	}
	defer m.Body.Close()
	if m.Status != 200 {
		return nil, googleStatus(m.Status), errors.New("Google answered with status " + strconv.Itoa(m.Status))
	}
	if answer, err = m.Content(); err != nil {
		return nil, googleRefused, err
	}
	return answer, googleFine, nil
}

func (g *googleCall) troubleOf(err error) googleTrouble {
	if f := (*faults.Fault)(nil); errors.As(err, &f) && f.Def == g.account {
		return googleDenied
	}
	return googleAway
}

func googleStatus(status int) googleTrouble {
	switch {
	case status == 401 || status == 403:
		return googleDenied
	case status == 429 || status == 503:
		return googleAway
	}
	return googleRefused
}
