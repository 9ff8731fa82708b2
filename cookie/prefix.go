package cookie

// A Prefix is the beginning of a cookie's name as a promise about its attributes: RFC 6265bis section 4.1.3
// and, for the two with Http, draft-ietf-httpbis-layered-cookies section 4.1.2.
type Prefix uint8

// The prefixes. All of them need Secure.
const (
	NoPrefix Prefix = iota
	SecurePrefix
	HostPrefix
	HTTPPrefix
	HostHTTPPrefix
)

var prefixTexts = [...]string{
	NoPrefix: "", SecurePrefix: "__Secure-", HostPrefix: "__Host-", HTTPPrefix: "__Http-",
	HostHTTPPrefix: "__Host-Http-",
}

// PrefixOf returns the prefix of a name. It ignores case, as browsers do (but not yet Safari).
func PrefixOf(name string) Prefix {
	if len(name) < 2 || name[0] != '_' || name[1] != '_' {
		return NoPrefix
	}
	// Backwards, because "__Host-Http-" begins with "__Host-".
	for p := HostHTTPPrefix; p > NoPrefix; p-- {
		if text := prefixTexts[p]; len(name) >= len(text) && equalFold(name[:len(text)], text) {
			return p
		}
	}
	return NoPrefix
}

// String returns the prefix as it is written, "" for NoPrefix.
func (p Prefix) String() string { return nameOf(prefixTexts[:], uint8(p)) }

// HostOnly reports whether the prefix needs Path=/ and no Domain.
func (p Prefix) HostOnly() bool { return p == HostPrefix || p == HostHTTPPrefix }

// HTTPOnly reports whether the prefix needs HttpOnly.
func (p Prefix) HTTPOnly() bool { return p == HTTPPrefix || p == HostHTTPPrefix }

// equalFold compares without the case of ASCII letters. strings.EqualFold folds more letters than the standards allow.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
