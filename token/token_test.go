package token_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/token"
)

const site = "https://shop.example"

// world is a site with an issuer, and a service that verifies.
type world struct {
	store    *memory.Store
	sessions *session.Manager
	ring     *seal.Ring
	issuer   *token.Issuer
	verifier *token.Verifier
}

func newWorld(t *testing.T, a token.Algorithm) *world {
	w := &world{store: memory.New(), ring: seal.New()}
	w.sessions = session.New(w.store, session.Options{})
	w.issuer = token.NewIssuer(w.sessions, w.ring, token.Options{Issuer: site, Algorithm: a})
	w.verifier = token.NewVerifier(token.VerifierOptions{
		Issuer: site, Audience: "orders", Algorithm: a, Keys: w.issuer.Keys, Feed: w.store,
	})
	t.Cleanup(func() {
		w.verifier.Close()
		_ = w.sessions.Close(t.Context())
	})
	return w
}

// signIn returns the ticket of a new session, and what issue makes of it.
func (w *world) signIn(t *testing.T, user string, options ...session.SignInOption) (ticket, text string) {
	t.Helper()
	answer := w.visit(t, "", func(s *session.Session) {
		must(t, s.SignIn(user, options...))
		text = w.issue(t, s)
	})
	for _, c := range answer.Result().Cookies() {
		ticket = c.Value
	}
	return ticket, text
}

func (w *world) issue(t *testing.T, s *session.Session) string {
	t.Helper()
	text, err := w.issuer.Issue(s, "orders")
	must(t, err)
	return text
}

func (w *world) visit(t *testing.T, ticket string, do func(*session.Session)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	if ticket != "" {
		r.Header.Set("Cookie", w.sessions.Options().Cookie+"="+ticket)
	}
	answer := httptest.NewRecorder()
	w.sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		do(session.From(r.Context()))
	})).ServeHTTP(answer, r)
	return answer
}

func (w *world) good(t *testing.T, text string) bool {
	t.Helper()
	_, ok, err := w.verifier.Verify(text)
	must(t, err)
	return ok
}

func TestTokenSaysWhoIsBehindASession(t *testing.T) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, a)
			_, text := w.signIn(t, "u42", session.By("password"), session.Level(2))
			claims, ok, err := w.verifier.Verify(text)
			must(t, err)
			now := time.Now().Unix()
			want := token.Claims{
				Issuer: site, Audience: "orders", User: "u42", Session: claims.Session, ID: claims.ID,
				IssuedAt: now, Expires: now + 120, Began: now * 1e6, AuthTime: now,
				Methods: []string{"password"}, Level: "2",
			}
			if !ok || fmt.Sprint(claims) != fmt.Sprint(want) || claims.Session.IsZero() || claims.ID == "" {
				t.Errorf("%v: %+v, %v, want %+v", a, claims, ok, want)
			}
			header, err := base64.RawURLEncoding.DecodeString(text[:strings.IndexByte(text, '.')])
			must(t, err)
			var h map[string]string
			must(t, json.Unmarshal(header, &h))
			if h["typ"] != "session+jwt" || h["alg"] != a.String() || h["kid"] == "" || len(h) != 3 {
				t.Errorf("header %s", header)
			}
			time.Sleep(120*time.Second - time.Nanosecond)
			if !w.good(t, text) {
				t.Error("refused before its end")
			}
			time.Sleep(time.Second)
			if w.good(t, text) {
				t.Error("good after its end")
			}
		})
	}
}

func TestNobodyGetsNoToken(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	w.visit(t, "", func(s *session.Session) {
		if text, err := w.issuer.Issue(s, "orders"); text != "" || !errors.Is(err, token.ErrNobody) {
			t.Errorf("a stranger: %q, %v", text, err)
		}
	})
}

// No token is good after the session's own end.
func TestTokenNeverOutlivesTheAbsoluteEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		ticket, _ := w.signIn(t, "u42")
		for range 24*2 - 1 {
			time.Sleep(30 * time.Minute)
			answer := w.visit(t, ticket, func(*session.Session) {})
			for _, c := range answer.Result().Cookies() {
				ticket = c.Value
			}
		}
		time.Sleep(29*time.Minute + 30*time.Second)
		var text string
		w.visit(t, ticket, func(s *session.Session) { text = w.issue(t, s) })
		claims, ok, err := w.verifier.Verify(text)
		must(t, err)
		if left := claims.Expires - time.Now().Unix(); !ok || left != 30 {
			t.Errorf("ok %v, good for %d s, want the 30 that the session has left", ok, left)
		}
	})
}

