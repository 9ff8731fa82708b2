package state

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// The value of a signed or a sealed cookie is
//
//	signed  = message "." tag
//	sealed  = base64url       ; of the sealed message
//	message = value "." expires
//	expires = 1*12DIGIT       ; in seconds since 1970
//
// The purpose of the tag or seal has the cookie's name, so one cookie cannot be passed off as another.
func (s *slot) protect(value string, now time.Time) (string, error) {
	if !s.protected() {
		return value, nil
	}
	keys := s.inv.keys.Load()
	if keys == nil {
		return "", ErrNoKeys
	}
	message := value + "." + strconv.FormatInt(now.Add(s.entry.Lifetime).Unix(), 10)
	if s.entry.Place == InSignedCookie {
		return keys.Sign(s.keyPurpose(), message), nil
	}
	return sealText.EncodeToString(keys.Seal(s.keyPurpose(), []byte(message))), nil
}

func (s *slot) unprotect(text string, now time.Time) (value string, ok bool) {
	message, ok := s.message(text)
	if !ok {
		return "", false
	}
	dot := strings.LastIndexByte(message, '.')
	if dot < 0 {
		return "", false
	}
	expires, err := strconv.ParseInt(message[dot+1:], 10, 64)
	if err != nil || now.Unix() >= expires {
		return "", false
	}
	return message[:dot], true
}

func (s *slot) protected() bool {
	return s.entry.Place == InSignedCookie || s.entry.Place == InSealedCookie
}

// message returns what was signed or sealed.
func (s *slot) message(text string) (message string, ok bool) {
	keys := s.inv.keys.Load()
	if keys == nil {
		return "", false
	}
	if s.entry.Place == InSignedCookie {
		return keys.Verify(s.keyPurpose(), text)
	}
	sealed, err := sealText.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") { // ignored by base64
		return "", false
	}
	b, ok := keys.Open(s.keyPurpose(), sealed)
	return string(b), ok
}

// sealText is strict, so that one seal has one spelling.
var sealText = base64.RawURLEncoding.Strict()

func (s *slot) keyPurpose() string { return "cookie " + s.attributes.Name }
