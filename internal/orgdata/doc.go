// Package orgdata reads what users keep of an Apigee organization in files:
// products, developers, apps, key-value maps, target servers.
//
//  1. data.go           what the files hold together: Data, and Problems, Needs, Notes
//  2. read.go           Read: which forms a folder or a file has
//  3. emulator.go       the test data of Apigee's emulator (clients.md)
//     maps_export.go       key-value maps as apigeecli exports them
//     edge_file.go      edge.json of the config Maven plugin
//     edge_folder.go    resources/edge of the same plugin: one file for each kind
//  4. document.go       each of them yields documents: one list of one kind, with its place
//  5. decode.go         JSON of a document, item by item
//     fields.go         which fields there are, and what those that are not may mean
//  6. kind.go           the kinds, in the order in which they are read: products.go,
//     developers.go, apps.go, keys.go, maps.go, target_servers.go; not_loaded.go has
//     the others
//
// Reading collects all problems; whoever loads the data loads nothing when there
// is one. No problem, need or note shows a secret: neither a consumer key nor a
// value, of a key-value map or otherwise.
package orgdata