// What is forged, of another kind, for somebody else or over is refused, whatever its header says.
//
// Rows: A28, C12
func TestTokensThatAreRefused(t *testing.T) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		w := newWorld(t, a)
		_, good := w.signIn(t, "u42")
		set, err := w.issuer.Keys()
		must(t, err)
		public := set.Keys[0]
		now := time.Now().Unix()
		claims := func(change map[string]any) map[string]any {
			c := map[string]any{"iss": site, "aud": "orders", "sub": "u42", "sid": store.NewID(),
				"iat": now, "exp": now + 60}
			for k, v := range change {
				c[k] = v
			}
			return c
		}
		forge := func(alg jose.SignatureAlgorithm, key any, kid, typ string, c any) string {
			t.Helper()
			return sign(t, jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}},
				(&jose.SignerOptions{}).WithType(jose.ContentType(typ)), c)
		}
		ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		ec384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		must(t, err)
		_, ed, err := ed25519.GenerateKey(nil)
		must(t, err)
		rs, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		spki, err := json.Marshal(public)
		must(t, err)
		parts := strings.Split(good, ".")
		others := strings.Split(forge("ES256", ec, "x", token.Type, claims(nil)), ".")
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"session+jwt","kid":"` +
			public.KeyID + `"}`))
		for name, text := range map[string]string{
			"nothing":            "",
			"dots":               strings.Repeat(".", 1000),
			"two parts":          parts[0] + "." + parts[1],
			"four parts":         good + ".",
			"too long":           good + strings.Repeat("A", token.MaxLen),
			"no signature":       parts[0] + "." + parts[1] + ".",
			"alg none":           none + "." + parts[1] + ".",
			"alg none, signed":   none + "." + parts[1] + "." + parts[2],
			"padding":            good + "=",
			"line end":           good + "\n",
			"other claims":       parts[0] + "." + others[1] + "." + parts[2],
			"HS256 with the JWK": forge("HS256", spki, public.KeyID, token.Type, claims(nil)),
			"RS256":              forge("RS256", rs, public.KeyID, token.Type, claims(nil)),
			"ES384":              forge("ES384", ec384, public.KeyID, token.Type, claims(nil)),
			"ES256, other key":   forge("ES256", ec, public.KeyID, token.Type, claims(nil)),
			"EdDSA, other key":   forge("EdDSA", ed, public.KeyID, token.Type, claims(nil)),
			"key in the header": sign(t, jose.SigningKey{Algorithm: "ES256", Key: ec},
				(&jose.SignerOptions{EmbedJWK: true}).WithType(token.Type), claims(nil)),
			"kid is a path": forge("ES256", ec, "../../etc/passwd", token.Type, claims(nil)),
		} {
			if w.good(t, text) {
				t.Errorf("%v: %s: accepted", a, name)
			}
		}
		own := ownKey(t, w, a)
		if !w.good(t, forge(jose.SignatureAlgorithm(a.String()), own.Key, own.KeyID, token.Type, claims(nil))) {
			t.Fatalf("%v: the rest of the table proves nothing: what the right key has signed is refused", a)
		}
		mine := func(change map[string]any) string {
			t.Helper()
			return forge(jose.SignatureAlgorithm(a.String()), own.Key, own.KeyID, token.Type, claims(change))
		}
		for name, text := range map[string]string{
			"typ JWT":      forge(jose.SignatureAlgorithm(a.String()), own.Key, own.KeyID, "JWT", claims(nil)),
			"no kid":       forge(jose.SignatureAlgorithm(a.String()), own.Key, "", token.Type, claims(nil)),
			"other aud":    mine(map[string]any{"aud": "mail"}),
			"two auds":     mine(map[string]any{"aud": []string{"orders", "mail"}}),
			"other issuer": mine(map[string]any{"iss": "https://evil.example"}),
			"no user":      mine(map[string]any{"sub": ""}),
			"no session":   mine(map[string]any{"sid": nil}),
			"no end":       mine(map[string]any{"exp": 0}),
			"a long life":  mine(map[string]any{"exp": now + 301}),
			"over":         mine(map[string]any{"iat": now - 61, "exp": now - 1}),
			"from later":   mine(map[string]any{"iat": now + 60, "exp": now + 120}),
			"no claims": forge(jose.SignatureAlgorithm(a.String()), own.Key, own.KeyID, token.Type,
				map[string]any{}),
			"critical": sign(t, jose.SigningKey{Algorithm: jose.SignatureAlgorithm(a.String()),
				Key: jose.JSONWebKey{Key: own.Key, KeyID: own.KeyID}},
				(&jose.SignerOptions{}).WithType(token.Type).WithHeader("crit", []string{"x"}).WithHeader("x", 1),
				claims(nil)),
		} {
			if w.good(t, text) {
				t.Errorf("%v: %s: accepted", a, name)
			}
		}
		if !w.good(t, good) {
			t.Errorf("%v: the good one is refused at the end", a)
		}
	}
}

// One key has one algorithm, and a set that says otherwise is not believed.
//
// Rows: A28
func TestKeysOfAnotherKindAreNotUsed(t *testing.T) {
	w := newWorld(t, token.ES256)
	_, text := w.signIn(t, "u42")
	set, err := w.issuer.Keys()
	must(t, err)
	for name, change := range map[string]func(*jose.JSONWebKey){
		"for encryption":    func(k *jose.JSONWebKey) { k.Use = "enc" },
		"other algorithm":   func(k *jose.JSONWebKey) { k.Algorithm = "EdDSA" },
		"without a name":    func(k *jose.JSONWebKey) { k.KeyID = "" },
		"a symmetric key":   func(k *jose.JSONWebKey) { k.Key = []byte("secret"); k.Algorithm = "HS256" },
		"under other names": func(k *jose.JSONWebKey) { k.KeyID = "other" },
	} {
		key := set.Keys[0]
		change(&key)
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders",
			Keys: func() (jose.JSONWebKeySet, error) { return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key}}, nil }})
		if _, ok, err := v.Verify(text); ok || err != nil {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
}

