// Package certificate has the certificates by which the site speaks https: from files of the operator, or from a
// certificate authority by ACME (RFC 8555).
//
// [OpenFiles] follows the files of certificates and keys. A pair that has changed counts within a second, from the next
// handshake on. One that is wrong is refused with the reason, and the last good one stays. No connection is cut.
//
// [Obtain] asks for certificates and renews them, with certmagic. The authority comes back to see that the name is
// served here: by plain http on port 80 (HTTP-01), or in a TLS handshake on port 443 (TLS-ALPN-01, RFC 8737). One of
// the two is enough. Account and certificates are kept, so that a restart asks for nothing.
package certificate
