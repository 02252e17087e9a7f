package xmljson

import (
	"bytes"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

var (
	bom8    = []byte("\xEF\xBB\xBF")
	bom16BE = []byte("\xFE\xFF")
	bom16LE = []byte("\xFF\xFE")
)

// decode makes UTF-8 of src. A byte order mark tells what it is, else charset, as RFC 7303 orders them. known is false where
// neither does: then src is returned as it is, and an XML declaration may tell.
func decode(src []byte, charset string) (text []byte, known bool, err error) {
	switch {
	case bytes.HasPrefix(src, bom8):
		return src[len(bom8):], true, nil
	case bytes.HasPrefix(src, bom16BE), bytes.HasPrefix(src, bom16LE):
		text, err = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder().Bytes(src)
		return text, true, err
	}
	enc, name := lookup(charset)
	switch {
	case enc == nil:
		return src, false, nil
	case name == "utf-8":
		return src, true, nil // invalid bytes are the parser's business
	}
	text, err = enc.NewDecoder().Bytes(src)
	return text, true, err
}

// lookup finds an encoding by one of its names; nil if there is none.
func lookup(charset string) (enc encoding.Encoding, name string) {
	enc, err := htmlindex.Get(strings.Trim(charset, ` "'`))
	if err != nil {
		return nil, ""
	}
	name, _ = htmlindex.Name(enc) // fails for encodings that it has no name for: those are not UTF-8
	return enc, name
}

// readCharset serves the encoding that an XML declaration names. One that says UTF-16 was read as single bytes: it is wrong.
func readCharset(charset string, src io.Reader) (io.Reader, error) {
	enc, name := lookup(charset)
	switch {
	case enc == nil:
		return nil, &unknownCharset{charset}
	case strings.HasPrefix(name, "utf-"):
		return src, nil
	}
	return enc.NewDecoder().Reader(src), nil
}

type unknownCharset struct{ name string }

func (e *unknownCharset) Error() string { return "unknown encoding " + e.name }
