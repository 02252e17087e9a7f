// Package xmljson turns XML into JSON and JSON into XML, with the options of Apigee's policies XMLToJSON and JSONToXML.
//
//  1. [JSONOptions] say how XML becomes JSON; [Format] has those of the four conventions that XMLToJSON knows by name. [NewToJSON]
//     prepares them once, at deploy.
//  2. [ToJSON.Convert] reads tokens (tokens.go), gathers the members of each element (members.go), and makes values of them
//     (json_element.go). It keeps order, and numbers as they are written.
//  3. [XMLOptions] and [NewToXML] are the same for the other way; [ToXML.Convert] walks the tree of internal/ordjson and writes
//     (xml_element.go, xml_attribute.go, xml_text.go). Whatever the JSON holds, what comes out is well-formed: names (name.go) and characters that XML has
//     not are replaced.
//  4. Both fail with a [SyntaxError], which knows where.
//
// Bytes that are not UTF-8 are decoded first (charset.go). There is no document type here: a declaration is read over, an entity
// that it declares is an error, and nothing is ever fetched.
//
// Why not a library: those for Go (mxj, goxml2json, xml2json) go through map[string]any, which loses order and the text of
// numbers, have one convention each, and bound neither depth nor size.
package xmljson