// Each way to prove who one is stands in a token once, with the highest level of all.
func TestMethodsStandOnce(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	ticket, _ := w.signIn(t, "u42", session.By("password"), session.Level(2))
	w.visit(t, ticket, func(s *session.Session) {
		must(t, s.StepUp(session.By("password"), session.Level(1)))
		must(t, s.StepUp(session.By("otp")))
		must(t, s.StepUp())
		claims, ok, err := w.verifier.Verify(w.issue(t, s))
		if got := fmt.Sprint(claims.Methods, claims.Level); err != nil || !ok || got != "[password otp]2" {
			t.Errorf("%s, %v, %v", got, ok, err)
		}
	})
}

// What else an issuer signs says what it is, and is nobody's session.
func TestOtherKindsAreNoSessions(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	for _, kind := range []jose.ContentType{"", token.Type} {
		if text, err := w.issuer.Sign(kind, map[string]any{"sub": "u42"}); err == nil {
			t.Errorf("%q: %s", kind, text)
		}
	}
	if text, err := w.issuer.Sign("secevent+jwt", map[string]any{"sub": "u42"}); err != nil || w.good(t, text) {
		t.Errorf("%s, %v", text, err)
	}
}

// No token outlives what a verifier remembers, so that no issuer makes one.
//
// Rows: A29
func TestOptionsOfAnIssuer(t *testing.T) {
	for o, good := range map[token.Options]bool{
		{Issuer: site}: true,
		{Issuer: site, Lifetime: token.MaxLifetime, Algorithm: token.EdDSA}: true,
		{}: false,
		{Issuer: site, Lifetime: token.MaxLifetime + time.Second}:      false,
		{Issuer: site, Lifetime: token.MaxLifetime + time.Millisecond}: false,
		{Issuer: site, Lifetime: time.Minute + time.Millisecond}:       false,
		{Issuer: site, Lifetime: -time.Second}:                         false,
		{Issuer: site, Algorithm: token.EdDSA + 1}:                     false,
	} {
		if err := o.Check(); (err == nil) != good {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// What is missing is told when the program starts, and not by its first token.
func TestIssuersNeedSessionsAndKeys(t *testing.T) {
	w := newWorld(t, token.ES256)
	for name, f := range map[string]func(){
		"no sessions": func() { token.NewIssuer(nil, seal.New(), token.Options{Issuer: site}) },
		"no ring":     func() { token.NewIssuer(w.sessions, nil, token.Options{Issuer: site}) },
		"no keys":     func() { token.NewIssuer(w.sessions, &seal.Ring{}, token.Options{Issuer: site}) },
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, "needs a session manager, and keys") {
					t.Errorf("%s: %s", name, text)
				}
			}()
			f()
		}()
	}
	ticket, _ := w.signIn(t, "u42")
	w.visit(t, ticket, func(s *session.Session) {
		if text, err := w.issuer.Issue(s, ""); text != "" || err == nil || !strings.Contains(err.Error(), "audience") {
			t.Errorf("a token for nobody: %q, %v", text, err)
		}
	})
}

// Every way in which a session ends reaches a verifier that hears the feed, even for a token that it has accepted.
//
// Rows: I1
func TestVerifierHearsOfEnds(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *world, string){
		"sign-out": func(t *testing.T, w *world, ticket string) {
			w.visit(t, ticket, func(s *session.Session) { must(t, s.SignOut()) })
		},
		"revoked": func(t *testing.T, w *world, ticket string) {
			w.visit(t, ticket, func(s *session.Session) {
				_, err := w.sessions.Revoke(t.Context(), s.Handle())
				must(t, err)
			})
		},
		"user revoked": func(t *testing.T, w *world, _ string) {
			_, err := w.sessions.RevokeUser(t.Context(), "u42")
			must(t, err)
		},
		"user cut off": func(t *testing.T, w *world, _ string) {
			must(t, w.sessions.RevokeUserBefore(t.Context(), "u42", time.Now()))
		},
		"everybody cut off": func(t *testing.T, w *world, _ string) {
			must(t, w.sessions.RevokeBefore(t.Context(), time.Now()))
		},
		"stepped up": func(t *testing.T, w *world, ticket string) {
			w.visit(t, ticket, func(s *session.Session) { must(t, s.StepUp()) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, token.EdDSA)
				ticket, text := w.signIn(t, "u42")
				_, other := w.signIn(t, "u43")
				if !w.good(t, text) || !w.good(t, other) {
					t.Fatal("a good token is refused")
				}
				end(t, w, ticket)
				if w.good(t, text) {
					t.Error("the token is good after the end")
				}
				if ok := w.good(t, other); ok != (name != "everybody cut off") {
					t.Errorf("somebody else's token: %v", ok)
				}
				time.Sleep(2 * time.Second)
				if _, again := w.signIn(t, "u42"); !w.good(t, again) {
					t.Error("the token of a session that began later is refused")
				}
			})
		})
	}
}

