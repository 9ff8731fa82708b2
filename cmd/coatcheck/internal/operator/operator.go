package operator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Owner is the name of the operator that is always there.
const Owner = "operator"

// An Operator is what the file knows of one.
type Operator struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Created  time.Time `json:"created"`
	ID       []byte    `json:"id"`              // says nothing about who it is; passkeys know their user by it
	Token    []byte    `json:"token,omitempty"` // its SHA-256; Owner's is elsewhere
	Passkeys []Passkey `json:"passkeys,omitempty"`
}

// A Passkey proves that an operator has a device. There is no secret in it (WebAuthn, "credential record").
type Passkey struct {
	ID        []byte    `json:"id"`
	PublicKey []byte    `json:"public_key"`
	Host      string    `json:"host"` // of the console that it was made for, and is no good elsewhere
	Created   time.Time `json:"created"`
	Uses      uint32    `json:"uses,omitempty"`  // as the device counts them; many do not
	Flags     byte      `json:"flags,omitempty"` // of the authenticator data
	Transport []string  `json:"transport,omitempty"`
}

const (
	maxName     = 64
	idBytes     = 16
	tokenPrefix = "coatcheck-operator." // so that people and scanners see what it is
	tokenBytes  = 32                    // 256 random bits

	// MaxPasskeys is how many passkeys an operator may have.
	MaxPasskeys = 8
)

// New makes an operator. The token is for them, and nowhere else.
func New(name string, role Role, now time.Time) (token string, o Operator, err error) {
	o = Operator{Name: name, Role: role, Created: now.UTC().Truncate(time.Second), ID: random(idBytes)}
	if name == Owner {
		return "", o, fmt.Errorf("the operator %s is there already: it is whoever has the console's token", Owner)
	}
	token = o.NewToken()
	return token, o, o.check()
}

// NewToken gives the operator another token, and returns it.
func (o *Operator) NewToken() string {
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(random(tokenBytes))
	o.Token = hashOf(token)
	return token
}

func hashOf(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// check says what is wrong with an operator, for a file that people may have changed.
func (o *Operator) check() error {
	switch {
	case len(o.Name) > maxName || !plainName(o.Name):
		return fmt.Errorf("a name has 1 to %d letters, digits and the signs . _ @ + - and begins with none of these: "+
			"%.40q", maxName, o.Name)
	case !slices.Contains(Roles, o.Role):
		return fmt.Errorf("there is no role %.40q; there are %s", o.Role, RoleNames())
	case o.Name == Owner && (o.Role != Security || o.Token != nil):
		return fmt.Errorf("the operator %s has the role %s and the console's token", Owner, Security)
	case o.Name != Owner && len(o.Token) != sha256.Size:
		return fmt.Errorf("%s has no token", o.Name)
	case len(o.ID) != idBytes:
		return fmt.Errorf("%s has no id of %d bytes", o.Name, idBytes)
	case len(o.Passkeys) > MaxPasskeys:
		return fmt.Errorf("%s has more than %d passkeys", o.Name, MaxPasskeys)
	}
	for _, k := range o.Passkeys {
		if len(k.ID) == 0 || len(k.PublicKey) == 0 || k.Host == "" {
			return fmt.Errorf("a passkey of %s lacks its id, its key or its host", o.Name)
		}
	}
	return nil
}

// RoleNames is the text of all roles, with commas between.
func RoleNames() string {
	var names []string
	for _, r := range Roles {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

func plainName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	return name != "" && strings.ContainsRune(letters, rune(name[0])) && strings.Trim(name, letters+"._@+-") == ""
}

// ErrUnknown says that there is no operator of a name.
var ErrUnknown = errors.New("there is no such operator; coatcheck operators list shows those that there are")
