package features

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// requestSteps prepare requests and send them.
var requestSteps = []definition{
	{pattern: `^I set (.*) header to (.*)$`, run: func(s *session, a []string, _ []record) error {
		s.addHeader(a[0], a[1])
		return nil
	}},
	{pattern: `^I set cookie to (.*)$`, run: func(s *session, a []string, _ []record) error {
		cookie, _, _ := strings.Cut(a[0], ";")
		s.cookies = append(s.cookies, strings.TrimSpace(cookie))
		return nil
	}},
	{pattern: `^I set headers to$`, columns: []string{"name", "value"}, run: func(s *session, _ []string, t []record) error {
		for _, r := range t {
			s.addHeader(r["name"], r["value"])
		}
		return nil
	}},
	{pattern: `^I set body to (.*)$`, run: func(s *session, a []string, _ []record) error {
		s.body = a[0]
		return nil
	}},
	{pattern: `^I pipe contents of file (.*) to body$`, run: func(s *session, a []string, _ []record) error {
		data, err := s.fixture(a[0])
		if err == nil {
			s.body, err = s.replace(data)
		}
		return err
	}},
	{pattern: `^I set query parameters to$`, columns: parameterColumns, run: func(s *session, _ []string, t []record) error {
		s.query = parameters(t)
		return nil
	}},
	{pattern: `^I set form parameters to$`, columns: parameterColumns, run: func(s *session, _ []string, t []record) error {
		s.form = parameters(t)
		return nil
	}},
	{pattern: `^I have basic authentication credentials (.*) and (.*)$`, run: func(s *session, a []string, _ []record) error {
		s.setHeader("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(a[0]+":"+a[1])))
		return nil
	}},
	{pattern: `^I have (.+) client TLS configuration$`, raw: []int{0}, run: func(*session, []string, []record) error {
		return errUnsupported("requests are sent in clear text, without a client certificate; test mutual TLS against `sluice serve --tls-client-ca`")
	}},
	{pattern: `^I GET (.*)$`, run: sends("GET")},
	{pattern: `^I POST to (.*)$`, run: sends("POST")},
	{pattern: `^I PUT (.*)$`, run: sends("PUT")},
	{pattern: `^I DELETE (.*)$`, run: sends("DELETE")},
	{pattern: `^I PATCH (.*)$`, run: sends("PATCH")},
	{pattern: `^I request OPTIONS for (.*)$`, run: sends("OPTIONS")},
}

var parameterColumns = []string{"parameter", "value"}

// parameters are the rows of a table; of two with one name the later counts, in
// the place of the first, as in a JavaScript object.
func parameters(t []record) []pair {
	var list []pair
	for _, r := range t {
		list = put(list, pair{r["parameter"], r["value"]})
	}
	return list
}

func sends(method string) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error { return s.send(method, a[0]) }
}

const maxFixture = 10 << 20

// fixture reads a file that a step names: in the folder of the configuration, or
// else as apickli does without one, in the working directory; or else beside the
// features.
func (s *session) fixture(name string) (string, error) {
	places := []string{s.shared.config.Fixtures}
	if places[0] == "" {
		places = []string{"", s.shared.folder}
	}
	for _, dir := range places {
		data, err := readFile(filepath.Join(dir, filepath.FromSlash(name)), maxFixture+1)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", err
		case len(data) > maxFixture:
			return "", fmt.Errorf("file %s is larger than %d MiB", name, maxFixture>>20)
		}
		return string(data), nil
	}
	if len(places) == 1 {
		return "", fmt.Errorf("there is no file %s in the folder of fixtures, %s", name, places[0])
	}
	return "", fmt.Errorf("there is no file %s in the working directory or in %s; name the folder it is in as fixtures: in %s", name, places[1], configName)
}