// A not-before switch is about when a session began. It may lie in the past, and a node that hears of it late makes
// tokens of the ended session meanwhile: they are no good, while those of a session that began a moment after it are.
//
// Rows: I1
func TestCutoffsGoByWhenTheSessionBegan(t *testing.T) {
	for _, user := range []string{"", "u42"} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, token.EdDSA)
			feed := &pipe{}
			v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
				Keys: w.issuer.Keys, Feed: feed})
			good := func(text string) bool { _, ok, err := v.Verify(text); must(t, err); return ok }
			ticket, before := w.signIn(t, "u42")
			time.Sleep(time.Millisecond)
			cutoff := time.Now()
			time.Sleep(time.Millisecond)
			_, after := w.signIn(t, "u42")
			time.Sleep(10 * time.Minute)
			var late string // of the ended session, by a node that has not heard
			w.visit(t, ticket, func(s *session.Session) { late = w.issue(t, s) })
			if !good(late) {
				t.Fatal("a good token is refused")
			}
			feed.tell(store.Notice{Kind: store.Cutoff, User: user, At: cutoff})
			if good(late) || good(before) {
				t.Errorf("%q: the token of a session from before is good", user)
			}
			for range 3 { // what a verifier forgets in time is still known then
				time.Sleep(time.Minute)
				feed.tell(store.Notice{Kind: store.Deleted, ID: store.NewID()})
				w.visit(t, ticket, func(s *session.Session) { late = w.issue(t, s) })
				if good(late) {
					t.Errorf("%q: a later token of that session is good", user)
				}
			}
			if good(after) {
				t.Errorf("%q: good after its time", user)
			}
			if _, next := w.signIn(t, "u42"); !good(next) {
				t.Errorf("%q: the token of a later session is refused", user)
			}
		})
	}
}

// A node that hears of an end late may make one more token, and a verifier knows of the end for as long as that lives.
//
// Rows: I1
func TestEndsAreKnownAsLongAsTokensLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		w.issuer = token.NewIssuer(w.sessions, w.ring, token.Options{
			Issuer: site, Algorithm: token.EdDSA, Lifetime: token.MaxLifetime})
		feed := &pipe{}
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
			Keys: w.issuer.Keys, Feed: feed})
		ticket, _ := w.signIn(t, "u42")
		var id store.ID
		w.visit(t, ticket, func(s *session.Session) { id = s.Handle() })
		feed.tell(store.Notice{Kind: store.Deleted, ID: id})
		time.Sleep(8 * time.Second)
		var late string
		w.visit(t, ticket, func(s *session.Session) { late = w.issue(t, s) })
		for range 5 {
			time.Sleep(time.Minute - time.Second)
			feed.tell(store.Notice{Kind: store.Deleted, ID: store.NewID()}) // whereupon what is old is forgotten
			if _, ok, err := v.Verify(late); ok || err != nil {
				t.Fatalf("the token of an ended session is good: %v, %v", ok, err)
			}
		}
	})
}

// A session that begins in the very second of a switch has good tokens.
func TestSessionsOfTheSecondOfACutoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		_, before := w.signIn(t, "u42")
		must(t, w.sessions.RevokeBefore(t.Context(), time.Now()))
		must(t, w.sessions.RevokeUserBefore(t.Context(), "u42", time.Now()))
		time.Sleep(time.Millisecond)
		if _, after := w.signIn(t, "u42"); w.good(t, before) || !w.good(t, after) {
			t.Errorf("before: %t, after: %t", w.good(t, before), w.good(t, after))
		}
	})
}

// A verifier that starts anew has not heard who was signed out before, so that tokens from before are over.
//
// Rows: I1
func TestRestartedVerifierAcceptsNothingFromBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		ticket, text := w.signIn(t, "u42")
		w.visit(t, ticket, func(s *session.Session) { must(t, s.SignOut()) })
		time.Sleep(time.Second)
		w.verifier.Close()
		w.verifier = token.NewVerifier(token.VerifierOptions{
			Issuer: site, Audience: "orders", Algorithm: token.EdDSA, Keys: w.issuer.Keys, Feed: w.store,
		})
		if w.good(t, text) {
			t.Error("the token of a session that has ended is good after a restart")
		}
		if _, fresh := w.signIn(t, "u43"); !w.good(t, fresh) {
			t.Error("a fresh token is refused")
		}
	})
}

// pipe is a feed in the hand of a test.
type pipe struct{ tell func(store.Notice) }

func (p *pipe) Subscribe(tell func(store.Notice)) func() { p.tell = tell; return func() {} }

// While nobody tells, tokens are good until they expire; afterwards nobody knows what was not told.
func TestInterruptedFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		feed := &pipe{}
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
			Keys: w.issuer.Keys, Feed: feed})
		good := func(text string) bool { _, ok, err := v.Verify(text); must(t, err); return ok }
		_, text := w.signIn(t, "u42")
		feed.tell(store.Notice{Kind: store.Beat, At: time.Now()})
		if !good(text) {
			t.Fatal("refused")
		}
		feed.tell(store.Notice{Kind: store.Lost})
		if !good(text) {
			t.Error("refused while the feed is interrupted")
		}
		feed.tell(store.Notice{Kind: store.Beat, At: time.Now()})
		if good(text) {
			t.Error("good after the feed failed to tell what it may have had to")
		}
		time.Sleep(time.Second)
		if _, fresh := w.signIn(t, "u42"); !good(fresh) {
			t.Error("a fresh token is refused")
		}
	})
}

