// Package migrate runs the libraries that people come from, as they are published: a browser signs in with the old one,
// the site changes to Coatcheck, and the same browser is still signed in, once. Databases and Redis are real and
// started here.
package migrate
