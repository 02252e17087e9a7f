package google

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/oauth2"
)

// failure says in one line why there is no token and what to do. It is made of our own words and of
// scrubbed ones, and does not hold the error that it was made of: errors of x/oauth2 carry whole
// answers, and a log that prints an error's parts would print them.
type failure struct {
	text  string
	cause error // the end of a context, or nil
}

func (f *failure) Error() string { return f.text }

// Unwrap returns context.Canceled, context.DeadlineExceeded or nil.
func (f *failure) Unwrap() error { return f.cause }

func failuref(format string, args ...any) error {
	return &failure{text: fmt.Sprintf(format, args...)}
}

var (
	// The value is not shown: by mistake such a setting holds the content of a key file.
	errBadAccount  = failuref("the service account is not an address: give it as NAME@PROJECT.iam.gserviceaccount.com")
	errBadAudience = failuref("the audience is longer than %d bytes: shorten it", maxAudience)
	errBadScopes   = failuref("the scopes are longer than %d bytes: name fewer", maxScopes)
	errBusy        = failuref("%d other tokens are being made: does a client choose the audience or the lifetime of tokens?", cacheSize)
	errStale       = failuref("Google's token had ended when it arrived: set this machine's clock")
	errNotIAM      = failuref("the answer is not one of IAM Credentials: check the IAM endpoint and the host map")
	errNotJWT      = failuref("the answer holds no ID token: check the IAM endpoint and the host map")
	errNoIDToken   = failuref("the runtime's own credentials cannot make ID tokens: deploy the proxy with a service account, " +
		"or give the runtime the key of one in GOOGLE_APPLICATION_CREDENTIALS")
)

// notFound is the failure of looking for application default credentials.
func notFound(err error) error {
	const next = "set GOOGLE_APPLICATION_CREDENTIALS to the path of a credentials file, " +
		"run `gcloud auth application-default login`, or run on Google Cloud with a service account"
	if strings.Contains(err.Error(), "could not find default credentials") {
		return failuref("no Google credentials were found: %s", next)
	}
	return failuref("the Google credentials cannot be read (%s): %s", scrub(err.Error()), next)
}

// refused is the failure of making an access or ID token with the runtime's own credentials.
func refused(err error) error {
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response != nil {
		return failuref("the runtime's own Google credentials were refused (%s): %s", grantError(answer), grantAdvice(answer.Response.StatusCode))
	}
	var transport *url.Error
	if errors.As(err, &transport) { // x/oauth2 keeps it for a login, and flattens it for a key
		return unanswered("the Google token service", err)
	}
	return failuref("the runtime's own Google credentials make no token (%s): check the file that GOOGLE_APPLICATION_CREDENTIALS names, "+
		"or the service account of this machine, and the network", scrub(err.Error()))
}

// grantError tells what a token endpoint answered (RFC 6749 5.2).
func grantError(e *oauth2.RetrieveError) string {
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(e.Body, &answer) // no JSON: the status has to do
	return scrub(strings.TrimSpace(fmt.Sprint(e.Response.StatusCode, " ", answer.Error, " ", answer.Description)))
}

func grantAdvice(status int) string {
	if status >= 500 || status == http.StatusTooManyRequests {
		return "this is Google's; the next request tries again"
	}
	return "make a new key, or run `gcloud auth application-default login` again; check this machine's clock"
}

// unanswered is the failure of a call that got no answer.
func unanswered(who string, err error) error {
	const next = "check the network, the host map and the forward proxy"
	for _, over := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, over) {
			return &failure{text: fmt.Sprintf("%s did not answer in time: %s", who, next), cause: over}
		}
	}
	var transport *url.Error
	if errors.As(err, &transport) {
		err = transport.Err // without the address, whose query is not ours to show
	}
	return failuref("%s cannot be reached (%s): %s", who, scrub(err.Error()), next)
}

// apiError is an error as Google's REST APIs answer it.
type apiError struct {
	Status  string `json:"status"`
	Message string `json:"message"`
	Details []struct {
		Reason string `json:"reason"`
	} `json:"details"`
}

func (e *apiError) reason(r string) bool {
	for _, d := range e.Details {
		if d.Reason == r {
			return true
		}
	}
	return false
}

// iamRefused is the failure of impersonating the account.
func iamRefused(account string, status int, body []byte, bearer string) error {
	var answer struct {
		Error apiError `json:"error"`
	}
	_ = json.Unmarshal(body, &answer) // no JSON: the status has to do
	e := &answer.Error
	said := strings.TrimSpace(fmt.Sprint(status, " ", e.Status, " ", e.Message))
	said = scrub(strings.ReplaceAll(said, bearer, removed))
	return failuref("IAM Credentials made no token for %s (%s): %s", account, said, iamAdvice(account, status, e))
}

func iamAdvice(account string, status int, e *apiError) string {
	switch {
	case e.reason("SERVICE_DISABLED") || strings.Contains(e.Message, "has not been used in project"):
		return "enable the API in the project of the runtime's own credentials: gcloud services enable iamcredentials.googleapis.com"
	case e.reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT"):
		return "give this machine the access scope cloud-platform"
	case status == http.StatusUnauthorized:
		return "the runtime's own credentials are no longer good: make a new key, or run `gcloud auth application-default login` again"
	case status == http.StatusForbidden:
		return "grant the runtime's own identity roles/iam.serviceAccountTokenCreator on " + account +
			", also if it is that account itself; a grant takes some minutes to count"
	case status == http.StatusNotFound:
		return "check that this service account exists and is enabled"
	case status == http.StatusBadRequest:
		return "check scopes, audience and lifetime; more than 3600 seconds needs the organization policy " +
			"constraints/iam.allowServiceAccountCredentialLifetimeExtension"
	case status >= 500 || status == http.StatusTooManyRequests:
		return "this is Google's; the next request tries again"
	}
	return "check the IAM endpoint and the host map"
}

const (
	removed  = "[removed]"
	saidMost = 300 // bytes of foreign text in an error
)

// tokenRun is a run of the letters that tokens, keys and secrets consist of.
var tokenRun = regexp.MustCompile(`[A-Za-z0-9+/=_.~%\\-]{16,}`)

// scrub makes one short line of text that others wrote, without what could be a credential: a run
// of 16 or more token letters with a digit in it. That takes long project names with it, and leaves
// permissions, roles and the addresses of APIs, oauth2.googleapis.com too.
func scrub(text string) string {
	if pem, _, found := strings.Cut(text, "-----BEGIN"); found {
		text = pem + removed
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
	text = tokenRun.ReplaceAllStringFunc(text, func(run string) string {
		if strings.ContainsAny(strings.ReplaceAll(run, "oauth2", ""), "0123456789") {
			return removed
		}
		return run
	})
	if len(text) > saidMost {
		text = text[:saidMost] + "..."
	}
	return strings.ToValidUTF8(text, "")
}
