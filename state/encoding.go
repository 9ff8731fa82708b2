package state

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Values of types whose kind is string are written as text: bytes that a cookie cannot have are percent-encoded, so
// that "dark" stays "dark" and scripts read all of it with decodeURIComponent. Values of other types are base64url of
// JSON.
//
// Text is what people look at and other programs write, so every spelling of it is read. JSON has one: strict
// base64url.
func encode[T any](v T) (string, error) {
	if rv := reflect.ValueOf(&v).Elem(); rv.Kind() == reflect.String {
		return escape(rv.String())
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func decode[T any](text string) (v T, ok bool) {
	if rv := reflect.ValueOf(&v).Elem(); rv.Kind() == reflect.String {
		s, ok := unescape(text)
		rv.SetString(s)
		return v, ok
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // which base64 passes over
		return v, false
	}
	if err := json.Unmarshal(b, &v); err != nil {
		var zero T // some fields may have been set already
		return zero, false
	}
	return v, true
}

var errNotUTF8 = errors.New("the value is not UTF-8: encode it, or use a type that is kept as JSON")

const hexDigits = "0123456789ABCDEF"

func escape(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", errNotUTF8
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; isCookieOctet(c) && c != '%' {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String(), nil
}

func unescape(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", false
			}
			high, low := unhex(s[i+1]), unhex(s[i+2])
			if high|low > 15 {
				return "", false
			}
			c = high<<4 | low
			i += 2
		}
		b = append(b, c)
	}
	if !utf8.Valid(b) {
		return "", false
	}
	return string(b), true
}

// unhex returns the value of a hexadecimal digit, or 255.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// isCookieOctet reports whether a server may write a byte into a value as it is (RFC 6265bis, section 4.1.1).
func isCookieOctet(c byte) bool {
	return '!' <= c && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\'
}
