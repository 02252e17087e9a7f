package logs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"sluice/flow"
)

// File implements flow.Logs. Without a folder for them, messages are dropped. A file
// rotates as the newest message for it says: a policy may be deployed anew with another
// rotation, and two policies may name one file.
func (s *Service) File(file *flow.LogFile, line []byte) error {
	if s.root == nil {
		s.withoutFiles.Do(func() { s.o.Report("messages for log files are dropped; --message-logs DIR keeps them") })
		return nil
	}
	s.files.rotate(file.Path, file.Rotation)
	return s.put("file "+file.Path, "the file "+file.Path, append(oneLine(line, maxMessage), '\n'), func() sink {
		return &fileSink{root: s.root, path: file.Path, files: &s.files}
	})
}

// fileSink is a file below the folder of message logs. Whatever its name is, and
// whatever links lie there, os.Root lets no path out of that folder.
type fileSink struct {
	root     *os.Root
	path     string
	files    *logFiles
	rotation flow.LogRotation // of what is being written

	file  *os.File // nil: not open
	size  int64
	begun time.Time // when the file was begun
}

func (f *fileSink) write(_ context.Context, batch [][]byte) (int, error) {
	f.rotation = f.files.rotation(f.path)
	for i, line := range batch {
		if err := f.append(line); err != nil {
			f.close()
			return i, err
		}
	}
	return len(batch), nil
}

func (f *fileSink) append(line []byte) error {
	if err := f.open(); err != nil {
		return err
	}
	if f.due(len(line)) {
		f.close()
		if err := f.rotate(); err != nil {
			return err
		}
		if err := f.open(); err != nil {
			return err
		}
	}
	n, err := f.file.Write(line)
	f.size += int64(n)
	return err
}

// due reports whether the file is to be put aside before n more bytes.
func (f *fileSink) due(n int) bool {
	r := &f.rotation
	return f.size > 0 && (r.Size > 0 && f.size+int64(n) > r.Size || r.Every > 0 && time.Since(f.begun) >= r.Every)
}

// open opens the file to append to it.
func (f *fileSink) open() error {
	if f.file != nil {
		return nil
	}
	if err := f.root.MkdirAll(filepath.FromSlash(path.Dir(f.path)), 0o755); err != nil {
		return err
	}
	if f.files.first(f.path) && f.rotation.AtStart {
		if err := f.rotate(); err != nil {
			return err
		}
	}
	file, err := f.root.OpenFile(f.name(0), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // nothing was written to it
		return err
	}
	f.file, f.size, f.begun = file, info.Size(), time.Now()
	if f.size > 0 {
		f.begun = f.birth()
	}
	return nil
}

// birth is when a file that was there before was begun, as near as its bytes tell: the
// time after which nothing else was put aside.
func (f *fileSink) birth() time.Time {
	for _, name := range []string{f.name(1), f.name(0)} {
		if info, err := f.root.Stat(name); err == nil {
			return info.ModTime()
		}
	}
	return time.Now()
}

// rotate puts the file aside as NAME.1, what is there as NAME.2, and so on. What is
// above the number to keep is overwritten.
func (f *fileSink) rotate() error {
	if f.rotation.Keep == 0 {
		return ignoreMissing(f.root.Remove(f.name(0)))
	}
	last := 0
	for last < f.rotation.Keep {
		if _, err := f.root.Lstat(f.name(last)); err != nil {
			break
		}
		last++
	}
	for i := last; i > 0; i-- {
		if err := ignoreMissing(f.root.Rename(f.name(i-1), f.name(i))); err != nil {
			return err
		}
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// name is the name of the n-th file put aside, and for 0 of the one written to.
func (f *fileSink) name(n int) string {
	name := filepath.FromSlash(f.path)
	if n == 0 {
		return name
	}
	return fmt.Sprintf("%s.%d", name, n)
}

func (f *fileSink) close() {
	if f.file == nil {
		return
	}
	_ = f.file.Close() // each line was written with a call of its own, which told of its failure
	f.file = nil
}

// lineSink writes lines to something that is open already, and stays open.
type lineSink struct{ w io.Writer }

func (l lineSink) write(_ context.Context, batch [][]byte) (int, error) {
	if _, err := l.w.Write(bytes.Join(batch, nil)); err != nil {
		return len(batch), &refusedError{err}
	}
	return len(batch), nil
}

func (lineSink) close() {}
