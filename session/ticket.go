package session

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"coatcheck.dev/cookie"
	"coatcheck.dev/store"
)

// A ticket is the value of the session cookie:
//
//	ticket = "1" id secret
//	id     = 22( ALPHA / DIGIT / "-" / "_" )   ; 128 bits, the session's public handle
//	secret = 32( ALPHA / DIGIT / "-" / "_" )   ; 192 bits, in the browser alone; the store has its SHA-256
//
// The first character is the version. Everything else (another length or alphabet, bits that do not belong to the
// canonical text) is no ticket, and a request with it has no session.
type ticket struct {
	id     store.ID
	secret secret
	realm  string // not in the text: the manager's, for the hash
}

const (
	ticketVersion = '1'
	secretTextLen = 32
	idFill        = "AA"
	ticketLen     = 1 + store.IDLen + secretTextLen
)

// secretText is strict for the same reason as the text of IDs: one value has one text.
var secretText = base64.RawURLEncoding.Strict()

func newTicket(id store.ID, realm string) ticket {
	t := ticket{id: id, realm: realm}
	rand.Read(t.secret[:]) // never fails: since Go 1.24 the program ends if the system has no randomness
	return t
}

// parse reads a cookie's value, and reports whether it is a ticket. Otherwise t stays as it is.
func (t *ticket) parse(s string) bool {
	if len(s) != ticketLen || s[0] != ticketVersion {
		return false
	}
	// Filled up to whole groups of four characters, the ID decodes in one pass with the secret. What it was filled up
	// with decodes to zeros, and so have the last bits of its own.
	const secretAt = store.IDLen + len(idFill)
	var text [secretAt + secretTextLen]byte
	copy(text[:], s[1:1+store.IDLen])
	copy(text[store.IDLen:], idFill)
	copy(text[secretAt:], s[1+store.IDLen:])
	var raw [48]byte // larger than what comes out: while there is room the decoder writes eight bytes at a time
	n, err := secretText.Decode(raw[:], text[:])
	if err != nil || n != len(t.id)+2+len(t.secret) || raw[len(t.id)] != 0 {
		return false
	}
	copy(t.id[:], raw[:])
	copy(t.secret[:], raw[len(t.id)+2:])
	return true
}

// A credential is a ticket that somebody presents, with the hash of its secret.
type credential struct {
	ticket ticket
	hash   store.Hash
}

func (t ticket) credential() credential { return credential{t, t.hash()} }

// hash is what the store has of the secret. It is another one in each realm, so that no ticket is good in two.
func (t *ticket) hash() store.Hash {
	if t.realm == "" {
		return sha256.Sum256(t.secret[:])
	}
	return t.secret.hashIn(t.realm)
}

// hashIn is the hash in a realm. It has a copy of the secret, because package hmac has its key on the heap.
func (s secret) hashIn(realm string) store.Hash {
	mac := hmac.New(sha256.New, s[:])
	mac.Write([]byte("realm\x00" + realm))
	return store.Hash(mac.Sum(nil))
}

// expose returns the cookie's value. It is the one place where a secret becomes text.
func (t ticket) expose() string {
	b := make([]byte, 0, ticketLen)
	b = append(b, ticketVersion)
	b = secretText.AppendEncode(b, t.id[:])
	b = secretText.AppendEncode(b, t.secret[:])
	return string(b)
}

// successor is the ticket that follows t in a rotation under nonce. Whoever has the old secret and the record can
// compute it, so every node offers the same one; the record alone is not enough.
func (t ticket) successor(nonce store.Nonce) ticket {
	mac := hmac.New(sha256.New, t.secret[:])
	mac.Write(nonce[:])
	next := ticket{id: t.id, realm: t.realm}
	copy(next.secret[:], mac.Sum(nil))
	return next
}

// presented is what a request has where its ticket should be.
type presented struct {
	n      int  // how many tickets; text and ticket are of the first
	bearer bool // in the header for programs, not in the cookie
	text   string
	ticket ticket
	valid  bool         // there is one, and text is well-formed
	shown  cookie.Found // the guard's cookie
}

// present finds the ticket of a request.
func present(o *Options, r *http.Request) (p presented) {
	lines, guard := r.Header["Cookie"], o.Guard
	switch {
	case o.Header != nil && o.Header(r):
		p.text, p.n = bearer(r.Header["Authorization"])
		p.bearer = true
		if guard != nil {
			p.shown = shownTo(guard, r)
		}
	case len(lines) == 0:
	case guard != nil && guard.Cookie() != "":
		var own cookie.Found
		own, p.shown = cookie.LookupBoth(lines, o.Cookie, guard.Cookie())
		p.text, p.n = own.Value, own.N
	default:
		p.text, p.n = cookie.Lookup(lines, o.Cookie)
	}
	p.valid = p.n == 1 && p.ticket.parse(p.text)
	p.ticket.realm = o.Realm
	return p
}

// bearer returns the token of RFC 6750, section 2.1, and how many there are. Other schemes are somebody else's.
func bearer(lines []string) (token string, n int) {
	for _, line := range lines {
		scheme, rest, ok := strings.Cut(line, " ")
		if ok && strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimLeft(rest, " ")
			n++
		}
	}
	return token, n
}

// A secret prints as "[secret]" however it is printed.
type secret [24]byte

const redacted = "[secret]"

func (secret) String() string               { return redacted }
func (secret) GoString() string             { return redacted }
func (secret) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) }
func (secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
