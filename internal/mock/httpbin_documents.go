package mock

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"embed"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
)

//go:embed content
var content embed.FS

// document serves one embedded file. It panics at package initialisation when the file is missing, so never later.
func document(contentType, name string) http.HandlerFunc {
	body, err := content.ReadFile("content/" + name)
	if err != nil {
		panic(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		send(w, http.StatusOK, contentType, body)
	}
}

// pixel answers a PNG of one pixel whatever Accept says; the original chooses among four formats.
func pixel(w http.ResponseWriter, _ *http.Request) {
	dot := image.NewGray(image.Rect(0, 0, 1, 1))
	dot.SetGray(0, 0, color.Gray{Y: 0x80})
	var out bytes.Buffer
	if err := png.Encode(&out, dot); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	send(w, http.StatusOK, "image/png", out.Bytes())
}

func gzipped(w http.ResponseWriter, r *http.Request) {
	compressed(w, r, "gzip", "gzipped", func(to io.Writer) io.WriteCloser { return gzip.NewWriter(to) })
}

// deflated sends the zlib format, which is what HTTP means by deflate (RFC 9110 section 8.4.1.2).
func deflated(w http.ResponseWriter, r *http.Request) {
	compressed(w, r, "deflate", "deflated", func(to io.Writer) io.WriteCloser { return zlib.NewWriter(to) })
}

func compressed(w http.ResponseWriter, r *http.Request, coding, member string, compressor func(io.Writer) io.WriteCloser) {
	plain, err := marshal(map[string]any{
		member: true, "headers": shownHeaders(r), "method": r.Method, "origin": clientIP(r),
	})
	var out bytes.Buffer
	if err == nil {
		to := compressor(&out)
		to.Write(indent(plain))
		err = to.Close()
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Encoding", coding)
	send(w, http.StatusOK, "application/json", out.Bytes())
}

func decodeBase64(w http.ResponseWriter, r *http.Request) {
	decoded, err := base64.URLEncoding.DecodeString(r.PathValue("value"))
	if err != nil {
		decoded = []byte("Incorrect Base64 data try: SFRUUEJJTiBpcyBhd2Vzb21l")
	}
	send(w, http.StatusOK, htmlText, decoded)
}
