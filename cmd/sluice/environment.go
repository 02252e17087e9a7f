package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"sluice/flow"
	"sluice/proxy"
)

// readEnvironment makes the environment of the settings, of targetservers.json
// beside bundles, and of the archives among the paths; the later wins.
func readEnvironment(s *settings) (*proxy.Environment, flow.Problems) {
	host, _ := os.Hostname() // without one, system.pod.name is unresolved
	e := &proxy.Environment{Organization: s.Org, Name: s.Env, Region: s.Region, Pod: host}
	var problems flow.Problems
	for _, file := range beside(s.Paths, "targetservers.json") {
		problems = append(problems, e.AddTargetServers(file)...)
	}
	for _, path := range s.Paths {
		problems = append(problems, proxy.ReadEnvironment(path, s.Env, e)...)
	}
	if s.KeyStores != "" {
		stores, ps := proxy.ReadKeyStores(s.KeyStores)
		problems = append(problems, ps...)
		if e.KeyStores == nil {
			e.KeyStores = map[string]*proxy.KeyStore{}
		}
		for name, store := range stores {
			e.KeyStores[name] = store
		}
	}
	if s.TargetServers != "" {
		problems = append(problems, e.AddTargetServers(s.TargetServers)...)
	}
	e.EnforceTLS = e.EnforceTLS || s.TLSEnforce
	setAccount(e, s.ServiceAccount)
	return e, problems
}

func setAccount(e *proxy.Environment, text string) {
	if text == "" {
		return
	}
	if e.Accounts == nil {
		e.Accounts = map[string]string{}
	}
	for part := range strings.SplitSeq(text, ",") {
		name, account, ok := strings.Cut(part, "=")
		if !ok {
			name, account = "", part
		}
		e.Accounts[name] = account
	}
}

// printProblems lists problems as people read them.
func printProblems(w io.Writer, problems flow.Problems) {
	for i := range problems {
		fmt.Fprintln(w, problems[i].String())
	}
}
