package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// Overhead is the number of bytes that [Ring.Sign] adds to a message.
const Overhead = 1 + tagTextLen

const tagTextLen = 43 // base64url of 32 bytes

// tagText is strict, so one tag has one spelling: a changed text is never accepted.
var tagText = base64.RawURLEncoding.Strict()

// Sign returns the message with a tag of the newest key. The purpose names the use in a few words. It must never
// change, and never come from a client.
func (r *Ring) Sign(purpose, message string) string {
	keys := r.all()
	if len(keys) == 0 {
		panic("seal: Sign on a Ring without keys: make it with Open or New")
	}
	text := make([]byte, 0, len(message)+Overhead)
	text = append(append(text, message...), '.')
	return string(tagText.AppendEncode(text, keys[0].tag(purpose, message)))
}

// Verify returns the message of a text that Sign made for the same purpose with a key of this ring. It is not ok if
// the text is forged, cut off, or signed by a retired key; the reason is not told. Tags are compared in constant
// time. A ring from a file knows a key that another program has added. The caller bounds the length of the text.
func (r *Ring) Verify(purpose, signed string) (message string, ok bool) {
	cut := len(signed) - Overhead
	if cut < 0 || signed[cut] != '.' {
		return "", false
	}
	tag, err := tagText.DecodeString(signed[cut+1:])
	if err != nil || len(tag) != sha256.Size {
		return "", false
	}
	message = signed[:cut]
	for keys := r.keys.Load(); keys != nil; keys = r.after(keys) {
		for _, k := range *keys {
			if hmac.Equal(tag, k.tag(purpose, message)) {
				return message, true
			}
		}
	}
	return "", false
}

func (k *key) tag(purpose, message string) []byte {
	scope := append(make([]byte, 0, 64), "sign\x00"...)
	scope = binary.AppendUvarint(scope, uint64(len(purpose)))
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write(append(scope, purpose...))
	mac.Write([]byte(message))
	return mac.Sum(nil)
}
