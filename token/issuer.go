package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

const (
	// MaxLifetime is the longest life of a token: so long can it outlive its session where nobody hears of the end.
	MaxLifetime = 5 * time.Minute

	// Type is the typ header of a token.
	Type = "session+jwt"
)

// Options configure an [Issuer]. Issuer is required.
type Options struct {
	Issuer    string        // who makes the tokens, which verifiers compare: the site's URL
	Algorithm Algorithm     // the default is ES256
	Lifetime  time.Duration // of a token, in whole seconds; the default is 2 minutes, the most MaxLifetime
}

// Check reports what is wrong with the options, if anything; [NewIssuer] panics with the same error.
func (o Options) Check() error {
	switch {
	case o.Issuer == "":
		return errors.New("token: Options.Issuer is empty: name the site, such as https://shop.example")
	case o.Lifetime < 0 || o.Lifetime > MaxLifetime || o.Lifetime%time.Second != 0:
		return fmt.Errorf("token: Options.Lifetime is %v: choose whole seconds, at most %v", o.Lifetime, MaxLifetime)
	case o.Algorithm > EdDSA:
		return errors.New("token: Options.Algorithm is none of the constants")
	}
	return nil
}

// An Issuer makes tokens. Its methods may be called from any number of goroutines.
type Issuer struct {
	sessions *session.Manager
	ring     *seal.Ring
	opts     Options

	mu     sync.Mutex
	of     []seal.KeyInfo // the keys of the ring that these follow from
	keys   []signingKey
	signer jose.Signer
	signs  *signingKey // the key of signer
}

// NewIssuer returns an issuer for the sessions of a manager. It panics if the options contradict themselves, and
// without a manager or keys.
func NewIssuer(sessions *session.Manager, keys *seal.Ring, opts Options) *Issuer {
	err := opts.Check()
	if sessions == nil || keys == nil || len(keys.Keys()) == 0 {
		err = errors.Join(err, errors.New("token: an issuer needs a session manager, and keys: those of seal.Open"))
	}
	if err != nil {
		panic(err)
	}
	if opts.Lifetime == 0 {
		opts.Lifetime = 2 * time.Minute
	}
	return &Issuer{sessions: sessions, ring: keys, opts: opts}
}

// Format prints nothing of what an issuer holds, for every verb.
func (i *Issuer) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "issuer(%s)", i.opts.Issuer) }

// ErrNobody means that a session has no user, or that nobody can tell whether it has: there is nothing to say of it.
var ErrNobody = errors.New("token: nobody is signed in")

// Issue returns a token of the session for one audience. Without a user the error is ErrNobody; any other means that
// the keys cannot be used, or that the audience is "".
func (i *Issuer) Issue(s *session.Session, audience string) (string, error) {
	text, _, err := i.IssueUntil(s, audience)
	return text, err
}

// IssueUntil is [Issuer.Issue], and says when the token is over.
func (i *Issuer) IssueUntil(s *session.Session, audience string) (text string, until time.Time, err error) {
	return i.issue(s, audience, time.Now())
}

func (i *Issuer) issue(s *session.Session, audience string, now time.Time) (text string, until time.Time, err error) {
	if audience == "" {
		return "", time.Time{}, errors.New("token: a token needs an audience: the name of the service that it is for")
	}
	info, ok := s.Info()
	if !ok || info.User == "" || s.Unknown() {
		return "", time.Time{}, ErrNobody
	}
	expires := now.Add(i.opts.Lifetime)
	if info.ExpiresAt.Before(expires) {
		expires = info.ExpiresAt
	}
	sign, err := i.signingWith(now)
	if err != nil {
		return "", time.Time{}, err
	}
	c := Claims{
		Issuer: i.opts.Issuer, Audience: audience, User: info.User, Session: info.Handle,
		IssuedAt: now.Unix(), Expires: expires.Unix(), ID: rand.Text(), Began: info.CreatedAt.UnixMicro(),
	}
	c.describe(s.Auth())
	if text, err = jwt.Signed(sign).Claims(c).Serialize(); err != nil {
		return "", time.Time{}, fmt.Errorf("token: sign: %w", err)
	}
	return text, time.Unix(c.Expires, 0), nil
}

