package cookie

import "strings"

// cutSegment returns what stands before the first ';', trimmed, and the rest after it.
func cutSegment(s string) (segment, rest string) {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		return trim(s[:i]), s[i+1:]
	}
	return trim(s), ""
}

// cutAttribute splits an attribute at its first '=' into trimmed parts.
func cutAttribute(segment string) (key, value string) {
	if i := strings.IndexByte(segment, '='); i >= 0 {
		return trimRight(segment[:i]), trimLeft(segment[i+1:])
	}
	return segment, ""
}

func lowerASCII(s string) string {
	for i := range len(s) {
		if s[i] != lower(s[i]) {
			b := []byte(s)
			for j := range b {
				b[j] = lower(b[j])
			}
			return string(b)
		}
	}
	return s
}
