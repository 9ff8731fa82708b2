package cookie

// A prefix is what the beginning of a cookie's name promises about its attributes: RFC 6265bis section 4.1.3 and, for
// the two with Http, section 4.1.2 of draft-ietf-httpbis-layered-cookies. Browsers compare it without case.
type prefix struct {
	text                   string
	secure, host, httpOnly bool
}

// prefixes are in this order because "__Host-Http-" begins with "__Host-".
var prefixes = [...]prefix{
	{text: "__Host-Http-", secure: true, host: true, httpOnly: true},
	{text: "__Host-", secure: true, host: true},
	{text: "__Secure-", secure: true},
	{text: "__Http-", secure: true, httpOnly: true},
}

// prefixOf returns the prefix of a name, nil if it has none.
func prefixOf(name string) *prefix {
	if len(name) < 2 || name[0] != '_' || name[1] != '_' {
		return nil
	}
	for i := range prefixes {
		if p := &prefixes[i]; len(name) >= len(p.text) && equalFold(name[:len(p.text)], p.text) {
			return p
		}
	}
	return nil
}

// equalFold compares without the case of ASCII letters. strings.EqualFold knows more letters than the standards do.
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
