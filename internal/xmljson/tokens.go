package xmljson

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// tokens reads the tags and the text of an XML document, and nothing else of it. It reads raw tokens, because encoding/xml's
// cooked ones have lost their prefixes; that end tags match, it leaves to its caller. Prefixes need not be declared: parts of
// documents lie in variables.
type tokens struct {
	dec     *xml.Decoder
	started bool // something came that no declaration may follow
}

// newTokens reads src. decoded tells that it is UTF-8 whatever its declaration says.
func newTokens(src []byte, decoded bool) *tokens {
	t := &tokens{dec: xml.NewDecoder(bytes.NewReader(src))}
	t.dec.CharsetReader = readCharset
	if decoded {
		t.dec.CharsetReader = func(_ string, src io.Reader) (io.Reader, error) { return src, nil }
	}
	return t
}

var (
	errDeclaration = errors.New("an XML declaration stands at the beginning only")
	errOutside     = errors.New("text outside of the root element")
)

// next returns a StartElement, an EndElement or CharData, which is valid until the following call.
func (t *tokens) next() (xml.Token, error) {
	for {
		token, err := t.dec.RawToken()
		if err != nil {
			return nil, ended(err)
		}
		first := !t.started
		switch token := token.(type) {
		case xml.StartElement, xml.EndElement:
			t.started = true
			return token, nil
		case xml.CharData:
			t.started = t.started || !blank(token) // bundles write payloads that begin with a newline
			return token, nil
		case xml.ProcInst:
			// A second declaration would put a second decoder on top of the first.
			if token.Target == "xml" && !first {
				return nil, errDeclaration
			}
			t.started = true
		default:
			t.started = true
		}
	}
}

// outside skips to the root element, and after it to the end; io.EOF is the end.
func (t *tokens) outside() (xml.StartElement, error) {
	for {
		token, err := t.next()
		if err != nil {
			return xml.StartElement{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			return token, nil
		case xml.EndElement:
			return xml.StartElement{}, mismatch(token.Name)
		case xml.CharData:
			if !blank(token) {
				return xml.StartElement{}, errOutside
			}
		}
	}
}

// ended is err, where the text ends within a token as errPremature.
func ended(err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok && syntax.Msg == "unexpected EOF" {
		return errPremature
	}
	return err
}

// unclosed is err, where the text ends within an element as errPremature.
func unclosed(err error) error {
	if err == io.EOF {
		return errPremature
	}
	return err
}

// locate makes a SyntaxError of an error that came up where the reader stands.
func (t *tokens) locate(err error) *SyntaxError {
	line, column := t.dec.InputPos()
	reason := err.Error()
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		reason = syntax.Msg
	}
	if unknown, ok := errors.AsType[*unknownCharset](err); ok {
		reason = unknown.Error()
	}
	return &SyntaxError{Line: line, Column: column, Reason: reason, Premature: errors.Is(err, errPremature)}
}

func mismatch(name xml.Name) error { return errors.New("end tag " + tagName(name) + " does not match") }

// tagName is a name as the document has it.
func tagName(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}

// blank reports whether text is nothing but XML's white space.
func blank(text []byte) bool { return len(bytes.Trim(text, xmlSpace)) == 0 }

const xmlSpace = " \t\r\n"
