//go:build !unix

package state

import (
	"fmt"
	"os"
	"path/filepath"
)

// lockDir does not lock where the syscall package has no flock: there a second
// process on the same directory is not noticed.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("state: the data directory: %w", err)
	}
	return f, nil
}
