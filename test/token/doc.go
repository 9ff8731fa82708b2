// Package token proves that services in other languages verify tokens with what they have: PyJWT and jose, by the
// recipes that stand in the documentation of package token of the library.
package token
