package cases

import (
	"net"
	"strconv"
	"strings"
	"time"

	"sluice/proxy"
)

// config is the config section of a case.
type config struct {
	now          time.Time
	servers      []server
	token        string
	tokenFails   bool
	integrations string // "local", "scripted", or "" for what the folder suggests
	account      string
	hosts        map[string]string
	keys         [][2]string // name and type
}

// server is a target server; addr "upstream" is the runner's upstream.
type server struct {
	name, addr string
	disabled   bool
}

func defaults() config {
	return config{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), token: "test-token", hosts: map[string]string{}}
}

func (r *reader) config(s section) {
	for row, line := range strings.Split(strings.TrimSuffix(s.text, "\n"), "\n") {
		key, value, ok := strings.Cut(line, ":")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if !ok || !r.c.config.set(strings.TrimSpace(key), strings.TrimSpace(value)) {
			r.fail(s.line+row, "config line %q is none of: now: TIME as 2026-01-02T03:04:05Z, targetserver: NAME=HOST:PORT|upstream|disabled, "+
				"identity: TEXT|fail, integrations: local|scripted, account: NAME, map: NAME=HOST:PORT, key: NAME rsa1024|rsa2048|p256|p384|p521", line)
		}
	}
}

func (c *config) set(key, value string) bool {
	switch key {
	case "now":
		t, err := time.Parse(time.RFC3339Nano, value)
		c.now = t
		return err == nil
	case "targetserver":
		return c.addServer(value)
	case "identity":
		c.token, c.tokenFails = value, value == "fail"
		return value != ""
	case "integrations":
		c.integrations = value
		return value == "local" || value == "scripted"
	case "account":
		c.account = value
		return value != ""
	case "key":
		return c.addKey(value)
	case "map":
		name, addr, ok := strings.Cut(value, "=")
		c.hosts[name] = addr
		return ok && isAddr(addr)
	}
	return false
}

func (c *config) addServer(value string) bool {
	name, addr, ok := strings.Cut(value, "=")
	addr, disabled := strings.CutSuffix(addr, "disabled")
	addr = strings.TrimSpace(addr)
	if disabled && addr == "" {
		addr = "upstream"
	}
	c.servers = append(c.servers, server{name, addr, disabled})
	return ok && name != "" && (addr == "upstream" || isAddr(addr))
}

func isAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	n, err2 := strconv.Atoi(port)
	return err == nil && err2 == nil && host != "" && n > 0 && n < 1<<16
}

// addTo puts the servers of the case into those of the folder.
func (c *config) addTo(servers map[string]*proxy.TargetServer, upstream string) {
	for _, s := range c.servers {
		addr := s.addr
		if addr == "upstream" {
			addr = upstream
		}
		host, text, _ := net.SplitHostPort(addr) // checked when the case was read
		port, _ := strconv.Atoi(text)
		servers[s.name] = &proxy.TargetServer{Name: s.name, Host: host, Port: port, Protocol: "HTTP", Enabled: !s.disabled}
	}
}