// However many sessions end, what a verifier remembers is bounded, and it forgets no end.
//
// Rows: I9
func TestFloodOfEndsIsBounded(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	feed := &pipe{}
	v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
		Keys: w.issuer.Keys, Feed: feed})
	_, text := w.signIn(t, "u42")
	claims, ok, err := v.Verify(text)
	must(t, err)
	if !ok {
		t.Fatal("refused")
	}
	feed.tell(store.Notice{Kind: store.Deleted, ID: claims.Session})
	for range 200_000 {
		feed.tell(store.Notice{Kind: store.Deleted, ID: store.NewID()})
	}
	if _, ok, err := v.Verify(text); ok || err != nil {
		t.Errorf("the token of an ended session is good again: %v, %v", ok, err)
	}
}

// Nobody meets a key that they cannot know yet.
//
// Rows: A29, C12
func TestRotationOfSigningKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.ES256)
		ticket, _ := w.signIn(t, "u42")
		kid := func(text string) string { return header(t, text)["kid"].(string) }
		issue := func() (text string) {
			w.visit(t, ticket, func(s *session.Session) { text = w.issue(t, s) })
			return text
		}
		first := issue()
		time.Sleep(time.Second)
		must(t, w.ring.Rotate())
		if set, err := w.issuer.Keys(); err != nil || len(set.Keys) != 2 {
			t.Fatalf("%d keys are published, %v, want 2", len(set.Keys), err)
		}
		time.Sleep(token.Overlap - time.Second)
		if text := issue(); kid(text) != kid(first) || !w.good(t, text) {
			t.Error("a key signs before everybody can know it, or is refused")
		}
		time.Sleep(time.Second)
		second := issue()
		if kid(second) == kid(first) || !w.good(t, second) {
			t.Error("the new key does not sign after the overlap, or is refused")
		}
	})
}

// Keys may come and go at any moment: those that are there are published.
func TestKeysWhileTheyChange(t *testing.T) {
	w := newWorld(t, token.ES256)
	var done atomic.Bool
	changed := make(chan error, 1)
	go func() {
		defer done.Store(true)
		for range 20_000 {
			if err := w.ring.Rotate(); err != nil {
				changed <- err
				return
			}
			if _, err := w.ring.Retire(time.Now().Add(time.Minute)); err != nil {
				changed <- err
				return
			}
		}
		changed <- nil
	}()
	for !done.Load() {
		if set, err := w.issuer.Keys(); err != nil || len(set.Keys) == 0 {
			t.Fatalf("%d keys, %v", len(set.Keys), err)
		}
	}
	if err := <-changed; err != nil {
		t.Fatal(err)
	}
}

// Tokens of a retired key are refused within a minute.
//
// Rows: A29, C12
func TestRetiredKeysAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.ES256)
		w.issuer = token.NewIssuer(w.sessions, w.ring, token.Options{Issuer: site, Lifetime: token.MaxLifetime})
		ticket, _ := w.signIn(t, "u42")
		time.Sleep(time.Minute)
		must(t, w.ring.Rotate())
		time.Sleep(token.Overlap - time.Second)
		var text string
		w.visit(t, ticket, func(s *session.Session) { text = w.issue(t, s) })
		if !w.good(t, text) {
			t.Fatal("refused")
		}
		time.Sleep(time.Second)
		if n, err := w.ring.Retire(time.Now()); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		time.Sleep(time.Minute)
		if w.good(t, text) {
			t.Error("a token of the retired key is good, although it was accepted before")
		}
	})
}

func TestJWKSIsCached(t *testing.T) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		w := newWorld(t, a)
		answer := httptest.NewRecorder()
		w.issuer.JWKS().ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
		var set struct{ Keys []map[string]string }
		must(t, json.Unmarshal(answer.Body.Bytes(), &set))
		if len(set.Keys) != 1 || set.Keys[0]["d"] != "" || set.Keys[0]["alg"] != a.String() ||
			set.Keys[0]["use"] != "sig" || set.Keys[0]["kid"] == "" {
			t.Errorf("%v: %v", a, answer.Body)
		}
		if h := answer.Header(); h.Get("Cache-Control") != "public, max-age=300" ||
			h.Get("Content-Type") != "application/jwk-set+json" || h.Get("Set-Cookie") != "" {
			t.Errorf("headers %v", h)
		}
		answer = httptest.NewRecorder()
		w.issuer.JWKS().ServeHTTP(answer, httptest.NewRequest("POST", "/", nil))
		if answer.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST: %d", answer.Code)
		}
	}
}