// Sign signs the claims of another kind of token of the site, which the typ header names, such as "secevent+jwt" for
// security event tokens (RFC 8417). The kind keeps it from being taken for a session's (RFC 8725, section 3.11), so it
// cannot be [Type].
func (i *Issuer) Sign(kind jose.ContentType, claims any) (string, error) {
	if kind == "" || kind == Type {
		return "", fmt.Errorf("token: %q is no other kind of token", kind)
	}
	i.mu.Lock()
	err := i.follow()
	key := signer(i.keys, time.Now())
	i.mu.Unlock()
	switch {
	case err != nil:
		return "", err
	case key == nil:
		return "", errNoKeys
	}
	sign, err := jose.NewSigner(jose.SigningKey{Algorithm: i.opts.Algorithm.jose(), Key: key.private},
		(&jose.SignerOptions{}).WithType(kind))
	if err != nil {
		return "", fmt.Errorf("token: use signing key: %w", err)
	}
	text, err := jwt.Signed(sign).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("token: sign: %w", err)
	}
	return text, nil
}

var errNoKeys = errors.New("token: the ring has no keys")

// signingWith returns the signer of the moment.
func (i *Issuer) signingWith(now time.Time) (jose.Signer, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.follow(); err != nil {
		return nil, err
	}
	key := signer(i.keys, now)
	if key == nil {
		return nil, errNoKeys
	}
	if key != i.signs {
		next, err := jose.NewSigner(jose.SigningKey{Algorithm: i.opts.Algorithm.jose(), Key: key.private},
			(&jose.SignerOptions{}).WithType(Type))
		if err != nil {
			return nil, fmt.Errorf("token: use signing key: %w", err)
		}
		i.signer, i.signs = next, key
	}
	return i.signer, nil
}

// follow derives the keys anew when those of the ring have changed. If all of them are retired meanwhile, there are
// others by then.
func (i *Issuer) follow() error {
	for {
		of := i.ring.Keys()
		if slices.Equal(of, i.of) && len(i.keys) > 0 {
			return nil
		}
		keys, err := signingKeys(i.ring, of, i.opts.Algorithm)
		if err != nil {
			return err
		}
		i.of, i.keys, i.signs = of, keys, nil
		if len(keys) > 0 || len(of) == 0 {
			return nil
		}
	}
}

// Keys returns the public keys. It is a [Keys] for a verifier in the same program.
func (i *Issuer) Keys() (jose.JSONWebKeySet, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.follow(); err != nil {
		return jose.JSONWebKeySet{}, err
	}
	var set jose.JSONWebKeySet
	for k := range i.keys {
		set.Keys = append(set.Keys, i.keys[k].private.Public())
	}
	return set, nil
}

// JWKS answers with the public keys (RFC 7517), which anybody may have, and caches may keep for 5 minutes.
func (i *Issuer) JWKS() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD are allowed.", http.StatusMethodNotAllowed)
			return
		}
		set, err := i.Keys()
		if err != nil {
			http.Error(w, "The keys cannot be read.", http.StatusServiceUnavailable)
			return
		}
		body, err := json.Marshal(set)
		if err != nil {
			http.Error(w, "The keys cannot be written.", http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Content-Type", "application/jwk-set+json")
		header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(keysFor/time.Second)))
		header.Set("Access-Control-Allow-Origin", "*") // they are public, and asked for without credentials
		header.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body)
	})
}

// Claims are what a token says: see the documentation of the package. Times are in seconds since 1970.
type Claims struct {
	Issuer   string   `json:"iss"`
	User     string   `json:"sub"`
	Audience string   `json:"aud"`
	Session  store.ID `json:"sid"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	ID       string   `json:"jti"`
	Began    int64    `json:"began_us,omitempty"`  // when the session began, in microseconds since 1970
	AuthTime int64    `json:"auth_time,omitempty"` // 0 if the session began without a proof that is known
	Methods  []string `json:"amr,omitempty"`
	Level    string   `json:"acr,omitempty"`
}

// describe says how the user has proved who they are.
func (c *Claims) describe(auths []store.Auth) {
	if len(auths) == 0 {
		return
	}
	level := auths[0].Level
	for _, a := range auths {
		level = max(level, a.Level)
		c.AuthTime = max(c.AuthTime, a.At.Unix())
		if a.Method != "" && !slices.Contains(c.Methods, a.Method) {
			c.Methods = append(c.Methods, a.Method)
		}
	}
	c.Level = strconv.Itoa(level)
}
