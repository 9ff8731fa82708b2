package migrate

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"math"
	"strconv"
	"strings"
	"time"
)

// A secureCookie reads values of github.com/gorilla/securecookie under one pair of keys:
//
//	value  = base64url( date "|" data "|" mac )   ; with padding
//	date   = 1*DIGIT                              ; when it was written, in seconds since 1970
//	data   = base64url( gob / iv aes-ctr(gob) )   ; with padding; the latter if there is a block key
//	mac    = HMAC( hash key, name "|" date "|" data )
//
// Nothing is decoded further than the two bars before the signature is verified.
type secureCookie struct {
	hashKey []byte
	hash    func() hash.Hash
	block   cipher.Block // nil if nothing is encrypted
	maxAge  time.Duration
}

// opened is what a value holds that is genuine and not too old.
type opened struct {
	at   time.Time
	data []byte
}

func secureCookies(o GorillaOptions) ([]secureCookie, error) {
	if len(o.KeyPairs) == 0 {
		return nil, errors.New("migrate: GorillaOptions.KeyPairs is empty")
	}
	if o.MaxAge == 0 {
		o.MaxAge = 30 * 24 * time.Hour
	}
	if o.MaxAge < 0 {
		o.MaxAge = math.MaxInt64
	}
	if o.Hash == nil {
		o.Hash = sha256.New
	}
	var all []secureCookie
	for i := 0; i < len(o.KeyPairs); i += 2 {
		c := secureCookie{hashKey: o.KeyPairs[i], hash: o.Hash, maxAge: o.MaxAge}
		if len(c.hashKey) == 0 {
			return nil, fmt.Errorf("migrate: GorillaOptions.KeyPairs[%d] is empty: it is a hash key", i)
		}
		if i+1 < len(o.KeyPairs) && o.KeyPairs[i+1] != nil {
			block, err := aes.NewCipher(o.KeyPairs[i+1])
			if err != nil {
				return nil, fmt.Errorf("migrate: GorillaOptions.KeyPairs[%d]: %w", i+1, err)
			}
			c.block = block
		}
		all = append(all, c)
	}
	return all, nil
}

// secureText is strict, so that each value has one text.
var secureText = base64.URLEncoding.Strict()

// decodeText also refuses line ends, which the decoder passes over.
func decodeText(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := secureText.DecodeString(s)
	return b, err == nil
}

// open returns what a value holds that is genuine and not too old at the time now.
func (c *secureCookie) open(name, value string, now time.Time) (opened, bool) {
	b, ok := decodeText(value)
	if !ok {
		return opened{}, false
	}
	date, rest, ok := bytes.Cut(b, []byte("|"))
	if !ok {
		return opened{}, false
	}
	data, mac, ok := bytes.Cut(rest, []byte("|"))
	if !ok || !hmac.Equal(mac, c.sign(name, b[:len(date)+1+len(data)])) {
		return opened{}, false
	}
	seconds, err := strconv.ParseInt(string(date), 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || now.Sub(at) > c.maxAge {
		return opened{}, false
	}
	plain, ok := decodeText(string(data))
	if !ok {
		return opened{}, false
	}
	plain, ok = c.decrypt(plain)
	return opened{at, plain}, ok
}

func (c *secureCookie) sign(name string, text []byte) []byte {
	mac := hmac.New(c.hash, c.hashKey)
	mac.Write([]byte(name + "|"))
	mac.Write(text)
	return mac.Sum(nil)
}

// decrypt undoes AES in counter mode; the initialization vector comes first.
func (c *secureCookie) decrypt(b []byte) ([]byte, bool) {
	if c.block == nil {
		return b, true
	}
	size := c.block.BlockSize()
	if len(b) <= size {
		return nil, false
	}
	plain := make([]byte, len(b)-size)
	cipher.NewCTR(c.block, b[:size]).XORKeyStream(plain, b[size:])
	return plain, true
}
