package orgdata

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fileLimit bounds a file: one million apps have about 400 MB.
const fileLimit = 2 << 30

// Read reads the files of a folder. A folder that holds none of the known files
// is an error, like one that cannot be read; what is wrong inside the files are
// problems.
func Read(dir string) (*Data, []Problem, error) {
	files := map[string][]byte{}
	for _, name := range Files {
		data, err := readFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		files[name] = data
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("folder %s holds no configuration of an organization: expected %s", dir, strings.Join(Files, ", "))
	}
	data, problems := Emulator(files)
	for i := range problems {
		problems[i].File = filepath.Join(dir, problems[i].File)
	}
	return data, problems, nil
}

func readFile(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > fileLimit {
		return nil, fmt.Errorf("%s has %d bytes; the limit is %d", file, info.Size(), fileLimit)
	}
	return os.ReadFile(file)
}
