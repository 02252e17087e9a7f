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

// taskPeer is a Cloud Tasks server.
type taskPeer struct {
	name    string
	argv    func(address string) ([]string, error) // how it is started; nil: it runs already
	address string                                 // where it runs then
}

// inMemory starts sluice without a data directory: its tasks end with it.
func (b *taskBench) inMemory(address string) ([]string, error) {
	folder := filepath.Join(b.folder, "passthrough")
	if err := writeBundle(folder, "passthrough", "passthrough", "/", "127.0.0.1:9"); err != nil { // nobody asks the bundle
		return nil, err
	}
	proxies, err := freeAddress()
	if err != nil {
		return nil, err
	}
	return []string{b.binary, "serve", "--listen", proxies, "--tasks-listen", address, "--log-level", "error", folder}, nil
}

// onDisk starts sluice with a new data directory.
func (b *taskBench) onDisk(address string) ([]string, error) {
	argv, err := b.inMemory(address)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(b.folder, "data")
	return append(argv, "--data", folder), err
}

// buildEmulator builds github.com/aertje/cloud-tasks-emulator from a clone of it.
func (b *taskBench) buildEmulator(ctx context.Context) error {
	if b.emulator == "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-C", b.emulator, "-o", filepath.Join(b.folder, "emulator"), ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the emulator: %w\n%s", err, out)
	}
	for _, name := range []string{"oidc.key", "oidc.cert"} { // it reads them from where it runs
		data, err := os.ReadFile(filepath.Join(b.emulator, name))
		if err != nil {
			return fmt.Errorf("-emulator %s is no clone of github.com/aertje/cloud-tasks-emulator: %w", b.emulator, err)
		}
		if err := os.WriteFile(filepath.Join(b.folder, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// emulatorArgv starts the emulator. Its log of every task cannot be turned off.
func (b *taskBench) emulatorArgv(address string) ([]string, error) {
	host, port, err := net.SplitHostPort(address)
	return []string{filepath.Join(b.folder, "emulator"), "-host", host, "-port", port}, err
}

// syncTime is how long the disk under the folder takes to keep a task: the median of
// some writes, each of them synced. It depends on the disk, and on who else uses it,
// more than anything else here does.
func syncTime(folder string) (time.Duration, error) {
	file, err := os.CreateTemp(folder, "sync")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	took := make([]time.Duration, 101)
	for i := range took {
		begin := time.Now()
		if _, err := file.Write(make([]byte, 700)); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took[i] = time.Since(begin)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}
