package features

import (
	"strconv"
)

// responseSteps look at the answer to the last request.
var responseSteps = []definition{
	{pattern: `^response header (.*) should exist$`, run: headerExists(true)},
	{pattern: `^response header (.*) should not exist$`, run: headerExists(false)},
	{pattern: `^response body should be valid (xml|json)$`, run: func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		kind := kindOf(got.body)
		shown := "a body that is " + kind
		if kind == "null" {
			shown = "a body that is neither XML nor JSON"
		}
		return assert(kind == a[0], true, "a body that is "+a[0], shown+":\n"+shorten(got.body))
	}},
	{pattern: `^response code should be (.*)$`, run: code(true)},
	{pattern: `^response code should not be (.*)$`, run: code(false)},
	{pattern: `^response header (.*) should be (.*)$`, run: headerMatches(true)},
	{pattern: `^response header (.*) should not be (.*)$`, run: headerMatches(false)},
	{pattern: `^response body should contain (.*)$`, run: bodyMatches(true)},
	{pattern: `^response body should not contain (.*)$`, run: bodyMatches(false)},
	{pattern: `^response body path (.*) should be (((?!of type).*))$`, run: pathMatches(true)},
	{pattern: `^response body path (.*) should not be (((?!of type).+))$`, run: pathMatches(false)},
	{pattern: `^response body path (.*) should be of type array$`, run: func(s *session, a []string, _ []record) error {
		f, err := s.at(a[0])
		if err != nil {
			return err
		}
		return assert(f.items >= 0, true, "an array", shorten(f.text))
	}},
	{pattern: `^response body path (.*) should be of type array with length (.*)$`, run: func(s *session, a []string, _ []record) error {
		f, err := s.at(a[0])
		if err != nil {
			return err
		}
		got := "no array: " + shorten(f.text)
		if f.items >= 0 {
			got = strconv.Itoa(f.items)
		}
		return assert(got == a[1], true, "an array of "+a[1], got)
	}},
}

func headerExists(should bool) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		value, ok := got.value(a[0])
		shown := "no such header"
		if ok {
			shown = a[0] + ": " + value
		}
		return assert(ok, should, "a header "+a[0], shown)
	}
}

func code(should bool) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		status, shown := strconv.Itoa(got.status), strconv.Itoa(got.status)
		if got.body != "" {
			shown += "\n" + shorten(got.body)
		}
		return assert(status == a[0], should, a[0], shown)
	}
}

func headerMatches(should bool) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		value, there := got.value(a[0])
		ok, err := matches(a[1], value)
		if err != nil {
			return err
		}
		if !there {
			value = "no such header"
		}
		return assert(ok, should, a[1], value)
	}
}

func bodyMatches(should bool) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		ok, err := matches(a[0], got.body)
		if err != nil {
			return err
		}
		return assert(ok, should, "a body with "+a[0], shorten(got.body))
	}
}

func pathMatches(should bool) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		f, err := s.at(a[0])
		if err != nil {
			return err
		}
		ok, err := matches(a[1], f.text)
		if err != nil {
			return err
		}
		return assert(ok, should, a[1], shorten(f.text))
	}
}

// at is what a path selects in the body.
func (s *session) at(path string) (found, error) {
	got, err := s.answered()
	if err != nil {
		return null, err
	}
	return evaluate(path, got.body)
}
