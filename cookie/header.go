package cookie

import (
	"iter"
	"strings"
)

// Lookup returns the value of the first cookie of exactly this name in the lines of a Cookie header
// (r.Header["Cookie"]), and the number n of cookies of that name in all lines together. No such cookie is "", 0.
//
// A browser sends several (n > 1) when cookies of different Path or Domain match, but an attacker on a sibling domain
// can cause that too. If the cookie identifies somebody, treat n > 1 as absent. The name is compared byte by byte.
// Nothing is decoded: a value in quotes keeps them. The empty name finds cookies without a name.
//
// Lookup does not allocate. Its time is linear in the length of the lines; bound them, as net/http does by
// http.Server.MaxHeaderBytes.
func Lookup(header []string, name string) (value string, n int) {
	if name == "" {
		return lookupNameless(header)
	}
	// Many names begin alike ("_ga", "__Host-"): the byte after the underscores tells them apart.
	skip := 0
	for skip < len(name)-1 && name[skip] == '_' {
		skip++
	}
	for _, line := range header {
		misses := 0
		for at := skip; at < len(line); at++ {
			// A search for the name, and then a look around it, is several times faster than a walk from pair to pair.
			var i int
			if misses < 2 {
				i = strings.IndexByte(line[at:], name[skip])
			} else {
				i = strings.Index(line[at:], name[skip:])
			}
			if i < 0 {
				break
			}
			at += i
			start, end := at-skip, at-skip+len(name)
			if end >= len(line) || line[end] != '=' || line[start:end] != name || !opensPair(line[:start]) {
				misses++
				continue
			}
			at = len(line)
			if i := strings.IndexByte(line[end:], ';'); i >= 0 {
				at = end + i
			}
			if n++; n > 1 {
				continue
			}
			if !canBeName(name) {
				return "", 0
			}
			value = trimRight(line[end+1 : at])
		}
	}
	return value, n
}

// A Found is what a Cookie header has of one name, as [Lookup] returns it.
type Found struct {
	Value string // of the first cookie of that name
	N     int    // how many there are
}

// LookupBoth is [Lookup] of two names, hardly slower than of one where both begin alike, as all "__Host-" names do. The
// names are none that no cookie can have: neither is empty, begins with white space, or has a '=' or ';'.
func LookupBoth(header []string, a, b string) (ofA, ofB Found) {
	skip := 0
	for skip < min(len(a), len(b))-1 && a[skip] == '_' && b[skip] == '_' {
		skip++
	}
	if a == b || a[skip] != b[skip] {
		ofA.Value, ofA.N = Lookup(header, a)
		ofB.Value, ofB.N = Lookup(header, b)
		return ofA, ofB
	}
	for _, line := range header {
		for at := skip; at < len(line); at++ {
			i := strings.IndexByte(line[at:], a[skip])
			if i < 0 {
				break
			}
			at += i
			start := at - skip
			found, end := &ofA, start+len(a)
			if end >= len(line) || line[end] != '=' || line[start:end] != a {
				found, end = &ofB, start+len(b)
				if end >= len(line) || line[end] != '=' || line[start:end] != b {
					continue
				}
			}
			if !opensPair(line[:start]) {
				continue
			}
			at = len(line)
			if i := strings.IndexByte(line[end:], ';'); i >= 0 {
				at = end + i
			}
			if found.N++; found.N == 1 {
				found.Value = trimRight(line[end+1 : at])
			}
		}
	}
	return ofA, ofB
}

// canBeName reports whether All can yield the name. No other name may match by its bytes alone.
func canBeName(name string) bool {
	return !isSpace(name[0]) && strings.IndexByte(name, '=') < 0 && strings.IndexByte(name, ';') < 0
}

// opensPair reports whether a pair can begin after before.
func opensPair(before string) bool {
	if n := len(before); n > 2 && before[n-1] == ' ' && before[n-2] == ';' { // as browsers write it
		return true
	}
	before = trimRight(before)
	return before == "" || before[len(before)-1] == ';'
}

func lookupNameless(header []string) (value string, n int) {
	for name, v := range All(header) {
		if name != "" {
			continue
		}
		if n == 0 {
			value = v
		}
		n++
	}
	return value, n
}

// All yields name and value of every cookie in the lines of a Cookie header, in order and as they are: with
// duplicates and quotes, undecoded, and with any bytes. Pairs are separated by ';' and split at their first '='.
// Spaces and tabs around a pair are not part of it; those around the '=' are. A pair without '=' is a cookie without
// a name, because RFC 6265bis section 5.8.3 sends it as its bare value. Empty pairs are skipped.
//
// Ranging over All does not allocate.
func All(header []string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) { walk(header, yield) }
}

func walk(header []string, yield func(name, value string) bool) {
	for _, line := range header {
		for line != "" {
			pair := line
			if i := strings.IndexByte(line, ';'); i >= 0 {
				pair, line = line[:i], line[i+1:]
			} else {
				line = ""
			}
			if len(pair) > 1 && pair[0] == ' ' && pair[1] > ' ' { // as browsers write it: no loop is needed
				pair = pair[1:]
			} else {
				pair = trimLeft(pair)
			}
			if pair = trimRight(pair); pair == "" {
				continue
			}
			name, value := cutPair(pair)
			if !yield(name, value) {
				return
			}
		}
	}
}

// cutPair splits at the first '='. A pair without one is the value of a cookie without a name.
func cutPair(pair string) (name, value string) {
	for i := range len(pair) { // a loop, because names are shorter than the overhead of strings.IndexByte
		if pair[i] == '=' {
			return pair[:i], pair[i+1:]
		}
	}
	return "", pair
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

func trim(s string) string { return trimRight(trimLeft(s)) }

func trimLeft(s string) string {
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}
