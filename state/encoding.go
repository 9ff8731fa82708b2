package state

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"
)

// Values of string types are written as text, with bytes that a cookie cannot have percent-encoded: "dark" stays
// "dark", and scripts read the rest with decodeURIComponent. Values of other types are JSON in base64url.
//
// Text is for people and for other programs, so every spelling of it is read. JSON has one spelling: strict
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
	if p, is := any(&v).(*string); is { // without reflection, which allocates
		*p, ok = unescape(text)
		return v, ok
	}
	return decodeAny[T](text)
}

func decodeAny[T any](text string) (v T, ok bool) {
	if rv := reflect.ValueOf(&v).Elem(); rv.Kind() == reflect.String {
		s, ok := unescape(text)
		rv.SetString(s)
		return v, ok
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // ignored by base64
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

func unescape(text string) (string, bool) {
	if strings.IndexByte(text, '%') < 0 {
		if !utf8.ValidString(text) {
			return "", false
		}
		return text, true
	}
	s, err := url.PathUnescape(text)
	if err != nil || !utf8.ValidString(s) {
		return "", false
	}
	return s, true
}

// isCookieOctet reports whether a server may write a byte unchanged into a value (RFC 6265bis section 4.1.1).
func isCookieOctet(c byte) bool {
	return '!' <= c && c <= '~' && c != '"' && c != ',' && c != ';' && c != '\\'
}
