package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// bench is what all measurements share.
type bench struct {
	*options
	self     string // this program's file
	folder   string // temporary; sluice, bundles and logs
	cpus     cpus
	notes    []string // what the reader of the table must know
	nginx    string   // its path
	binary   string   // sluice's path
	admin    string   // sluice's admin address; "" unless it is profiled
	process  *process // of the upstream
	upstream string   // its address
}

// newBench builds sluice and starts the upstream.
func newBench(ctx context.Context, o *options) (*bench, error) {
	b := &bench{options: o, nginx: findNginx(), binary: o.sluice}
	if err := b.open(); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// open makes the folder and chooses the CPUs.
func (b *bench) open() (err error) {
	if b.self, err = os.Executable(); err != nil {
		return err
	}
	b.pin()
	b.folder, err = os.MkdirTemp("", "sluice-bench")
	return err
}

// pin chooses the CPUs. Starting up is measured with all of them.
func (b *bench) pin() {
	if b.bundles > 0 {
		return
	}
	var why string
	if b.cpus, why = chooseCPUs(b.unpinned); why != "" {
		b.notes = append(b.notes, "Not pinned to CPUs: "+why+".")
	}
}

func (b *bench) prepare(ctx context.Context) error {
	if b.nginx == "" && slices.Contains(b.peers, nginx) {
		b.peers = slices.DeleteFunc(b.peers, func(name string) bool { return name == nginx })
		b.notes = append(b.notes, "No nginx on this machine.")
	}
	if b.profile != "" {
		var err error
		if b.admin, err = freeAddress(); err != nil {
			return err
		}
	}
	if err := b.build(ctx); err != nil {
		return err
	}
	return b.startUpstream(ctx)
}

// build makes the binary as releases are made.
func (b *bench) build(ctx context.Context) error {
	if b.binary != "" || b.bundles == 0 && !slices.Contains(b.peers, sluice) {
		return nil
	}
	b.binary = filepath.Join(b.folder, "sluice")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "sluice/cmd/sluice")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building sluice: %w\n%s", err, out)
	}
	return nil
}

func (b *bench) startUpstream(ctx context.Context) error {
	p, err := start(ctx, b.folder, b.cpus.rest, b.self, "upstream")
	if err != nil {
		return err
	}
	b.process = p
	b.upstream, err = p.firstLine(5 * time.Second)
	return err
}

// close ends the upstream and removes the folder.
func (b *bench) close() {
	if b.process != nil {
		b.process.stop()
	}
	os.RemoveAll(b.folder)
}

// freeAddress finds a loopback address that nobody listens on. Somebody else may
// take it before the peer does; the peer's start then fails and says so.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
