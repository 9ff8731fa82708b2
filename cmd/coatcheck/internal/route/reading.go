package route

import (
	"path"
	"strings"
)

// simple reports whether there is one way to read a path.
func simple(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	for i := range len(path) {
		switch c := path[i]; {
		case 'A' <= c && c <= 'Z', c == '%', c == ';', c == '\\', c == '#', c >= 0x80, c < ' ':
			return false
		case c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.'):
			return false
		}
	}
	return true
}

// A reading is a request as some app may understand it.
type reading struct {
	method  string
	path    string
	matches matchFunc
}

// readings returns how apps may read a path otherwise than as it stands there: tidied up, and with everything undone
// that servers and frameworks undo. If it was sent with an encoded slash, some take that for a part of a segment. Some
// end a path at a fragment, which no client may send, or at a question mark that they have decoded.
func readings(method, p, sent string) []reading {
	plain := p
	for range 2 {
		plain = unescape(plain)
	}
	plain = strings.ReplaceAll(plain, `\`, "/")
	var all []reading
	if end := strings.IndexAny(plain, "#?"); end >= 0 {
		before, _, _ := strings.Cut(sent, "#")
		all = readings(method, plain[:end], before)
	}
	segments := strings.Split(plain, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";") // path parameters
	}
	plain = strings.ToLower(clean(strings.Join(segments, "/")))
	all = append(all, reading{method, clean(p), (*Pattern).matches}, reading{method, plain, (*Pattern).matchesLoosely})
	if whole := encodedSlash.Replace(sent); whole != sent {
		all = append(all, reading{method, strings.ToLower(clean(unescape(whole))), (*Pattern).matchesLoosely})
	}
	return all
}

// encodedSlash puts what is no slash, and in no pattern, in the place of an encoded one.
var encodedSlash = strings.NewReplacer("%2f", "\x00", "%2F", "\x00")

// unescape undoes what is well-formed.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]) {
			b.WriteByte(fromHex(text[i+1])<<4 | fromHex(text[i+2]))
			i += 2
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func fromHex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

// clean takes "//", "." and ".." out of a path, and keeps its final slash.
func clean(p string) string {
	tidy := path.Clean("/" + p)
	if tidy != "/" && (strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.") || strings.HasSuffix(p, "/..")) {
		tidy += "/"
	}
	return tidy
}
