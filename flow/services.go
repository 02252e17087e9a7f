package flow

import (
	"context"
	"time"

	"sluice/internal/entity"
	"sluice/internal/pace"
)

// Services is what the world offers to policies. A policy that needs a service
// asks for it when it is compiled (Build.Need...), so that a missing one is a
// deployment error that names the policy and the flag, and no nil check at
// request time.
type Services struct {
	Now          func() time.Time
	ProcessID    string            // system.uuid
	Interfaces   map[string]string // network interface -> address
	Integrations Integrations
	Identity     Identity

	Entities *entity.Directory // products, developers, apps: a local replica
	Tokens   Tokens
	Maps     KeyValueMaps
	Caches   Caches
	Counters Counters
	KeySets  KeySets
	Pacer    *pace.Pacer // SpikeArrest, of this process
	Gates    *pace.Gates // ConcurrentRatelimit, of this process

	Memory     *Memory     // what requests may hold of bodies; nil: no bound
	Background *Background // what outlives its request in this process
	Errands    Errands     // nil: nothing outlives the process
	Logs       Logs        // nil: messages go nowhere, see Build.MessageLogs
	Analytics  Analytics   // nil: nobody is told what was captured

	// Printed is told of each line that a script prints, by the names of proxy and
	// policy; it may hold whatever the script reads. nil: nobody looks.
	Printed func(proxy, policy, line string)
}

// Integrations runs integrations on Application Integration, Google's or a
// local one.
type Integrations interface {
	// Run calls the execute method, or schedule for an asynchronous call, and
	// returns its answer as a response message whose body is held: also an
	// answer of 4xx or 5xx. The error is for what gave no answer: a timeout
	// (with Timeout() true), a broken connection, a cancelled context, or a
	// *TokenError.
	Run(ctx context.Context, call IntegrationCall) (*Message, error)
}

// IntegrationCall is one call of an integration.
type IntegrationCall struct {
	Account  string // service account that the proxy was deployed with, "" for none
	Project  string
	Region   string // "" stands for the runtime's own region
	Name     string
	Schedule bool   // asynchronous
	Body     []byte // JSON of the execute or schedule request
}

// Identity makes Google tokens for the service account of a deployment.
type Identity interface {
	// Token returns a token; its error is a *TokenError.
	Token(ctx context.Context, want TokenRequest) (string, error)
}

// TokenRequest says which token is wanted: an ID token when Audience is set,
// otherwise an access token.
type TokenRequest struct {
	Account      string
	Scopes       []string
	Lifetime     time.Duration // 0 stands for an hour
	Audience     string
	IncludeEmail bool
}

// TokenError says that a Google token could not be made. It never holds a
// credential.
type TokenError struct{ Err error }

func (e *TokenError) Error() string { return "cannot make a Google token: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *TokenError) Unwrap() error { return e.Err }

// Connection is a compiled HTTPTargetConnection or LocalTargetConnection, as a
// policy such as ServiceCallout uses it.
type Connection interface {
	// Call sends c.Request and returns the answer, whose body may still flow.
	// The error is a *faults.Fault of the runtime's catalogue (connection
	// refused, timeout, TLS), or the cancelled context's error.
	Call(ctx context.Context, x *Exchange, c Call) (*Message, error)
	// Success reports whether a status is no failure: below 400, or what the
	// property success.codes says.
	Success(status int) bool
}

// Call is one use of a Connection.
type Call struct {
	Request    *Message
	URL        string        // used instead of the connection's own, when not empty
	URI        string        // used instead of the URL's path and query, when not empty
	ExpectedCN string        // name that the callee's certificate must have, when not empty
	Timeout    time.Duration // for the whole call; 0 stands for the connection's io.timeout.millis
	// IgnoreUnresolved makes unresolved variables in the URL empty; otherwise
	// they fail the call with an *UnresolvedError.
	IgnoreUnresolved bool
}
