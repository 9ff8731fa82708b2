package csrf

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"coatcheck.dev/internal/cachecontrol"
)

// Tokens are for clients that tell neither Sec-Fetch-Site nor Origin. The zero value asks for none. See "Tokens" in the
// package's documentation.
type Tokens struct {
	// Session returns what the tokens of a request are bound to: a name of the session in which somebody is signed in,
	// and "" before anybody is. It must stay the same for as long as the sign-in lasts, and be another one after the
	// next; Manager.Binding of package session is such a function. Tokens are asked for if it is there.
	Session func(*http.Request) string

	// InsecureReportOnly reports requests without a token instead of refusing them, to find the forms that have none
	// yet. Requests of other sites are refused all the same.
	InsecureReportOnly bool

	// InsecureCookie leaves out Secure, and with it the prefix of the cookie's name, for development over plain HTTP on
	// a host other than localhost. Anybody on the network can then read and plant the cookie.
	InsecureCookie bool
}

// FieldName is the form field, and HeaderName the request header, in which a token comes back.
const (
	FieldName  = "csrf_token"
	HeaderName = "X-CSRF-Token"
)

// Token returns a token for the forms and scripts of the page that answers r, a new one at each call. It is "" if the
// guard of r asks for none, and for browsers that tell Sec-Fetch-Site, because they need none.
//
// Call it after a sign-in and before the first byte of the response, because a visitor who has no cookie for it yet is
// given one. The response then becomes private, and no-store.
func Token(r *http.Request) string {
	if i, ok := r.Context().Value(issuerKey{}).(*issuer); ok {
		return i.issue(r)
	}
	return ""
}

// Field returns a hidden field with a [Token], for each form of the page that answers r; it is empty if there is no
// token. It is safe in templates of html/template, as a value or as a function:
//
//	template.New("page").Funcs(template.FuncMap{"csrfField": csrf.Field})
//	<form method="post">{{csrfField .Request}} ...
//
// A template writes as it goes. Let it write to a buffer first, because Token has to come before the first byte.
func Field(r *http.Request) template.HTML {
	token := Token(r)
	if token == "" {
		return ""
	}
	return template.HTML(`<input type="hidden" name="` + FieldName + `" value="` + token + `">`)
}

// An issuer makes the tokens of one response.
type issuer struct {
	guard    *Guard
	response http.ResponseWriter
	key      *tokenKey // nil until a token was made
}

type issuerKey struct{}

// withIssuer returns the request with what Token needs. A guard within itself is one guard.
func (g *Guard) withIssuer(w http.ResponseWriter, r *http.Request) *http.Request {
	if g.opts.Tokens.Session == nil {
		return r
	}
	if outer, ok := r.Context().Value(issuerKey{}).(*issuer); ok && outer.guard == g {
		return r
	}
	return r.WithContext(context.WithValue(r.Context(), issuerKey{}, &issuer{guard: g, response: w}))
}

func (i *issuer) issue(r *http.Request) string {
	header := i.response.Header()
	addVary(header, "Sec-Fetch-Site")
	if r.Header.Get("Sec-Fetch-Site") != "" {
		return ""
	}
	addVary(header, "Cookie")
	cachecontrol.Forbid(header)
	tokens := &i.guard.opts.Tokens
	if i.key == nil {
		i.key = tokens.key(r)
	}
	if i.key == nil {
		i.key = newTokenKey()
		http.SetCookie(i.response, tokens.cookie(i.key))
	}
	return i.key.token(tokens.Session(r))
}

// The reasons for which a request without Sec-Fetch-Site and Origin is refused.
var (
	errNoToken = errors.New("Sec-Fetch-Site, Origin and a token are missing: the form has none, or the client keeps " +
		"no cookies")
	errWrongToken = errors.New("Sec-Fetch-Site and Origin are missing, and the token is not of this session: it is " +
		"from before a sign-in or sign-out, or another visitor's, or made up")
)

func isTokenError(err error) bool { return err == errNoToken || err == errWrongToken }

// check returns an error if a request has no token of its session. It reads at most [maxForm] bytes of a form, and puts
// them back.
func (t *Tokens) check(r *http.Request) error {
	key := t.key(r)
	if key == nil {
		return errNoToken // without a cookie nothing could be good, so the body is not even read
	}
	switch token := findToken(r); {
	case token == "":
		return errNoToken
	case !key.made(token, t.Session(r)):
		return errWrongToken
	}
	return nil
}

// A tokenKey makes the tokens of one visitor. It exists in the cookie alone: the server keeps nothing.
//
//	token = 64( ALPHA / DIGIT / "-" / "_" )   ; base64url of salt and tag
//	salt  = 16 bytes, random, another one in every token
//	tag   = 32 bytes, HMAC-SHA-256 by the key over "csrf" %x00 salt binding
//
// The binding comes last, so that nothing that has a length is followed by anything. Because of the salt no two
// responses have anything secret in common, and their sizes after compression tell nothing (BREACH).
type tokenKey [24]byte

const (
	saltLen  = 16
	tokenLen = 64
)

// tokenText is strict, so one token has one spelling.
var tokenText = base64.RawURLEncoding.Strict()

func newTokenKey() *tokenKey {
	k := new(tokenKey)
	rand.Read(k[:]) // never fails: since Go 1.24 the program ends if the system has no randomness
	return k
}

func (k *tokenKey) token(binding string) string {
	raw := make([]byte, saltLen, saltLen+sha256.Size)
	rand.Read(raw)
	return tokenText.EncodeToString(k.tag(raw, raw, binding))
}

// made reports whether the key has made a token for the binding. It takes the same time for every token that is wrong.
func (k *tokenKey) made(token, binding string) bool {
	if len(token) != tokenLen {
		return false
	}
	raw, err := tokenText.DecodeString(token)
	return err == nil && hmac.Equal(raw[saltLen:], k.tag(nil, raw[:saltLen], binding))
}

// tag appends the tag of a salt and a binding.
func (k *tokenKey) tag(to, salt []byte, binding string) []byte {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("csrf\x00"))
	mac.Write(salt)
	mac.Write([]byte(binding))
	return mac.Sum(to)
}

// key returns the key in the request's cookie. It is nil if there is none, if it is malformed, and if there are several
// cookies of its name, because then another host has planted one of them.
func (t *Tokens) key(r *http.Request) *tokenKey {
	cookies := r.CookiesNamed(t.CookieName())
	if len(cookies) != 1 || len(cookies[0].Value) != tokenText.EncodedLen(len(tokenKey{})) {
		return nil
	}
	k := new(tokenKey)
	if _, err := tokenText.Decode(k[:], []byte(cookies[0].Value)); err != nil {
		return nil
	}
	return k
}

// cookie lives until the browser closes.
func (t *Tokens) cookie(k *tokenKey) *http.Cookie {
	return &http.Cookie{
		Name: t.CookieName(), Value: tokenText.EncodeToString(k[:]), Path: "/",
		Secure: !t.InsecureCookie, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// CookieName returns the name of the cookie that tokens depend on. It has the prefix that keeps other hosts and pages
// over plain HTTP from planting a key that they know.
func (t *Tokens) CookieName() string {
	if t.InsecureCookie {
		return "csrf"
	}
	return "__Host-csrf"
}

// addVary says on which request headers the response depends.
func addVary(header http.Header, on string) {
	if !slices.ContainsFunc(header["Vary"], func(has string) bool { return strings.EqualFold(has, on) }) {
		header.Add("Vary", on)
	}
}
