// Package entity holds what an Apigee organization knows about callers: API
// products, developers, apps and their credentials, and the OAuth tokens that
// were given out.
//
// The shapes are those of Apigee's management API, which the test data of the
// emulator and the files of the config Maven plugin share (clients.md).
//
//  1. types.go       the entities, as JSON
//  2. directory.go   all of them, indexed; reads are map look-ups
//  3. holder.go      what stands behind one consumer key: credential, app,
//     developer, products, and whether each of them is in force
//  4. match.go       which product lets a caller use a proxy, a path, a method
//  5. model.go      which product lets a caller ask a model
//  6. token.go       tokens, codes and revocations
//
// Everything in a Directory is immutable: a change puts a new value in place of
// the old one. The package knows no policy and no engine.
package entity
