package flow

import "context"

// Errands keep what a policy wants done after its request, also over the end of the
// process. What is kept may be done twice, when the process ends while it is done.
type Errands interface {
	// Serve has do called with each payload that is put under the name, from now on:
	// the newest deployment of a policy serves it. When do returns an error it is
	// called again, later and later, for an hour.
	Serve(name string, do func(ctx context.Context, payload []byte) error)
	// Put keeps a payload. An error says that it was not kept, because it is too large
	// or because the store does not answer.
	Put(ctx context.Context, name string, payload []byte) error
}
