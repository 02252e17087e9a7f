package policies

import (
	"github.com/beevik/etree"

	"sluice/flow"
)

// xpathNamespaces reads Namespaces, as the policies have it whose XPaths may use
// prefixes. A Namespace without a prefix is none: XPath 1.0 has no default namespace.
func xpathNamespaces(b *flow.Build, el *etree.Element) map[string]string {
	b.Known(el, "Namespace")
	ns := map[string]string{}
	for _, child := range flow.Children(el, "Namespace") {
		prefix, uri := b.Attr(child, "prefix"), flow.TextOf(child)
		_, twice := ns[prefix]
		switch {
		case prefix == "" && uri != "":
			b.Warn(child, "UnknownElement", "a Namespace without a prefix is ignored", `write <Namespace prefix="p">`+uri+`</Namespace>`)
		case prefix == "":
		case uri == "":
			b.Refuse(child, "NONEmptyPrefixMappedToEmptyURI", "prefix", prefix)
		case twice:
			b.Refuse(child, "DuplicatePrefix", "prefix", prefix)
		}
		if prefix != "" {
			ns[prefix] = uri
		}
	}
	return ns
}
