// Package e2e tests the program as people use it: built as it is shipped, started with a data folder of its own on
// free loopback ports, and looked at from outside, by browsers, by curl, by programs in other languages and by kill -9.
//
// program_test.go starts the program, visitor_test.go is a client that sees every byte of its cookies, and each of the
// other files is one promise. What needs minutes takes fewer rounds here and all of them with COATCHECK_TORTURE=1.
// With COATCHECK_SCREENSHOTS=1 the pictures of the README are made anew.
package e2e
