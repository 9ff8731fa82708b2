// Package backend opens the store that --store names: an SQLite database, or a server that several nodes share.
//
//	a, err := backend.Parse("postgres://coatcheck:PASSWORD@db.internal/coatcheck?pool=8", "--store")
//	...
//	b, err := backend.Open(ctx, a)
//
// An address is all that a command has to be told of a store, so what else there is to set stands in its query.
// docs/operations.md lists the kinds of stores and their parameters. A parameter that nobody reads is an error.
//
// A password is never shown: not by [Address.String], and in no error.
package backend
