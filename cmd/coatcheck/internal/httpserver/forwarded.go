package httpserver

import (
	"maps"
	"net/http"
	"net/netip"
	"strings"

	"coatcheck.dev/event"
)

// Forwarded has the word of trusted proxies taken from the header Forwarded (RFC 7239) in place of X-Forwarded-For,
// -Host and -Proto, which then count for nothing. It is for proxies that set the one and may pass on the others as a
// client has sent them. Next finds what they say in the X-Forwarded headers.
func Forwarded(next http.Handler, proxies []netip.Prefix) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if event.Trusts(proxies, r.RemoteAddr) {
			r = r.Clone(r.Context())
			maps.DeleteFunc(r.Header, func(name string, _ []string) bool {
				return strings.HasPrefix(name, "X-Forwarded-")
			})
			translate(r.Header, r.RemoteAddr, proxies)
		}
		next.ServeHTTP(w, r)
	})
}

// An element is what one proxy says.
type element struct{ from, host, proto string }

// translate adds the X-Forwarded headers. Elements are read from the right, for as long as a trusted proxy wrote them,
// so that nothing which a client has written left of them can hide what they say. Host and scheme are those that the
// outermost of these was asked for.
func translate(header http.Header, peer string, proxies []netip.Prefix) {
	text := strings.Join(header["Forwarded"], ",")
	text = text[max(0, len(text)-maxForwarded):]
	var hops []string
	for event.Trusts(proxies, peer) {
		var last string
		last, text = lastElement(text)
		e, ok := parseElement(last)
		if !ok {
			break // what is malformed says nothing at all (RFC 7239, section 4)
		}
		if e.host != "" {
			header["X-Forwarded-Host"] = []string{e.host}
		}
		if e.proto != "" {
			header["X-Forwarded-Proto"] = []string{strings.ToLower(e.proto)}
		}
		address, err := event.ParseHop(e.from)
		if err != nil {
			break // "unknown", or a name that hides the address
		}
		peer = address.String()
		hops = append([]string{peer}, hops...)
	}
	if len(hops) > 0 {
		header["X-Forwarded-For"] = []string{strings.Join(hops, ", ")}
	}
}

// maxForwarded bounds how many bytes of the header are read, and so the number of elements.
const maxForwarded = 4 << 10

// lastElement splits the last element off a list, which may have empty ones as well (RFC 9110, section 5.6.1).
func lastElement(list string) (last, rest string) {
	quoted := false
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case list[i] == '"' && !escaped(list[:i]):
			quoted = !quoted
		case list[i] == ',' && !quoted:
			last, list = strings.Trim(list[i+1:], " \t"), list[:i]
			if last != "" {
				return last, list
			}
		}
	}
	return strings.Trim(list, " \t"), ""
}

// escaped reports whether a backslash before it makes a quotation mark a part of the text.
func escaped(before string) bool {
	return (len(before)-len(strings.TrimRight(before, `\`)))%2 == 1
}

// parseElement reads what one proxy says.
func parseElement(text string) (e element, ok bool) {
	for ok = text != ""; ok && text != ""; {
		var name, value string
		if name, text, ok = strings.Cut(text, "="); !ok {
			return e, false
		}
		if value, text, ok = cutValue(text); !ok || !e.set(strings.ToLower(strings.Trim(name, " \t")), value) {
			return e, false
		}
		text = strings.TrimLeft(text, " \t")
		ok = text == "" || text[0] == ';'
		text = strings.TrimLeft(text, " \t;")
	}
	return e, ok
}

// set takes a parameter, and reports whether it is there once and has a name.
func (e *element) set(name, value string) bool {
	to := map[string]*string{"for": &e.from, "host": &e.host, "proto": &e.proto}[name]
	if to == nil {
		return name != "" && !strings.ContainsAny(name, " \t\",;")
	}
	if *to != "" || value == "" {
		return false
	}
	*to = value
	return true
}

// cutValue splits a token or a quoted string off the front.
func cutValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text+",", " \t,;")
		return text[:end], text[end:], !strings.ContainsAny(text[:end], `"=`)
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}
