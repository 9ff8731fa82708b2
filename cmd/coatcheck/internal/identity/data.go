package identity

import (
	"encoding/json"
	"unicode/utf16"
	"unicode/utf8"

	"coatcheck.dev/session"
)

// AppendASCII appends a JSON text, with \u escapes for everything that a header cannot have. In JSON such characters
// occur inside strings only. DEL is one of them: JSON allows it, headers do not.
func AppendASCII(b, text []byte) []byte {
	for i := 0; i < len(text); {
		if c := text[i]; ' ' <= c && c <= '~' {
			b = append(b, c)
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		i += n
		if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
			b = appendEscape(b, high)
			r = low
		}
		b = appendEscape(b, r)
	}
	return b
}

func appendEscape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// dataHeader returns the session's values as one JSON object. It leaves out a stored value that is not JSON, and the
// session reports that one.
func dataHeader(s *session.Session) string {
	b := []byte{'{'}
	for key, value := range s.Values() {
		if !json.Valid(value) {
			session.NewKey[json.RawMessage](key).Lookup(s)
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, key...) // needs no escaping: see session.CheckKey
		b = append(b, '"', ':')
		b = AppendASCII(b, value)
	}
	return string(append(b, '}'))
}
