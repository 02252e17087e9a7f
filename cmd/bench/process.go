package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a program that this one started and ends.
type process struct {
	cmd   *exec.Cmd
	end   context.CancelFunc
	stdin io.Closer
	log   *os.File // what it printed
	began time.Time
}

// start runs a program on a CPU ("" for any), in a folder that also takes its log.
// Roles of this program end when their standard input does; the others get SIGTERM
// and, 5 s later, SIGKILL.
func start(ctx context.Context, folder, cpu string, argv ...string) (*process, error) {
	log, err := os.CreateTemp(folder, "log")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	p := &process{cmd: command(ctx, cpu, argv...), end: end, log: log}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = folder, log, log
	if p.stdin, err = p.cmd.StdinPipe(); err == nil {
		p.began = time.Now()
		err = p.cmd.Start()
	}
	if err != nil {
		end()
		log.Close()
		return nil, err
	}
	return p, nil
}

// command is a program on a CPU.
func command(ctx context.Context, cpu string, argv ...string) *exec.Cmd {
	if cpu != "" {
		argv = append([]string{"taskset", "-c", cpu}, argv...)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// pid is the program's: taskset has become it.
func (p *process) pid() int { return p.cmd.Process.Pid }

// stop ends the process and waits until it is gone.
func (p *process) stop() {
	p.end()
	p.stdin.Close()
	_ = p.cmd.Wait() // ended by a signal, as asked
	p.log.Close()
	os.Remove(p.log.Name())
}

// firstLine waits for the first line that the process prints.
func (p *process) firstLine(limit time.Duration) (string, error) {
	for time.Since(p.began) < limit {
		if line, err := bufio.NewReader(strings.NewReader(p.printed())).ReadString('\n'); err == nil {
			return strings.TrimSpace(line), nil
		}
		time.Sleep(time.Millisecond)
	}
	return "", p.failed("printed nothing")
}

// failed is an error with the end of what the process printed.
func (p *process) failed(what string) error {
	text := strings.TrimSpace(p.printed())
	return fmt.Errorf("%s %s; its last words:\n%s", p.cmd.Args, what, text[max(0, len(text)-2000):])
}

func (p *process) printed() string {
	data, _ := os.ReadFile(p.log.Name()) // nothing is as good as unreadable
	return string(data)
}
