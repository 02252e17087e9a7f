package orgdata

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fileLimit bounds a file: one million apps have about 400 MB.
const fileLimit = 2 << 30

// edgeName is how the plugin's single file is called unless one says otherwise.
const edgeName = "edge.json"

// source is a reader that reads from the disk.
type source struct {
	*reader
	digest hash.Hash // of all contents
}

// Read reads folders and files together: what one uses may be in another. A
// folder holds test data of the emulator, maps exported by apigeecli, edge.json,
// resources/edge, or is such a folder edge itself; a file is one of the emulator's
// or of apigeecli's by its name, or else of the form of edge.json. A path that is none of this is an error, like one that cannot
// be read; what is wrong inside the files are problems.
func Read(paths ...string) (*Data, []Problem, error) {
	s := &source{newReader(), sha256.New()}
	var errs []error
	for _, path := range paths {
		errs = append(errs, s.path(path))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	data, problems := s.read()
	s.digest.Sum(data.Digest[:0])
	return data, problems, nil
}

func (s *source) path(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return s.folder(path)
	}
	data, err := s.file(path)
	if err != nil {
		return err
	}
	switch name := filepath.Base(path); {
	case emulatorKinds[name] != nil:
		s.emulatorFile(path, name, data)
	case isExport(name):
		s.exportFile(path, data)
	default:
		s.edgeFile(path, data)
	}
	return nil
}

func (s *source) folder(dir string) error {
	found := len(s.documents)
	for _, name := range Files {
		file := filepath.Join(dir, name)
		data, err := s.file(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		s.emulatorFile(file, name, data)
	}
	if err := s.exports(dir); err != nil {
		return err
	}
	edge := filepath.Join(dir, "resources", "edge")
	single := filepath.Join(dir, edgeName)
	switch {
	case isFolder(edge):
		// The plugin reads edge.json only without a folder (its README,
		// apigee.config.dir).
		return s.edgeFolder(edge)
	case isFile(single):
		data, err := s.file(single)
		if err == nil {
			s.edgeFile(single, data)
		}
		return err
	}
	if err := s.edgeFolder(dir); err != nil {
		return err
	}
	if !slices.ContainsFunc(s.documents[found:], (*document).known) {
		return fmt.Errorf("folder %s holds no configuration of an organization: expected %s of the emulator, or %s or resources/edge of the config Maven plugin (see `sluice doc orgdata`)", dir, strings.Join(Files, ", "), edgeName)
	}
	return nil
}

// exports takes the maps that apigeecli has exported into a folder.
func (s *source) exports(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*"+exportMark+"*.json"))
	if err != nil {
		return fmt.Errorf("the name of folder %s cannot be searched: %w", dir, err)
	}
	for _, file := range files {
		data, err := s.file(file)
		if err != nil {
			return err
		}
		s.exportFile(file, data)
	}
	return nil
}

// file reads a file, and counts it into the digest.
func (s *source) file(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > fileLimit {
		return nil, fmt.Errorf("%s has %d bytes; the limit is %d", file, info.Size(), fileLimit)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(s.digest, "%s\x00%d\x00", file, len(data))
	s.digest.Write(data)
	return tidy(data), nil
}

// Patterns match what tells a folder of organization's data from others, as
// filepath.Glob takes them.
func Patterns() []string {
	return append(slices.Clone(Files), edgeName, filepath.Join("resources", "edge"), "*"+exportMark+"*.json")
}

// IsFile tells whether a path is, by its name, one of the files that are read
// here.
func IsFile(path string) bool {
	name := filepath.Base(path)
	return name == edgeName || emulatorKinds[name] != nil || isExport(name)
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