// A verifier asks for the keys when it needs them, and no oftener than it may, whatever it is shown.
//
// Rows: I9, I10
func TestFetchingOfKeysIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		var asked atomic.Int32
		var failing atomic.Bool
		failing.Store(true)
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
			Keys: func() (jose.JSONWebKeySet, error) {
				asked.Add(1)
				if failing.Load() {
					return jose.JSONWebKeySet{}, errors.New("down")
				}
				return w.issuer.Keys()
			}})
		_, text := w.signIn(t, "u42")
		for range 100 {
			if _, ok, err := v.Verify(text); ok || err == nil {
				t.Fatal("without keys nobody can tell")
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		failing.Store(false)
		time.Sleep(11 * time.Second)
		if _, ok, err := v.Verify(text); !ok || err != nil {
			t.Fatalf("with keys: %v, %v", ok, err)
		}
		strange := newWorld(t, token.EdDSA)
		_, other := strange.signIn(t, "u42")
		before := asked.Load()
		for range 600 {
			if _, ok, err := v.Verify(other); ok || err != nil {
				t.Fatal("a token of a key that there is not was accepted, or is an error")
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := asked.Load() - before; n < 5 || n > 6 {
			t.Errorf("asked %d times within a minute, want every 10 seconds", n)
		}
		failing.Store(true)
		for range 14 {
			time.Sleep(time.Minute)
			_, fresh := w.signIn(t, "u42")
			if _, ok, err := v.Verify(fresh); !ok || err != nil {
				t.Fatalf("the keys of a moment ago are not used: %v, %v", ok, err)
			}
		}
		time.Sleep(3 * time.Minute)
		_, fresh := w.signIn(t, "u42")
		if _, ok, err := v.Verify(fresh); ok || err == nil {
			t.Errorf("keys that nobody confirms are used for ever: %v, %v", ok, err)
		}
	})
}

// While tokens are verified all the time, nobody waits for keys that come slowly, nor for keys that do not come at all.
// What they say counts within a minute all the same.
//
// Rows: A29, I10
func TestNobodyWaitsForSlowKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.EdDSA)
		var slow, failing atomic.Bool
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Algorithm: token.EdDSA,
			Keys: func() (jose.JSONWebKeySet, error) {
				if slow.Load() {
					time.Sleep(5 * time.Second)
				}
				if failing.Load() {
					return jose.JSONWebKeySet{}, errors.New("down")
				}
				return w.issuer.Keys()
			}})
		verify := func() bool {
			t.Helper()
			_, text := w.signIn(t, "u42")
			began := time.Now()
			_, ok, err := v.Verify(text)
			if waited := time.Since(began); waited > 0 || err != nil {
				t.Errorf("waited %v, %v", waited, err)
			}
			return ok
		}
		verify()
		slow.Store(true)
		for range 300 {
			time.Sleep(time.Second)
			if !verify() {
				t.Fatal("a good token is refused")
			}
		}
		failing.Store(true)
		for range 300 {
			time.Sleep(time.Second)
			if !verify() {
				t.Fatal("without newer keys a good token is refused")
			}
		}
		failing.Store(false)
		time.Sleep(20 * time.Second)
		verify()
		time.Sleep(6 * time.Second)
		must(t, w.ring.Rotate())
		_, text := w.signIn(t, "u42")
		if n, err := w.ring.Retire(time.Now().Add(time.Second)); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		for range 60 {
			time.Sleep(time.Second)
			_, _, _ = v.Verify(text)
		}
		if _, ok, err := v.Verify(text); ok || err != nil {
			t.Errorf("a token of a key that was retired a minute ago: %v, %v", ok, err)
		}
	})
}

