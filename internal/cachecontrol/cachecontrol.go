// Package cachecontrol says in a response who may keep it: nobody, or the visitor's own browser alone. Cache-Control is
// RFC 9111, section 5.2; headers for certain caches are [RFC 9213] and its forerunners.
//
// [RFC 9213]: https://www.rfc-editor.org/rfc/rfc9213
package cachecontrol

import (
	"iter"
	"net/http"
	"slices"
	"strings"
)

// privateNoStore is shared between responses; whoever adds to it copies it, as its capacity is used up.
var privateNoStore = []string{"private, no-store"}[:1:1]

// Forbid sets Cache-Control to "private, no-store" unless it has no-store already, and takes away what would tell some
// cache otherwise. It reports whether it overruled a handler that wanted the response to be shared.
func Forbid(header http.Header) (overruled bool) {
	targeted := dropTargeted(header)
	for _, line := range header["Cache-Control"] {
		for directive := range directives(line) {
			switch name, _, _ := strings.Cut(strings.ToLower(directive), "="); name {
			case "no-store":
				return targeted
			case "public", "s-maxage":
				overruled = true
			}
		}
	}
	header["Cache-Control"] = privateNoStore
	return overruled || targeted
}

// speaksToOneCache reports whether a header is for certain caches, which put it above Cache-Control. Those of RFC 9213
// end alike, as in CDN-Cache-Control, and what brands make of the older ones does, too.
func speaksToOneCache(name string) bool {
	if end := name[max(0, len(name)-1):]; end != "l" && end != "L" && end != "s" && end != "S" {
		return false // at a glance: it is neither Control nor Expires
	}
	switch name = http.CanonicalHeaderKey(name); name {
	case "Surrogate-Control", "Edge-Control", "X-Accel-Expires":
		return true
	}
	return strings.HasSuffix(name, "-Cache-Control") || strings.HasSuffix(name, "-Surrogate-Control")
}

// dropTargeted takes away what would have certain caches keep a response, and reports whether there was any. Without
// it they go by Cache-Control.
func dropTargeted(header http.Header) (dropped bool) {
	for name, lines := range header {
		if speaksToOneCache(name) && slices.ContainsFunc(lines, mayStore) {
			delete(header, name)
			dropped = true
		}
	}
	return dropped
}

// mayStore reports whether a line of such a header lets a cache keep the response. X-Accel-Expires forbids it by 0, and
// the others by no-store, in which each letter counts: "!no-store", "no-store-remote" and "no-store;of-one-cache" are
// words of theirs, too, and mean that some cache may store.
func mayStore(line string) bool {
	for directive := range directives(line) {
		if strings.EqualFold(directive, "no-store") {
			return false
		}
	}
	return strings.TrimSpace(line) != "0"
}

// LimitToBrowser leaves it to the handler how long the visitor's own browser may keep a response, and takes away all by
// which others would keep it. It reports false, and changes nothing, if the handler says nothing.
func LimitToBrowser(header http.Header) bool {
	lines := header["Cache-Control"]
	if len(lines) == 0 && len(header["Expires"]) == 0 {
		return false
	}
	dropTargeted(header)
	kept := []string{"private"}
	for _, line := range lines {
		for directive := range directives(line) {
			switch name, _, _ := strings.Cut(strings.ToLower(directive), "="); name {
			case "", "public", "private", "s-maxage":
			default:
				kept = append(kept, directive)
			}
		}
	}
	header["Cache-Control"] = []string{strings.Join(kept, ", ")}
	return true
}

// directives yields those of one line. A comma within quotes is a part of a value; a quote that never ends, and what
// follows it, is left out.
func directives(line string) iter.Seq[string] {
	return func(yield func(string) bool) {
		quoted, begin := false, 0
		for i := 0; i <= len(line); i++ {
			switch {
			case i < len(line) && line[i] == '"':
				quoted = !quoted
			case quoted:
			case i == len(line) || line[i] == ',':
				if !yield(strings.TrimSpace(line[begin:i])) {
					return
				}
				begin = i + 1
			}
		}
	}
}
