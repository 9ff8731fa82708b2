// Package route says what requests of a site need: who may make them, how lately and at what level they have to have
// signed in, and what happens while the store cannot tell who makes them.
//
// It is the same at every door of the program. The gate and forward-auth each make a [Table] of the same [Options], and
// differ in what happens to a request whose rule is met. A [Pattern] says which requests a [Route] is for, and a path
// counts in every reading that some app may have of it.
package route
