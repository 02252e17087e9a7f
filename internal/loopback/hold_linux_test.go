package loopback

import (
	"errors"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
)

// portRange is IP_LOCAL_PORT_RANGE: from which ports, the upper one in the upper
// half, the system may choose for a socket.
const portRange = 51

// TestNobodyElseGetsIt leaves the system that one port to choose from.
func TestNobodyElseGetsIt(t *testing.T) {
	address := Address(t)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, text, _ := net.SplitHostPort(address)
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	loopback := [4]byte{127, 0, 0, 1}
	for name, ask := range map[string]func(fd int) error{
		"bind": func(fd int) error { return syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback}) },
		"connect": func(fd int) error {
			return syscall.Connect(fd, &syscall.SockaddrInet4{Addr: loopback, Port: other.Addr().(*net.TCPAddr).Port})
		},
	} {
		if err := ask(restricted(t, port)); !errors.Is(err, syscall.EADDRINUSE) && !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("%s with no port but the held one: %v", name, err)
		}
	}
}

// restricted is a socket that may get no port but this one, as Go would make it.
func restricted(t *testing.T, port int) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, portRange, port<<16|port); errors.Is(err, syscall.ENOPROTOOPT) {
		t.Skip("the kernel is older than 6.3 and cannot be asked for one port")
	} else if err != nil {
		t.Fatal(os.NewSyscallError("setsockopt", err))
	}
	return fd
}

// TestListenAgain: the test itself has something listen there, as often as it likes.
func TestListenAgain(t *testing.T) {
	address := Address(t)
	for range 3 {
		if c, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Fatalf("before anything listens: %v %v", c, err)
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		_ = l.Close()
	}
}
