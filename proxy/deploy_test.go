package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/flow"
)

// version is a proxy whose flows, shared flow and target all say n.
func version(n int) (files, shared []string) {
	mark := func(name string) string {
		return fmt.Sprintf(`<Assign name="%s"><V name="way">{way} %d</V></Assign>`, name, n)
	}
	files = []string{mark("A"), `<Call name="C">shared</Call>`, tellWay(),
		proxyAt("/p", preFlow(onRequest("A", "C"), onResponse("A", "C")), postFlow(onResponse("Tell")), nullRoute)}
	return files, []string{`<SharedFlow name="default">` + steps("M") + `</SharedFlow>`, mark("M")}
}

// TestDeployWhileServing swaps snapshots all the time while requests run on
// connections that stay: none is lost, and each is served by one version alone.
func TestDeployWhileServing(t *testing.T) {
	const connections, each = 20, 2500
	files, shared := version(0)
	kept := []string{proxyAt("/kept", preFlow(onRequest("C")), postFlow(onResponse("Tell")), nullRoute), `<Call name="C">shared</Call>`, tellWay()}
	g := rig{files: files, shared: map[string][]string{"shared": shared}, proxies: map[string][]string{"kept": kept}}
	s := g.serve(t)
	unchanged := s.table.Snapshot().Deployments[0]
	if unchanged.Name != "kept" {
		t.Fatal(unchanged.Name)
	}
	ctx, stop := context.WithCancel(t.Context())
	swaps := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			n++
			if err := s.deploy(n, unchanged); err != nil {
				t.Error(err)
				break
			}
		}
		swaps <- n
	}()
	var clients sync.WaitGroup
	for i := range connections {
		clients.Go(func() {
			path := []string{"/p", "/kept"}[i%2]
			if err := s.hammer(path, each); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	stop()
	if n := <-swaps; n < 10 {
		t.Errorf("only %d snapshots were swapped in", n)
	}
}

// deploy compiles version n and puts it in place; one deployment stays.
func (s *served) deploy(n int, unchanged *Deployment) error {
	files, shared := version(n)
	d, problems := s.compiler.Proxy(bundleOf("test", files...))
	f, more := s.compiler.SharedFlow(bundleOf("shared", shared...))
	snapshot, last := NewSnapshot(s.compiler.Environment, Options{}, []*Deployment{unchanged, d}, []*flow.SharedFlow{f})
	if problems = append(append(problems, more...), last...); len(problems) > 0 {
		return problems
	}
	s.table.Swap(snapshot)
	return nil
}

// hammer sends n requests on one connection.
func (s *served) hammer(path string, n int) error {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * patience)); err != nil {
		return err
	}
	br := bufio.NewReader(c)
	for i := range n {
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path); err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			return fmt.Errorf("request %d: %w", i, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body) // ReadResponse has told of a broken connection
		resp.Body.Close()
		marks := strings.Fields(resp.Header.Get("Way"))
		if want := map[string]int{"/p": 4, "/kept": 1}[path]; resp.StatusCode != 200 || len(marks) != want {
			return fmt.Errorf("request %d: %s, marks %v", i, resp.Status, marks)
		}
		for _, m := range marks {
			if m != marks[0] {
				return fmt.Errorf("request %d was served by several versions: %v", i, marks)
			}
		}
	}
	return nil
}