func TestExchange(t *testing.T) {
	w := newWorld(t, token.ES256)
	const secret = "0123456789abcdef0123456789abcdef"
	exchange := w.issuer.Exchange(token.Client{Name: "orders", Secret: secret, Audience: "orders"},
		token.Client{Name: "mail", Secret: secret + "m", Audience: "mail"})
	ticket, _ := w.signIn(t, "u42")
	form := func(ticket string) url.Values {
		return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token_type": {"urn:coatcheck:ticket"}, "subject_token": {ticket}}
	}
	ask := func(name, secret string, form url.Values, change func(*http.Request)) (int, map[string]any) {
		r := httptest.NewRequest("POST", "/token", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(name, secret)
		if change != nil {
			change(r)
		}
		answer := httptest.NewRecorder()
		exchange.ServeHTTP(answer, r)
		if answer.Header().Get("Cache-Control") != "no-store" || answer.Header().Get("Set-Cookie") != "" {
			t.Errorf("headers %v", answer.Header())
		}
		if asks := answer.Header().Get("WWW-Authenticate") != ""; asks != (answer.Code == http.StatusUnauthorized) {
			t.Errorf("%d with headers %v", answer.Code, answer.Header())
		}
		var body map[string]any
		_ = json.Unmarshal(answer.Body.Bytes(), &body)
		return answer.Code, body
	}
	without := func(r *http.Request) { r.Header.Del("Authorization") }
	forged := ticket[:len(ticket)-1] + "A"
	if forged == ticket {
		forged = ticket[:len(ticket)-1] + "g"
	}
	twice, other := form(ticket+"; "+w.sessions.Options().Cookie+"="+ticket), form(ticket)
	other.Set("grant_type", "password")
	status, body := ask("orders", secret, form(ticket), nil)
	text, _ := body["access_token"].(string)
	left, _ := body["expires_in"].(float64)
	if status != http.StatusOK || body["token_type"] != "Bearer" || left < 60 || left > 120 || !w.good(t, text) {
		t.Errorf("%d, %v", status, body)
	}
	_, body = ask("mail", secret+"m", form(ticket), nil)
	if text, _ := body["access_token"].(string); text == "" || w.good(t, text) {
		t.Errorf("a token for mail is good for orders: %v", body)
	}
	for name, c := range map[string]struct {
		name, secret string
		form         url.Values
		change       func(*http.Request)
		status       int
	}{
		"wrong secret":   {"orders", secret + "m", form(ticket), nil, 401},
		"unknown client": {"nobody", "", form(ticket), nil, 401},
		"no client":      {"orders", secret, form(ticket), without, 401},
		"no ticket":      {"orders", secret, form(""), nil, 400},
		"forged ticket":  {"orders", secret, form(forged), nil, 400},
		"two cookies":    {"orders", secret, twice, nil, 400},
		"another cookie": {"orders", secret, form(ticket + "; other=1"), nil, 400},
		"two tickets":    {"orders", secret, url.Values{"subject_token": {ticket, ticket}}, nil, 400},
		"other grant":    {"orders", secret, other, nil, 400},
		"too large":      {"orders", secret, form(strings.Repeat("A", 9000)), nil, 400},
		"from a page":    {"orders", secret, form(ticket), func(r *http.Request) { r.Header.Set("Origin", site) }, 403},
		"GET":            {"orders", secret, form(ticket), func(r *http.Request) { r.Method = "GET" }, 405},
	} {
		if status, body := ask(c.name, c.secret, c.form, c.change); status != c.status || body["access_token"] != nil {
			t.Errorf("%s: %d, %v, want %d", name, status, body, c.status)
		}
	}
}

// Where all tickets come in a header, as at an API without browsers, they are exchanged as well.
func TestExchangeOfTicketsInHeaders(t *testing.T) {
	sessions := session.New(memory.New(), session.Options{Header: func(*http.Request) bool { return true }})
	defer sessions.Close(t.Context())
	answer := httptest.NewRecorder()
	sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := session.From(r.Context()).SignIn("ada"); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(answer, httptest.NewRequest("POST", "/login", nil))
	secret := strings.Repeat("s", 32)
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token_type": {"urn:coatcheck:ticket"}, "subject_token": {answer.Header().Get("Session-Ticket")}}
	r := httptest.NewRequest("POST", "/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("orders", secret)
	issuer := token.NewIssuer(sessions, seal.New(), token.Options{Issuer: site})
	answer = httptest.NewRecorder()
	issuer.Exchange(token.Client{Name: "orders", Secret: secret, Audience: "orders"}).ServeHTTP(answer, r)
	if answer.Code != http.StatusOK {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
}

// A store that cannot tell is no answer to a client, also where visitors go on without it.
//
// Rows: I10
func TestExchangeWhileTheStoreIsDown(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	for name, f := range map[string]session.Failure{
		"required": session.Required, "optional": session.Optional, "stale": session.Stale(time.Minute),
	} {
		st := &stoppable{Store: memory.New()}
		w := &world{sessions: session.New(st, session.Options{
			OnFailure: func(*http.Request) session.Failure { return f },
		})}
		w.issuer = token.NewIssuer(w.sessions, seal.New(), token.Options{Issuer: site})
		ticket, _ := w.signIn(t, "u42")
		w.visit(t, ticket, func(s *session.Session) { _ = s.User() }) // so that Stale knows it
		st.down.Store(true)
		r := httptest.NewRequest("POST", "/token", strings.NewReader(url.Values{
			"grant_type":         {"urn:ietf:params:oauth:grant-type:token-exchange"},
			"subject_token_type": {"urn:coatcheck:ticket"}, "subject_token": {ticket},
		}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth("orders", secret)
		answer := httptest.NewRecorder()
		w.issuer.Exchange(token.Client{Name: "orders", Secret: secret, Audience: "orders"}).ServeHTTP(answer, r)
		if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %s, Retry-After %q", name, answer.Code, answer.Body, answer.Header().Get("Retry-After"))
		}
		_ = w.sessions.Close(t.Context())
	}
}

// stoppable is a store that can be stopped.
type stoppable struct {
	store.Store
	down atomic.Bool
}

func (s *stoppable) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if s.down.Load() {
		return store.Record{}, errors.New("down")
	}
	return s.Store.Load(ctx, id)
}

// What one caller does to the claims of a token, the next one does not see.
func TestClaimsAreTheCallersOwn(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	_, text := w.signIn(t, "u42", session.By("password"))
	for range 3 {
		claims, ok, err := w.verifier.Verify(text)
		must(t, err)
		if !ok || fmt.Sprint(claims.Methods) != "[password]" {
			t.Fatalf("%v, proved by %v", ok, claims.Methods)
		}
		claims.Methods[0] = "passkey"
	}
}

// Headers that anybody can write take no room from those of the issuer, which are read once.
//
// Rows: A28
func TestForgedHeadersAreNotKept(t *testing.T) {
	work := func(flood int) float64 {
		w := newWorld(t, token.EdDSA)
		v := token.NewVerifier(token.VerifierOptions{
			Issuer: site, Audience: "orders", Algorithm: token.EdDSA, Keys: w.issuer.Keys, Remember: -1,
		})
		_, text := w.signIn(t, "u42")
		_, rest, _ := strings.Cut(text, ".")
		for i := range flood {
			forged := fmt.Sprintf(`{"alg":"EdDSA","kid":%q,"typ":%q,"n":%d}`, header(t, text)["kid"], token.Type, i)
			forged = base64.RawURLEncoding.EncodeToString([]byte(forged))
			if _, ok, err := v.Verify(forged + "." + rest); ok || err != nil {
				t.Fatalf("%v, %v", ok, err)
			}
		}
		return testing.AllocsPerRun(20, func() {
			if _, ok, err := v.Verify(text); !ok || err != nil {
				t.Fatalf("%v, %v", ok, err)
			}
		})
	}
	if quiet, flooded := work(0), work(10); flooded > quiet+10 {
		t.Errorf("%v allocations after forged headers, %v without", flooded, quiet)
	}
}

func TestRequireLetsGoodTokensThrough(t *testing.T) {
	w := newWorld(t, token.ES256)
	_, text := w.signIn(t, "u42")
	handler := w.verifier.Require(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		claims, ok := token.From(r.Context())
		fmt.Fprint(rw, claims.User, ok)
	}))
	const refused = "This token is not good, or not any more. Please get a new one.\n"
	for name, c := range map[string]struct {
		values           []string
		status           int
		challenge, wrote string
	}{
		"good":       {[]string{"Bearer " + text}, 200, "", "u42true"},
		"good too":   {[]string{"bearer " + text}, 200, "", "u42true"},
		"none":       {nil, 401, "Bearer", ""},
		"forged":     {[]string{"Bearer " + text + "A"}, 401, `Bearer error="invalid_token"`, refused},
		"two":        {[]string{"Bearer " + text, "Bearer " + text}, 401, "Bearer", ""},
		"not bearer": {[]string{"Basic " + text}, 401, "Bearer", ""},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = c.values
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if answer.Code != c.status || answer.Header().Get("WWW-Authenticate") != c.challenge ||
			c.wrote != "" && answer.Body.String() != c.wrote {
			t.Errorf("%s: %d %q %q", name, answer.Code, answer.Header().Get("WWW-Authenticate"), answer.Body)
		}
	}
}

func TestVerifiersPrintNoToken(t *testing.T) {
	w := newWorld(t, token.ES256)
	_, text := w.signIn(t, "u42")
	if !w.good(t, text) {
		t.Fatal("refused")
	}
	if out := fmt.Sprintf("%v %+v %#v", w.verifier, w.verifier, w.verifier); len(out) > 200 {
		t.Errorf("printed %q", out)
	}
}

// An issuer that is printed shows no key, and a client no secret.
//
// Rows: I7
func TestIssuersPrintNoSecret(t *testing.T) {
	w := newWorld(t, token.EdDSA)
	w.signIn(t, "u42") // so that it has made its keys
	c := token.Client{Name: "orders", Secret: "0123456789abcdef0123456789abcdef", Audience: "shop"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x"} {
		if got := fmt.Sprintf(verb, w.issuer); got != "issuer("+site+")" {
			t.Errorf("%s prints %.200s", verb, got)
		}
		got := fmt.Sprintf(verb, []token.Client{c})
		if strings.Contains(got, "0123") || strings.Contains(got, "30313233") { // in hexadecimal digits
			t.Errorf("%s prints %s", verb, got)
		}
	}
	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(h).Info("known", "one", c, "at", &c, "all", []token.Client{c}, "by name", map[string]any{"c": &c})
	}
	if text := logged.String(); strings.Contains(text, "0123") || strings.Count(text, "orders for shop") != 8 {
		t.Errorf("logged: %s", text)
	}
}

