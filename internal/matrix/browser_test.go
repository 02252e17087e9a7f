package matrix_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/internal/matrix"
)

// faultLab is an example whose fault rules are good and bad.
const faultLab = "../../examples/fault-lab"

// largestPicture bounds the picture of the page that the example shows.
const largestPicture = 200 << 10

// page writes the matrix of the example as a page and returns its address.
func page(t *testing.T, m *matrix.Matrix) string {
	t.Helper()
	var text bytes.Buffer
	if err := m.WriteHTML(&text); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "matrix.html")
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return "file://" + file
}

// TestPageInBrowser looks at the page as people do. With -update it takes the
// picture that the example shows.
func TestPageInBrowser(t *testing.T) {
	b := startChromium(t)
	m := run(t, compiler(t, nil), faultLab)
	url := page(t, m)
	b.see(1280, 800, "light")
	b.open(url)
	t.Run("every cell is there", func(t *testing.T) { b.holdsAll(t, m) })
	t.Run("a cell tells its story", func(t *testing.T) { b.tellsStory(t, m, url) })
	t.Run("the filter", func(t *testing.T) { b.filters(t, m, url) })
	t.Run("light and dark", func(t *testing.T) { b.lightAndDark(t, m, url) })
	t.Run("nothing is fetched", func(t *testing.T) {
		for _, at := range b.fetched {
			if !strings.HasPrefix(at, "file://") || !strings.HasSuffix(at, "/matrix.html") {
				t.Errorf("the page asks for %s", at)
			}
		}
		if len(b.fetched) == 0 {
			t.Error("not even the page was asked for: the test sees nothing")
		}
	})
}

func (b *chromium) holdsAll(t *testing.T, m *matrix.Matrix) {
	b.t = t
	var rows, cells, shown int
	b.eval(`document.querySelectorAll("tr.row").length`, &rows)
	b.eval(`document.querySelectorAll(".cell").length`, &cells)
	b.eval(countShown, &shown)
	if rows != len(m.Rows) || cells != m.Totals.Cells || shown != cells {
		t.Errorf("%d rows, %d cells of which %d are shown; want %d, %d", rows, cells, shown, len(m.Rows), m.Totals.Cells)
	}
	var legend string
	b.eval(`document.querySelector("header").innerText`, &legend)
	for o, n := range m.Totals.Outcomes {
		if !strings.Contains(legend, fmt.Sprintf("%d %s", n, o)) {
			t.Errorf("the legend does not tell of %d %s:\n%s", n, o, legend)
		}
	}
}

const countShown = `[...document.querySelectorAll(".cell")].filter((c) => c.offsetParent).length`

// tellsStory clicks on a cell, and follows the address that the page has then.
func (b *chromium) tellsStory(t *testing.T, m *matrix.Matrix, url string) {
	b.t = t
	c := cell(t, m, "request / quote / SC-Rates", "ExecutionFailed")
	b.click(`[aria-label^="SC-Rates, ExecutionFailed:"]`)
	b.expectStory(t, c)
	var hash string
	b.eval(`location.hash`, &hash)
	b.open(url + hash)
	b.expectStory(t, c)
	b.open(url)
	var hidden bool
	if b.eval(`document.getElementById("panel").hidden`, &hidden); !hidden {
		t.Error("there is a story though nobody asked for one")
	}
}

// expectStory looks for what a reader wants to know of the cell: the verdict, the
// rules with the values that they saw, the answer.
func (b *chromium) expectStory(t *testing.T, c *matrix.Cell) {
	t.Helper()
	var story string
	b.eval(`document.getElementById("panel").innerText`, &story)
	story = strings.Join(strings.Fields(story), " ")
	want := []string{c.Verdict[1:], c.Code, fmt.Sprintf("HTTP %d", c.Story.Response.Status)}
	for _, at := range c.Story.Rules {
		want = append(want, at.Rule, strings.Join(strings.Fields(at.Text), " "))
	}
	for _, text := range want {
		if !strings.Contains(story, text) {
			t.Errorf("the story does not say %q:\n%s", text, story)
		}
	}
}

