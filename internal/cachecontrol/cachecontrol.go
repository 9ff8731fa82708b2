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
	targeted := false
	for name, lines := range header {
		if speaksToOneCache(name) && !slices.ContainsFunc(lines, forbidsStoring) {
			delete(header, name)
			targeted = true
		}
	}
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
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
// end alike, as in CDN-Cache-Control.
func speaksToOneCache(name string) bool {
	switch name = http.CanonicalHeaderKey(name); name {
	case "Surrogate-Control", "Edge-Control", "X-Accel-Expires":
		return true
	}
	return strings.HasSuffix(name, "-Cache-Control")
}

// forbidsStoring reports whether a line of such a header says what Forbid would; 0 is how X-Accel-Expires does.
func forbidsStoring(line string) bool {
	return strings.TrimSpace(line) == "0" || strings.Contains(strings.ToLower(line), "no-store")
}

// LimitToBrowser leaves it to the handler how long the visitor's own browser may keep a response, and takes away all by
// which others would keep it. It reports false, and changes nothing, if the handler says nothing.
func LimitToBrowser(header http.Header) bool {
	lines := header["Cache-Control"]
	if len(lines) == 0 && len(header["Expires"]) == 0 {
		return false
	}
	for name, lines := range header {
		if speaksToOneCache(name) && !slices.ContainsFunc(lines, forbidsStoring) {
			delete(header, name)
		}
	}
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
