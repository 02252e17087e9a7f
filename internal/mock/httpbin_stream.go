package mock

import (
	"bytes"
	crand "crypto/rand"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	maxLines     = 100
	defaultChunk = 10 << 10
)

// count reads the path's n, cut to limit. When n is no number it has answered 404 and reports false.
func count(w http.ResponseWriter, r *http.Request, limit int) (int, bool) {
	n, err := strconv.ParseUint(r.PathValue("n"), 10, 63)
	if err != nil {
		http.NotFound(w, r)
		return 0, false
	}
	return int(min(n, uint64(limit))), true
}

// generate returns n random bytes: the same ones for the same seed parameter. When that is no number it has answered
// 400 and reports false.
func generate(w http.ResponseWriter, query url.Values, n int) ([]byte, bool) {
	out := make([]byte, n)
	if !query.Has("seed") {
		crand.Read(out)
		return out, true
	}
	seed, err := strconv.ParseInt(query.Get("seed"), 10, 64)
	if err != nil {
		http.Error(w, "seed must be an integer", http.StatusBadRequest)
		return nil, false
	}
	source := rand.NewPCG(uint64(seed), 0)
	for i := range out {
		out[i] = byte(source.Uint64())
	}
	return out, true
}

func randomBytes(w http.ResponseWriter, r *http.Request) {
	n, ok := count(w, r, maxGenerated)
	if !ok {
		return
	}
	if body, ok := generate(w, r.URL.Query(), n); ok {
		send(w, http.StatusOK, "application/octet-stream", body)
	}
}

// streamBytes sends the same as randomBytes in chunks, without Content-Length.
func streamBytes(w http.ResponseWriter, r *http.Request) {
	n, ok := count(w, r, maxGenerated)
	if !ok {
		return
	}
	query := r.URL.Query()
	body, ok := generate(w, query, n)
	if !ok {
		return
	}
	chunk, err := strconv.Atoi(query.Get("chunk_size"))
	if err != nil || chunk < 1 {
		chunk = defaultChunk
	}
	send(w, http.StatusOK, "application/octet-stream", nil)
	flush := http.NewResponseController(w)
	for len(body) > 0 && r.Context().Err() == nil {
		size := min(chunk, len(body))
		w.Write(body[:size])
		flush.Flush()
		body = body[size:]
	}
}

func streamLines(w http.ResponseWriter, r *http.Request) {
	n, ok := count(w, r, maxLines)
	if !ok {
		return
	}
	d := describe(r)
	send(w, http.StatusOK, "application/json", nil)
	flush := http.NewResponseController(w)
	for id := 0; id < n && r.Context().Err() == nil; id++ {
		d["id"] = id
		line, err := marshal(d)
		if err != nil {
			return
		}
		w.Write(line)
		flush.Flush()
	}
}

// dripping says how /drip answers: after delay, numbytes bytes evenly over duration.
type dripping struct {
	delay, duration time.Duration
	numbytes, code  int
}

func dripOf(query url.Values) (d dripping, problem string) {
	field := func(name, absent string) string {
		if query.Has(name) {
			return query.Get(name)
		}
		return absent
	}
	var delayOK, durationOK, codeOK bool
	d.delay, delayOK = seconds(field("delay", "0"))
	d.duration, durationOK = seconds(field("duration", "2"))
	d.code, codeOK = finalStatus(field("code", "200"))
	n, err := strconv.Atoi(field("numbytes", "10"))
	switch {
	case !delayOK || !durationOK:
		return d, "delay and duration must be numbers of seconds"
	case !codeOK:
		return d, "code must be a number from 200 to 599"
	case err != nil || n < 1:
		return d, "number of bytes must be positive"
	}
	d.numbytes = min(n, maxGenerated)
	return d, ""
}

func drip(w http.ResponseWriter, r *http.Request) {
	d, problem := dripOf(r.URL.Query())
	if problem != "" {
		http.Error(w, problem, http.StatusBadRequest)
		return
	}
	if wait(r.Context(), d.delay) != nil {
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(d.numbytes))
	send(w, d.code, "application/octet-stream", nil)
	flush := http.NewResponseController(w)
	start := time.Now()
	for i := range d.numbytes {
		w.Write([]byte("*"))
		flush.Flush()
		// Against the clock, so that the time a write takes does not add up.
		due := d.duration * time.Duration(i+1) / time.Duration(d.numbytes)
		if wait(r.Context(), due-time.Since(start)) != nil {
			return
		}
	}
}

// byteRange serves abc...zabc... and honours Range. The original's duration and chunk_size are ignored.
func byteRange(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > maxGenerated {
		send(w, http.StatusNotFound, htmlText, []byte("number of bytes must be in the range (0, 102400]"))
		return
	}
	alphabet := make([]byte, n)
	for i := range alphabet {
		alphabet[i] = 'a' + byte(i%26)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("ETag", `"range`+strconv.Itoa(n)+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(alphabet))
}
