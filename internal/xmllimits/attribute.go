package xmllimits

// attributes reads the attributes of a tag, up to its end.
func (s *scanner) attributes() error {
	attributes, namespaces := 0, 0
	for {
		spaced := s.space()
		if s.at == len(s.src) || s.src[s.at] == '>' || s.src[s.at] == '/' {
			return nil
		}
		start := s.at
		if !spaced {
			return s.wrong("No white space before an attribute")
		}
		if s.declares() {
			namespaces++
			if err := s.namespace(start, namespaces); err != nil {
				return err
			}
			continue
		}
		attributes++
		if err := s.attribute(start, attributes); err != nil {
			return err
		}
	}
}

// declares tells whether the attribute that comes next declares a namespace.
func (s *scanner) declares() bool {
	if !s.starts("xmlns") {
		return false
	}
	end := s.at + len("xmlns")
	return end == len(s.src) || s.src[end] == ':' || s.src[end] == '=' || isSpace(s.src[end])
}

// namespace reads the nth declaration of an element.
func (s *scanner) namespace(start, n int) error {
	s.at += len("xmlns")
	if s.accept(":") {
		_, size, err := s.name()
		if err != nil {
			return err
		}
		if err := s.keeps(NamespacePrefix, size, start); err != nil {
			return err
		}
	}
	if err := s.keeps(NamespaceCount, n, start); err != nil {
		return err
	}
	return s.value(NamespaceURI, start)
}

// attribute reads the nth attribute of an element.
func (s *scanner) attribute(start, n int) error {
	if _, err := s.qualified(AttributeName); err != nil {
		return err
	}
	if err := s.keeps(AttributeCount, n, start); err != nil {
		return err
	}
	return s.value(AttributeValue, start)
}

// value reads = and a quoted value.
func (s *scanner) value(limit Limit, start int) error {
	s.space()
	if !s.accept("=") {
		return s.wrong("An attribute without a value")
	}
	s.space()
	until := &untilQuote
	switch {
	case s.accept(`"`):
	case s.accept("'"):
		until = &untilApostrophe
	default:
		return s.wrong("An attribute's value is not quoted")
	}
	length := 0
	for {
		n, err := s.run(until)
		if err != nil {
			return err
		}
		length += n
		switch s.src[s.at] {
		case '<':
			return s.wrong("A value holds <")
		case '&':
			n, err := s.reference()
			if err != nil {
				return err
			}
			length += n
			continue
		}
		s.at++
		return s.keeps(limit, length, start)
	}
}

// qualified reads a name that may have a prefix, and checks both parts.
func (s *scanner) qualified(limit Limit) (span, error) {
	name, size, err := s.name()
	if err != nil {
		return span{}, err
	}
	if s.accept(":") {
		if err := s.keeps(NamespacePrefix, size, name.from); err != nil {
			return span{}, err
		}
		local, n, err := s.name()
		if err != nil {
			return span{}, err
		}
		name.to, size = local.to, n
	}
	return name, s.keeps(limit, size, name.from)
}
