package appkey

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Scope is something that a key may do.
type Scope string

// The scopes.
const (
	Read    Scope = "read"    // look at sessions: check, list, watch
	Create  Scope = "create"  // begin sessions, and change them: data, step-up, use
	End     Scope = "end"     // end a session, or all of a user
	Admin   Scope = "admin"   // all of these, and end everybody's
	Metrics Scope = "metrics" // read the metrics, and nothing else
)

// Token is the scope of a key whose service exchanges tickets for tokens. In the list of a key's scopes their audience
// follows, such as "token:orders": there is one at most, and [Admin] does not stand for it, because a token is for
// somebody in particular.
const Token Scope = "token"

const tokenFor = string(Token) + ":"

// Scopes are all that there are besides [Token].
var Scopes = []Scope{Read, Create, End, Admin, Metrics}

// A Key is what the file knows of one.
type Key struct {
	ID      string
	Hash    [sha256.Size]byte // of the secret
	Created time.Time
	Scopes  []Scope
	Label   string // for people; may be empty
}

// Allows reports whether the key may do what the scope says.
func (k *Key) Allows(s Scope) bool {
	if s == Token {
		return k.Audience() != ""
	}
	return slices.Contains(k.Scopes, s) || slices.Contains(k.Scopes, Admin)
}

// Audience is whom the key's tokens are for, "" if it has none.
func (k *Key) Audience() string {
	for _, s := range k.Scopes {
		if audience, ok := strings.CutPrefix(string(s), tokenFor); ok {
			return audience
		}
	}
	return ""
}

const (
	prefix      = "coatcheck."
	idBytes     = 8
	idChars     = 11
	secretBytes = 32
	secretChars = 43
	textLen     = len(prefix) + idChars + 1 + secretChars

	maxLabel = 64 // bytes
)

// text64 is strict, so that each key has one text.
var text64 = base64.RawURLEncoding.Strict()

// New makes a key. The text is what its service presents; it is nowhere else.
func New(scopes []Scope, label string) (text string, _ Key, err error) {
	if err := checkScopes(scopes); err != nil {
		return "", Key{}, err
	}
	if err := checkLabel(label); err != nil {
		return "", Key{}, err
	}
	var random [idBytes + secretBytes]byte
	_, _ = rand.Read(random[:]) // never fails
	random[0] &= 0x7f           // so that no ID begins with a hyphen, which a command line takes for a flag
	secret := random[idBytes:]
	k := Key{
		ID: text64.EncodeToString(random[:idBytes]), Hash: sha256.Sum256(secret),
		Created: time.Now().UTC().Truncate(time.Second), Scopes: slices.Clone(scopes), Label: label,
	}
	return prefix + k.ID + "." + text64.EncodeToString(secret), k, nil
}

func checkScopes(scopes []Scope) error {
	if len(scopes) == 0 {
		return fmt.Errorf("a key without a scope may do nothing; there are %s", scopesInWords)
	}
	audiences := 0
	for i, s := range scopes {
		switch audience, isToken := strings.CutPrefix(string(s), tokenFor); {
		case isToken && !isAudience(audience):
			return fmt.Errorf("the scope %.40q names nobody: after %q comes the audience, 1 to %d visible characters "+
				"without a comma", s, tokenFor, maxAudience)
		case isToken:
			audiences++
		case !slices.Contains(Scopes, s):
			return fmt.Errorf("there is no scope %.40q; there are %s", s, scopesInWords)
		}
		if slices.Contains(scopes[:i], s) {
			return fmt.Errorf("the scope %s stands there twice", s)
		}
	}
	if audiences > 1 {
		return errors.New("a key makes tokens for one audience; make another key for another one")
	}
	return nil
}

var scopesInWords = List(Scopes) + " and " + tokenFor + "AUDIENCE"

const maxAudience = 128

// isAudience reports whether a text may name an audience: visible ASCII, but for the comma between scopes.
func isAudience(text string) bool {
	return text != "" && len(text) <= maxAudience &&
		!strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })
}

func checkLabel(label string) error {
	switch {
	case len(label) > maxLabel:
		return fmt.Errorf("the label is longer than %d bytes", maxLabel)
	case !utf8.ValidString(label) || strings.ContainsFunc(label, func(r rune) bool { return !unicode.IsPrint(r) }):
		return errors.New("the label has characters that cannot be seen")
	case strings.TrimSpace(label) != label:
		return errors.New("the label begins or ends with a space")
	}
	return nil
}

// List is the text of scopes, with commas between.
func List(scopes []Scope) string {
	texts := make([]string, len(scopes))
	for i, s := range scopes {
		texts[i] = string(s)
	}
	return strings.Join(texts, ",")
}

// parseText splits what a service presents. Anything malformed is no key.
func parseText(text string) (id string, hash [sha256.Size]byte, ok bool) {
	if len(text) != textLen || !strings.HasPrefix(text, prefix) || text[len(prefix)+idChars] != '.' {
		return "", hash, false
	}
	id, secretText := text[len(prefix):len(prefix)+idChars], text[len(prefix)+idChars+1:]
	var secret [secretBytes + 1]byte
	n, err := text64.Decode(secret[:], []byte(secretText))
	if err != nil || n != secretBytes {
		return "", hash, false // the decoder passes over line ends
	}
	return id, sha256.Sum256(secret[:secretBytes]), true
}

// is reports whether a secret of the hash is that of the key.
func (k *Key) is(hash *[sha256.Size]byte) bool {
	return subtle.ConstantTimeCompare(k.Hash[:], hash[:]) == 1
}
