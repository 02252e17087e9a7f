// Package loopback gives tests addresses that stay theirs.
//
// The usual way, to listen on port 0, close the listener and hand its port on, loses
// the port now and then to whatever else on the machine asks for one in between. A
// test that can pass a listener, or read the port that a server prints, does that;
// this is for servers that have to be told their address, or that start again on it.
package loopback

import "testing"

// Addresses returns n addresses, as "127.0.0.1:41234". Nothing listens there, so a
// connection is refused, until the test has something listen; until the test ends
// the system gives none of them to anybody who asks for any port.
func Addresses(t testing.TB, n int) []string {
	t.Helper()
	addresses := make([]string, n)
	for i := range addresses {
		address, release, err := hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(release)
		addresses[i] = address
	}
	return addresses
}

// Address returns one such address.
func Address(t testing.TB) string {
	t.Helper()
	return Addresses(t, 1)[0]
}
