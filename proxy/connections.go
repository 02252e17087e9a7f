package proxy

// LimitConnections bounds how many connections of clients are served at a time,
// over all listeners; 0 is no bound. A connection too many waits, unserved, until
// another ends. It must be called before Serve.
//
// A connection with HTTP/2 counts once, whatever it carries. Each request may hold
// a body in either direction, of up to the bundle's payload limits, so the bound
// that a machine needs depends on its bundles: there is no default.
func (s *Server) LimitConnections(n int) { s.h1.MaxConns = n }
