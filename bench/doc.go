// Package bench compares Coatcheck with what people use today, and with the least work that anyone could do.
//
//	make bench                                            # all rows, ten times; the medians go to docs/performance.md
//	make bench BENCH=SessionRead COUNT=3 BENCHTIME=0.2s   # a few rows, quickly; they are only shown
//	make bench COATCHECK_BASE=v1.0.0                      # all rows beside those of an earlier build
//
// A benchmark is named for the work, its sub-benchmarks for who does it: coatcheck, scs (github.com/alexedwards/scs),
// gorilla (github.com/gorilla/sessions with its CookieStore), nethttp (the standard library), and limit, which does
// the necessary steps of the work with nothing around them. What counts are the ratios within one run; the times
// alone are those of the machine.
//
// # What is compared
//
// Everybody serves the same request by the same handler, through the middleware and the public methods that their
// documentation recommends, and gives the same promises where the library can: cookies are Secure and HttpOnly, and
// the store has only a hash of what the cookie says. Where Coatcheck does more by default it does so here as well: it
// checks an idle timeout, keeps the User-Agent for the list of a user's sessions, bounds their number and marks
// answers as private. An idle timeout makes scs save every session at every request; it is left out for scs, and
// measured by itself where it matters.
//
// Each processor serves a browser of its own, with a session of its own. Every row is measured at one processor and
// at two.
//
// # Against an earlier build
//
// With COATCHECK_BASE the benchmarks of that commit are built from it, in a temporary worktree, and run in turn with
// those of today: A B A B, benchmark by benchmark. What counts is the ratio of each pair, and the median of these. Rows
// whose work is not Coatcheck's show how far such a ratio can be trusted on this machine. A row that had another name
// there is given as RENAMED=OLD=NEW; rows that only one of the builds has are listed.
//
// # On the machine
//
// The program holds 64 MB beside, as a small server does, so that the garbage collector runs as seldom as there.
//
// The response headers are emptied before each request, as each has its own in a server.
package bench
