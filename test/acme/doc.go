// Package acme tests the program with a certificate authority: Pebble, Let's Encrypt's own for tests, in this process.
package acme
