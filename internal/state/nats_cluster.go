package state

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strconv"

	natsserver "github.com/nats-io/nats-server/v2/server"
)

// Cluster describes processes that keep their state together, each with a data
// directory of its own. Three is the least number that survives the loss of one.
//
// A data directory that was used without a cluster does not become part of one.
type Cluster struct {
	Name   string   // the same for all nodes; "" stands for sluice
	Listen string   // host:port where this node hears the others; "" for no cluster
	Routes []string // host:port of the nodes, all or some, this one may be among them
	// User and Password are the same for all nodes. Whoever can reach Listen and
	// knows them can read and write everything.
	User     string
	Password string
	TLS      TLS // between the nodes, who then show certificates to each other
}

// clientUser is who this process is for its own server.
const clientUser = "sluice"

// isOpen tells whether everybody who reaches Listen can join.
func (c Cluster) isOpen() bool { return c.Listen != "" && c.Password == "" && c.TLS == (TLS{}) }

// apply writes the cluster into the options of this node's server.
func (c Cluster) apply(options *natsserver.Options) error {
	host, port, err := splitAddress(c.Listen)
	if err != nil {
		return err
	}
	// A server that does not listen for clients never starts its routes either
	// (nats-server 2.15, StartRouting). So it listens where only this host comes,
	// for a user whose password nobody else has.
	options.DontListen = false
	options.Host, options.Port = "127.0.0.1", natsserver.RANDOM_PORT
	options.Username, options.Password = clientUser, rand.Text()
	options.Cluster = natsserver.ClusterOpts{Name: c.Name, Host: host, Port: port, Username: c.User, Password: c.Password}
	if c.Name == "" {
		options.Cluster.Name = "sluice"
	}
	for _, route := range c.Routes {
		if _, _, err := splitAddress(route); err != nil {
			return err
		}
		u := &url.URL{Scheme: "nats", Host: route}
		if c.User != "" {
			u.User = url.UserPassword(c.User, c.Password)
		}
		options.Routes = append(options.Routes, u)
	}
	if c.TLS == (TLS{}) {
		return nil
	}
	options.Cluster.TLSTimeout = startLimit.Seconds()
	options.Cluster.TLSConfig, err = c.TLS.peer()
	return err
}

func splitAddress(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, fmt.Errorf("state: the cluster address %q must be host:port: %w", address, err)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return "", 0, fmt.Errorf("state: the cluster address %q has no port between 1 and 65535", address)
	}
	return host, int(port), nil
}
