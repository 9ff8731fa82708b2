package bench

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/token"
)

// tokenSite issues tokens, and says by which key.
type tokenSite struct {
	algorithm token.Algorithm
	issuer    *token.Issuer
	text      string
	key       any
}

func newTokenSite(a token.Algorithm) tokenSite {
	sessions := session.New(memory.New(), session.Options{})
	s := tokenSite{algorithm: a}
	s.issuer = token.NewIssuer(sessions, seal.New(),
		token.Options{Issuer: "https://shop.example", Algorithm: a, Lifetime: token.MaxLifetime})
	handler := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		visitor := session.From(r.Context())
		must(visitor.SignIn("u42", session.By("password"), session.Level(1)))
		text, err := s.issuer.Issue(visitor, "orders")
		must(err)
		s.text = text
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	set, err := s.issuer.Keys()
	must(err)
	s.key = set.Keys[0].Key
	return s
}

func (s *tokenSite) verifier(remember int) *token.Verifier {
	return token.NewVerifier(token.VerifierOptions{
		Issuer: "https://shop.example", Audience: "orders", Algorithm: s.algorithm, Keys: s.issuer.Keys,
		Remember: remember,
	})
}

func (s *tokenSite) verify(b *testing.B, v *token.Verifier) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok, err := v.Verify(s.text); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// verifyElsewhere is golang-jwt with the checks that its documentation recommends.
func (s *tokenSite) verifyElsewhere(b *testing.B) {
	type claims struct {
		jwt.RegisteredClaims
		Session  string   `json:"sid"`
		AuthTime int64    `json:"auth_time"`
		Methods  []string `json:"amr"`
		Level    string   `json:"acr"`
	}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{s.algorithm.String()}), jwt.WithAudience("orders"),
		jwt.WithIssuer("https://shop.example"), jwt.WithExpirationRequired())
	key := func(*jwt.Token) (any, error) { return s.key, nil }
	b.ReportAllocs()
	for b.Loop() {
		var c claims
		_, err := parser.ParseWithClaims(s.text, &c, key)
		must(err)
	}
}

// checkSignature is the least that anybody has to do: the bare signature check.
func (s *tokenSite) checkSignature(b *testing.B) {
	dot := strings.LastIndexByte(s.text, '.')
	message := []byte(s.text[:dot])
	signature, err := base64.RawURLEncoding.DecodeString(s.text[dot+1:])
	must(err)
	b.ReportAllocs()
	for b.Loop() {
		ok := false
		switch key := s.key.(type) {
		case ed25519.PublicKey:
			ok = ed25519.Verify(key, message, signature)
		case *ecdsa.PublicKey:
			var r, q big.Int
			hash := sha256.Sum256(message)
			ok = ecdsa.Verify(key, hash[:], r.SetBytes(signature[:32]), q.SetBytes(signature[32:]))
		}
		if !ok {
			b.Fatal("refused")
		}
	}
}

// BenchmarkTokenVerify sees each token for the first time.
func BenchmarkTokenVerify(b *testing.B) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		s := newTokenSite(a)
		b.Run("alg="+a.String()+"/coatcheck", func(b *testing.B) { s.verify(b, s.verifier(-1)) })
		b.Run("alg="+a.String()+"/golangjwt", s.verifyElsewhere)
		b.Run("alg="+a.String()+"/limit", s.checkSignature)
	}
}

// BenchmarkTokenAgain sees a token that it has accepted before, as in each request of one call after another.
func BenchmarkTokenAgain(b *testing.B) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		s := newTokenSite(a)
		b.Run("alg="+a.String()+"/coatcheck", func(b *testing.B) { s.verify(b, s.verifier(0)) })
		b.Run("alg="+a.String()+"/golangjwt", s.verifyElsewhere)
	}
}
