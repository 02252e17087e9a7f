package integrations

import (
	"context"
	"time"
)

// Outside is what tasks reach besides plain HTTP. Every field may be empty; a version that needs
// what is missing is refused when it is published.
type Outside struct {
	// AuthProfile is the authentication profile of that id or display name: an AuthConfig of
	// the API as JSON, with its decryptedCredential. It is read when a version is published.
	AuthProfile func(idOrName string) ([]byte, bool)
	// Token is a token of Google for a service account: an access token for scopes or, with an
	// audience, an identity token. An empty account means that of the process.
	Token func(ctx context.Context, account, audience string, scopes []string) (string, error)
	// Mail is the address, host:port, of an SMTP server; MailFrom the sender. MailTimeout is
	// that of one delivery, default 30 seconds.
	Mail         string
	MailFrom     string
	MailUser     string // empty: no login
	MailPassword string
	MailTimeout  time.Duration
	// Connectors answers for connections: a base URL to which
	// /v2/projects/P/locations/L/connections/C/... is added, as on connectors.googleapis.com.
	Connectors string
	// Services answers for Google's services (Firestore, Vertex AI, Pub/Sub): a base URL to which the name
	// of the service, as firestore.googleapis.com, and the path are added. Empty: the services themselves.
	Services string
}
