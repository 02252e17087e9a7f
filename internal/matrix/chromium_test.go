package matrix_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"
)

// chromium is a browser that a test drives over its DevTools pipe: JSON messages
// that end in a NUL byte. A library for it (chromedp) would bring a dozen modules
// into a project that needs six commands of it.
type chromium struct {
	t       testing.TB
	to      io.Writer
	pipe    *os.File // that from reads
	from    *bufio.Reader
	session string
	serial  int
	loads   int      // pages that were loaded
	fetched []string // addresses that the page asked for
}

// patience is how long an answer may take; far more than it does.
const patience = 60 * time.Second

// startChromium starts a browser without a window, a network or a past.
func startChromium(t testing.TB) *chromium {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	theirIn, in := pipe(t)
	out, theirOut := pipe(t)
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-device-scale-factor=1",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // file descriptors 3 and 4
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close() // the browser has its own
	b := &chromium{t: t, to: in, pipe: out, from: bufio.NewReader(out)}
	t.Cleanup(func() {
		_ = in.Close() // at the end of its commands it ends itself
		stop := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		stop.Stop()
	})
	b.attach()
	return b
}

func pipe(t testing.TB) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r, w
}

// attach opens a page and makes it the one that commands go to.
func (b *chromium) attach() {
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct {
		ID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &session)
	b.session = session.ID
	b.call("Page.enable", nil, nil)
	b.call("Network.enable", nil, nil)
}

// message is what goes over the pipe, in either direction.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// call sends a command and waits for its result.
func (b *chromium) call(method string, params, result any) {
	b.t.Helper()
	if err := b.try(method, params, result); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

func (b *chromium) try(method string, params, result any) error {
	if params == nil {
		params = struct{}{}
	}
	raw, err := json.Marshal(params)
	if err != nil {
		return err
	}
	b.serial++
	text, err := json.Marshal(message{ID: b.serial, Session: b.session, Method: method, Params: raw})
	if err != nil {
		return err
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		return err
	}
	for {
		m, err := b.next()
		switch {
		case err != nil:
			return err
		case m.ID != b.serial:
			continue
		case m.Error != nil:
			return errors.New(m.Error.Message)
		case result == nil:
			return nil
		}
		return json.Unmarshal(m.Result, result)
	}
}

// next reads a message, and notes what the page asks the network for.
func (b *chromium) next() (*message, error) {
	if err := b.pipe.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	text, err := b.from.ReadBytes(0)
	if err != nil {
		return nil, fmt.Errorf("chromium says no more: %w", err)
	}
	m := &message{}
	if err := json.Unmarshal(text[:len(text)-1], m); err != nil {
		return nil, err
	}
	switch m.Method {
	case "Page.loadEventFired":
		b.loads++
	case "Network.requestWillBeSent":
		var p struct {
			Request struct {
				URL string `json:"url"`
			} `json:"request"`
		}
		err = json.Unmarshal(m.Params, &p)
		b.fetched = append(b.fetched, p.Request.URL)
	}
	return m, err
}

// open loads a page, wholly: also one that differs in its fragment only.
func (b *chromium) open(url string) {
	b.t.Helper()
	for _, u := range []string{"about:blank", url} {
		before := b.loads
		var to struct {
			Error string `json:"errorText"`
		}
		b.call("Page.navigate", map[string]any{"url": u}, &to)
		if to.Error != "" {
			b.t.Fatalf("%s: %s", u, to.Error)
		}
		for b.loads == before {
			if _, err := b.next(); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// eval runs a script in the page; its value must be JSON.
func (b *chromium) eval(script string, value any) {
	b.t.Helper()
	var r struct {
		Result struct {
			Value json.RawMessage `json:"value"`
		} `json:"result"`
		Exception *struct {
			Text      string `json:"text"`
			Exception struct {
				Description string `json:"description"`
			} `json:"exception"`
		} `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true, "awaitPromise": true}, &r)
	if r.Exception != nil {
		b.t.Fatalf("%s\n%s %s", script, r.Exception.Text, r.Exception.Exception.Description)
	}
	if err := json.Unmarshal(r.Result.Value, value); err != nil {
		b.t.Fatalf("%s\n%v: %s", script, err, r.Result.Value)
	}
}

// click clicks with the mouse in the middle of what the selector finds.
func (b *chromium) click(selector string) {
	b.t.Helper()
	var at [2]float64
	b.eval(fmt.Sprintf(`(() => { const e = document.querySelector(%q); e.scrollIntoView({block: "center", inline: "center"});
		const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, selector), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1}, nil)
	}
}

// see sets the size of the window and the colour scheme that its user prefers.
func (b *chromium) see(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// screenshot returns a PNG of what is in the window.
func (b *chromium) screenshot() []byte {
	b.t.Helper()
	var shot struct {
		Data []byte `json:"data"`
	}
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data
}
