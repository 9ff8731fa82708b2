package state

import (
	"strconv"
	"strings"
	"time"
)

// A signed cookie's value is
//
//	signed  = value "." expires "." tag
//	expires = 1*12DIGIT    ; in seconds since 1970
//
// The signing purpose has the cookie's name, so one cookie cannot be passed off as another.
func (s *slot) sign(value string, now time.Time) (string, error) {
	keys := s.inv.keys.Load()
	if keys == nil {
		return "", ErrNoKeys
	}
	expires := now.Add(s.entry.Lifetime).Unix()
	return keys.Sign(s.signingPurpose(), value+"."+strconv.FormatInt(expires, 10)), nil
}

func (s *slot) unsign(text string, now time.Time) (value string, ok bool) {
	keys := s.inv.keys.Load()
	if keys == nil {
		return "", false
	}
	message, ok := keys.Verify(s.signingPurpose(), text)
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

func (s *slot) signingPurpose() string { return "cookie " + s.attributes.Name }
