// Package orgdata reads what users keep of an Apigee organization in files:
// products, developers, apps, key-value maps.
//
//  1. data.go       what the files hold together, and the problems of reading
//  2. emulator.go   the test data of Apigee's emulator: products.json,
//     developers.json, developerapps.json, maps.json (clients.md)
//
// Reading collects all problems; whoever loads the data loads nothing when there
// is one.
package orgdata
