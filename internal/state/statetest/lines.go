package statetest

import "bytes"

// Lines is a writer that tells whole lines, without their ends: what a process writes
// may come in pieces. It is used by one goroutine at a time.
type Lines struct {
	Tell func(line string)
	rest []byte
}

func (l *Lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.Tell(string(line))
		l.rest = rest
	}
}
