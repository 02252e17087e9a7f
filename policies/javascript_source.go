package policies

import (
	"regexp"
	"strings"

	"github.com/beevik/etree"

	"sluice/flow"
	"sluice/internal/script"
)

// javascriptSources reads the scripts: includes first. ok is false when something is
// missing, which has been reported.
func javascriptSources(b *flow.Build, el *etree.Element) (sources []script.Source, ok bool) {
	ok = true
	for _, include := range flow.Children(el, "IncludeURL") {
		s, found := javascriptResource(b, include)
		sources, ok = append(sources, s), ok && found
	}
	main, inline := b.Child(el, "ResourceURL"), b.Child(el, "Source")
	switch {
	case flow.TextOf(main) != "":
		s, found := javascriptResource(b, main)
		return append(sources, s), ok && found
	case flow.TextOf(inline) != "":
		return append(sources, script.Source{Name: b.Owner, Text: flow.RawText(inline)}), ok
	}
	b.Refuse(el, "NoResourceURLOrSource")
	return nil, false
}

// javascriptResource reads the file that el names.
func javascriptResource(b *flow.Build, el *etree.Element) (script.Source, bool) {
	url := flow.TextOf(el)
	if url == "" {
		b.Refuse(el, "NoResourceURLOrSource")
		return script.Source{}, false
	}
	kind, file, ok := strings.Cut(url, "://")
	switch {
	case !ok || kind == "" || file == "":
		b.Refuse(el, "InvalidResourceUrlFormat", "url", url)
		return script.Source{}, false
	case kind != "jsc":
		b.Refuse(el, "WrongResourceType", "file", file, "type", kind)
		return script.Source{}, false
	}
	text, ok := b.Resource(url)
	if !ok {
		b.RefuseText(el, "InvalidResourceUrlReference", "Invalid resource url ref "+url+" in policy "+b.Owner+" in "+b.Organization, "add the file below resources/jsc of the bundle or of the environment")
	}
	return script.Source{Name: file, Text: string(text)}, ok
}

var (
	// javascriptName finds the variables that a script names.
	javascriptName = regexp.MustCompile(`\b(?:get|set|remove)Variable\s*\(\s*(?:"([^"\\\n]{1,256})"|'([^'\\\n]{1,256})')\s*[,)]`)
	// javascriptReadsBody finds what may read the payload of a message. It finds too
	// much rather than too little: then a body is held that could have streamed.
	javascriptReadsBody = regexp.MustCompile(`\.(?:content|body)\b|["'][^"'\n]*\b(?:content|body|formparams?|formstring)\b`)
)

// read tells the Build what the scripts use, as far as their text shows it.
func (p *javascript) read(b *flow.Build, el *etree.Element, sources []script.Source) {
	p.names = map[string]*flow.Name{}
	for _, s := range sources {
		for _, found := range javascriptName.FindAllStringSubmatch(s.Text, -1) {
			name := found[1] + found[2]
			p.names[name] = b.Name(name)
		}
		if javascriptReadsBody.MatchString(s.Text) {
			b.ReadsContent("request")
			b.ReadsContent("response")
			b.ReadsContent("message")
		}
		if script.UsesJava(s.Text) {
			b.Warn(el, "JavaNotAvailable", "script "+s.Name+" uses Java classes, which are not available: it will fail there", "use crypto, or plain JavaScript")
		}
		if p.client == nil && strings.Contains(s.Text, "httpClient") {
			p.client = newJavascriptClient(b, el)
		}
	}
}
