// Package operator has the people who look at the sessions of others: their names, what each may do, and how they
// prove who they are.
//
// What a route takes and who may do that stand in one table, for the console's pages and the session API alike: see
// [Needs] and [Role.May]. A route that is missing there is nobody's.
//
// An operator signs in to the console with a token or with a link that works once, and has the API by the token. Their
// file has a hash of each token, of 256 random bits, so no slow hash is needed; the folder of the links has a file
// named by the hash of each. Who reads either can sign in as nobody. Once an operator has a passkey, neither token nor
// link alone is enough.
//
// A [Roster] follows its file: a new operator is known at once, and a retired one refused within a second.
//
// The operator [Owner] is always there: it is whoever has the console's own token, or the link of the program's start.
package operator
