package features

// variableSteps keep values for later steps.
var variableSteps = []definition{
	{pattern: `^I store the value of body path (.*) as access token$`, run: func(s *session, a []string, _ []record) error {
		f, err := s.at(a[0])
		if err != nil {
			return err
		}
		s.shared.token = ""
		if f.truth {
			s.shared.token = f.text
		}
		return nil
	}},
	{pattern: `^I set bearer token$`, run: func(s *session, _ []string, _ []record) error {
		if s.shared.token != "" {
			s.setHeader("Authorization", "Bearer "+s.shared.token)
		}
		return nil
	}},
	{pattern: `^I store the raw value (.*) as (.*) in scenario scope$`, raw: []int{0, 1}, run: func(s *session, a []string, _ []record) error {
		s.variables[a[1]] = a[0]
		return nil
	}},
	{pattern: `^I store the value of response header (.*) as (.*) in global scope$`, raw: []int{1}, run: storeHeader(global)},
	{pattern: `^I store the value of body path (.*) as (.*) in global scope$`, raw: []int{1}, run: storePath(global)},
	{pattern: `^I store the value of response header (.*) as (.*) in scenario scope$`, raw: []int{1}, run: storeHeader(local)},
	{pattern: `^I store the value of body path (.*) as (.*) in scenario scope$`, raw: []int{1}, run: storePath(local)},
	{pattern: `^value of scenario variable (.*) should be (.*)$`, raw: []int{0}, run: func(s *session, a []string, _ []record) error {
		got, ok := s.variables[a[0]]
		if !ok {
			got = undefined
		}
		return assert(got == a[1], true, a[1], shorten(got))
	}},
}

func global(s *session) map[string]string { return s.shared.variables }
func local(s *session) map[string]string  { return s.variables }

func storeHeader(scope func(*session) map[string]string) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		got, err := s.answered()
		if err != nil {
			return err
		}
		scope(s)[a[1]], _ = got.value(a[0])
		return nil
	}
}

func storePath(scope func(*session) map[string]string) func(*session, []string, []record) error {
	return func(s *session, a []string, _ []record) error {
		f, err := s.at(a[0])
		if err != nil {
			return err
		}
		scope(s)[a[1]] = f.text
		return nil
	}
}
