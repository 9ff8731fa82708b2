package identity

import (
	"errors"
	"net/url"
	"strings"

	"coatcheck.dev/session"
)

// A user's name in a header:
//
//	user  = 1*( plain / "%" HEXDIG HEXDIG )
//	plain = %x21 / %x23-24 / %x26-2B / %x2D-3A / %x3C-7E    ; visible ASCII but '"' "%" "," ";"
//
// It has the bytes of the name. Whatever is not plain is percent-encoded. decodeURIComponent and urllib.parse.unquote
// can read it, and [DecodeUser] can read what encodeURIComponent and urllib.parse.quote write.

func plainInUser(c byte) bool {
	return '!' <= c && c <= '~' && c != '"' && c != '%' && c != ',' && c != ';'
}

// EncodeUser returns the text of a name. A usual name is its own text.
func EncodeUser(user string) string {
	i := 0
	for i < len(user) && plainInUser(user[i]) {
		i++
	}
	if i == len(user) {
		return user
	}
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.WriteString(user[:i])
	for ; i < len(user); i++ {
		if c := user[i]; plainInUser(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}

var (
	errUserEmpty = errors.New("it names no user")
	errUserText  = errors.New("the user has a character that must be percent-encoded: " +
		"a space, a quote, a comma, a semicolon, a percent sign or a letter outside ASCII")
	errUserPercent = errors.New("the user has a percent sign without two hexadecimal digits")
)

// DecodeUser reads what EncodeUser writes. The name must also be one that the session takes.
func DecodeUser(text string) (string, error) {
	if text == "" {
		return "", errUserEmpty
	}
	for i := range len(text) {
		if text[i] != '%' && !plainInUser(text[i]) {
			return "", errUserText
		}
	}
	user, err := url.PathUnescape(text)
	if err != nil {
		return "", errUserPercent
	}
	if err := session.CheckUser(user); err != nil {
		return "", err
	}
	return user, nil
}
