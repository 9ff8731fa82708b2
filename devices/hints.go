package devices

import "strings"

// maxHint bounds a client hint, in bytes; browsers send about 70.
const maxHint = 512

// brand returns the name of the browser in a Sec-CH-UA header, such as
//
//	"Chromium";v="156", "Google Chrome";v="156", "Not?A_Brand";v="24"
//
// The order is random, and one of the names is made up, so that no site relies on a fixed list. Chromium is in it
// because the others are built on it. A malformed header names nobody.
func brand(header string) string {
	found := ""
	for len(header) > 0 {
		name, rest, ok := quoted(header)
		if !ok || len(header) > maxHint {
			return ""
		}
		header = nextItem(rest)
		switch {
		case madeUp(name):
		case name == "Chromium":
			if found == "" {
				found = name
			}
		case found == "" || found == "Chromium":
			found = name
		}
	}
	return shorten(hinted[found], found)
}

// platform returns the name of the system in a Sec-CH-UA-Platform header, such as `"Linux"`.
func platform(header string) string {
	name, rest, ok := quoted(header)
	if !ok || strings.Trim(rest, " ") != "" || len(header) > maxHint || name == "Unknown" {
		return ""
	}
	return shorten(hinted[name], name)
}

// madeUp reports whether a brand is the made-up one: "Not", "A" and "Brand" with any signs between them.
func madeUp(name string) bool {
	letters := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, name)
	return letters == "notabrand" || letters == "notbrand"
}

// quoted reads a string of a structured field (RFC 9651, section 3.3.3), and returns what follows.
func quoted(text string) (value, rest string, ok bool) {
	text = strings.TrimLeft(text, " \t")
	if text == "" || text[0] != '"' {
		return "", "", false
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return b.String(), text[i+1:], true
		case c < ' ' || c > '~':
			return "", "", false
		case c == '\\':
			i++
			if i == len(text) || text[i] != '"' && text[i] != '\\' {
				return "", "", false
			}
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

// nextItem skips the parameters of an item, with commas in their strings, and the comma after them.
func nextItem(text string) string {
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case c == ',' && !inString:
			return text[i+1:]
		}
	}
	return ""
}