func (b *chromium) filters(t *testing.T, m *matrix.Matrix, url string) {
	b.t = t
	leaked := m.Totals.Outcomes[matrix.Leaked]
	var shown int
	b.open(url)
	b.click(`[data-outcome="leaked"]`)
	if b.eval(countShown, &shown); shown != leaked {
		t.Errorf("%d cells are shown after a click on leaked, want %d", shown, leaked)
	}
	b.open(url + "#outcome=leaked&filter=ev-quote")
	quote := len(rowOf(t, m, "request / quote / EV-Quote").Cells)
	if b.eval(countShown, &shown); shown != quote {
		t.Errorf("%d cells are shown of the leaks of EV-Quote, want %d", shown, quote)
	}
	b.open(url + "#filter=nothing-is-called-so")
	var text string
	b.eval(`document.querySelector("main").innerText`, &text)
	if b.eval(countShown, &shown); shown != 0 || !strings.Contains(text, "Nothing matches") {
		t.Errorf("%d cells are shown of none: %s", shown, text)
	}
}

func rowOf(t *testing.T, m *matrix.Matrix, end string) *matrix.Row {
	t.Helper()
	for _, r := range m.Rows {
		if strings.HasSuffix(r.ID, end) {
			return r
		}
	}
	t.Fatalf("no row %s", end)
	return nil
}

// lightAndDark compares the page in both colour schemes, with a story open.
func (b *chromium) lightAndDark(t *testing.T, m *matrix.Matrix, url string) {
	b.t = t
	open := url + "#cell=" + strings.ReplaceAll(rowOf(t, m, "request / quote / EV-Quote").ID+" / ExecutionFailed", " ", "%20")
	var mean [2]float64
	for i, scheme := range []string{"light", "dark"} {
		b.see(1280, 800, scheme)
		b.open(open)
		shot := b.screenshot()
		mean[i] = brightness(t, shot)
		b.expectReadable(t, scheme)
		if scheme == "light" && *update {
			b.takePicture(t, url)
		}
	}
	if mean[0] < 150 || mean[1] > 90 {
		t.Errorf("brightness is %.0f in light and %.0f in dark", mean[0], mean[1])
	}
}

// takePicture writes the picture of the example.
func (b *chromium) takePicture(t *testing.T, url string) {
	t.Helper()
	b.see(1280, 960, "light")
	b.open(url)
	shot := b.screenshot()
	if len(shot) > largestPicture {
		t.Errorf("the picture has %d bytes, more than %d", len(shot), largestPicture)
	}
	if err := os.WriteFile(filepath.Join(faultLab, "matrix.png"), shot, 0o644); err != nil {
		t.Fatal(err)
	}
}

// brightness is the mean of a picture that is not blank, from 0 to 255.
func brightness(t *testing.T, picture []byte) float64 {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	colours := map[color.Color]bool{}
	sum := 0.0
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			colours[img.At(x, y)] = true
			sum += float64(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y)
		}
	}
	if len(colours) < 100 {
		t.Errorf("the picture has %d colours: is it blank?", len(colours))
	}
	return sum / float64(bounds.Dx()*bounds.Dy())
}

// expectReadable finds text that is too small, or too faint on its ground: less
// than the 4.5:1 of WCAG 2.1, 1.4.3.
func (b *chromium) expectReadable(t *testing.T, scheme string) {
	t.Helper()
	var bad []string
	b.eval(unreadable, &bad)
	for _, text := range bad {
		t.Errorf("%s: %s", scheme, text)
	}
}

const unreadable = `(() => {
  const parts = (c) => c.match(/[\d.]+/g).map(Number);
  const light = (c) => {
    const [r, g, b] = parts(c).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (parts(c)[3] === undefined) return c;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const style = getComputedStyle(e);
    if (!own || !e.offsetParent || ["SCRIPT", "STYLE"].includes(e.tagName) || parts(style.color)[3] === 0) continue;
    const [a, b] = [light(style.color), light(ground(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const what = e.tagName + "." + e.className + " " + JSON.stringify(e.textContent.slice(0, 20));
    if (ratio < 4.5) bad.add(what + " has a contrast of " + ratio.toFixed(1));
    if (parseFloat(style.fontSize) < 11) bad.add(what + " has a size of " + style.fontSize);
  }
  return [...bad];
})()`

// TestPicture holds the committed picture to its size.
func TestPicture(t *testing.T) {
	picture, err := os.ReadFile(filepath.Join(faultLab, "matrix.png"))
	if err != nil {
		t.Fatalf("%v (go test -run TestPageInBrowser -update takes it)", err)
	}
	c, _, err := image.DecodeConfig(bytes.NewReader(picture))
	if err != nil || len(picture) > largestPicture || c.Width < 1000 {
		t.Errorf("%d bytes, %d x %d: %v", len(picture), c.Width, c.Height, err)
	}
}
