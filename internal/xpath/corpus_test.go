package xpath

import (
	"bytes"
	"encoding/xml"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCorpus compiles every XPath of a collection of real bundles, which lies beside the project where there is one, and with
// it checks that the bundles' own XML can be read.
func TestCorpus(t *testing.T) {
	const bundles = "../../../shared/corpus/bundles"
	if _, err := os.Stat(bundles); err != nil {
		t.Skipf("no corpus of bundles: %v", err)
	}
	distinct := map[string]bool{}
	err := filepath.WalkDir(bundles, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".xml" {
			return err
		}
		src, err := os.ReadFile(path)
		collect(src, distinct)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(distinct) < 25 {
		t.Fatalf("only %d XPaths found", len(distinct))
	}
	prefix := regexp.MustCompile(`[\w-]+:`)
	for text := range distinct {
		ns := map[string]string{}
		for _, p := range prefix.FindAllString(text, -1) {
			ns[strings.TrimSuffix(p, ":")] = "urn:" + p
		}
		if _, err := Compile(text, ns); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
	t.Logf("%d distinct XPaths", len(distinct))
}

// collect adds the text of the XPath elements in src. RegularExpressionProtection has the path in an Expression within.
func collect(src []byte, into map[string]bool) {
	d := xml.NewDecoder(bytes.NewReader(src))
	d.Strict = false
	inside, text := false, ""
	for {
		token, err := d.Token()
		if err != nil {
			return // at the end, or where a file is broken
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch token.Name.Local {
			case "XPath":
				inside, text = true, ""
			case "Expression":
				text = ""
			case "Pattern":
				inside = false
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			if inside && (token.Name.Local == "XPath" || token.Name.Local == "Expression") {
				inside = false
				if text = strings.TrimSpace(text); text != "" {
					into[text] = true
				}
			}
		}
	}
}