func FuzzVerify(f *testing.F) {
	w := &world{store: memory.New(), ring: seal.New()}
	w.sessions = session.New(w.store, session.Options{})
	w.issuer = token.NewIssuer(w.sessions, w.ring, token.Options{Issuer: site})
	v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Keys: w.issuer.Keys})
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJFUzI1NiIsImtpZCI6IngiLCJ0eXAiOiJzZXNzaW9uK2p3dCJ9.e30.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		if claims, ok, err := v.Verify(text); ok || err != nil {
			t.Errorf("nobody made %q: %+v, %v", text, claims, err)
		}
	})
}

// ownKey returns the private key that a ring's issuer signs with, as whoever has the key file could.
func ownKey(t *testing.T, w *world, a token.Algorithm) jose.JSONWebKey {
	t.Helper()
	set, err := w.issuer.Keys()
	must(t, err)
	id := w.ring.Keys()[0].ID
	if a == token.EdDSA {
		seed, _ := w.ring.Derive(id, "token EdDSA", ed25519.SeedSize)
		return jose.JSONWebKey{Key: ed25519.NewKeyFromSeed(seed), KeyID: set.Keys[0].KeyID}
	}
	secret, _ := w.ring.Derive(id, "token ES256 0", 32)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), secret)
	must(t, err)
	return jose.JSONWebKey{Key: key, KeyID: set.Keys[0].KeyID}
}

func sign(t *testing.T, key jose.SigningKey, opts *jose.SignerOptions, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(key, opts)
	must(t, err)
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	must(t, err)
	return text
}

func header(t *testing.T, text string) (h map[string]any) {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text[:strings.IndexByte(text, '.')])
	must(t, err)
	must(t, json.Unmarshal(b, &h))
	return h
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
