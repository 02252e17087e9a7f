// Package xmllimits checks XML documents against structural limits, for XMLThreatProtection, without building a tree.
//
//  1. [Check] makes UTF-8 of the document (encoding.go) and takes a pooled scanner.
//  2. document.go walks the prologue, the root element and what follows; markup.go reads tags, comments and processing
//     instructions, attribute.go attributes and declarations of namespaces, text.go character data and references. The only
//     memory is a stack of the elements that are open, which [MaxDepth] bounds.
//  3. The scan ends at the first limit that is exceeded, an [*ExceededError], or where the text is not well-formed, a
//     [*SyntaxError]. Both know line and character; neither quotes the text.
//
// Document type declarations are refused, and with them every entity but the five of XML: nothing is expanded, and nothing is
// read from elsewhere.
//
// Why not encoding/xml: its tokens cost several allocations each, it holds a whole token, however long, before a limit can be
// looked at, and it accepts what other parsers refuse (golang.org/issue/68299), which is what an attacker hides behind. The
// tests compare the two: what this package accepts, encoding/xml accepts, and finds the same there.
//
// Not checked: whether prefixes are declared, and whether an element has an attribute twice. Both need memory in the measure of
// the document, and no limit depends on them; who makes a tree of the document finds out.
package xmllimits
