// Package google makes real Google tokens and calls Google's Application Integration. It is what
// flow.Identity and flow.Integrations are outside of a laptop, and the only user of
// golang.org/x/oauth2/google.
//
// The way of a token:
//
//  1. [Google.Token] normalizes the request to a key (google.go) and looks into a cache (cache.go).
//     A token that lives is returned at once; one that soon ends is made anew by one goroutine
//     while everybody goes on with the old one.
//  2. The runtime's own credentials are application default credentials, looked for when the first
//     token is wanted (credentials.go). They serve requests without a service account.
//  3. For a service account the runtime's own access token buys one from IAM Credentials
//     (impersonate.go).
//  4. What goes wrong becomes a sentence that says what to do, free of credentials (failure.go).
//
// The way of a call: [Google.Run] checks the names that become part of the address, asks for the
// token of the deployment's service account, posts the body, and holds the answer (integrations.go).
package google
