package webhook_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/event"
	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/token"
)

const (
	issuerURL = "https://shop.example"
	audience  = "https://caep.example"
	revokedOf = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
)

func newIssuer() *token.Issuer {
	sessions := session.New(memory.New(), session.Options{})
	return token.NewIssuer(sessions, seal.New(), token.Options{Issuer: issuerURL})
}

// A signal is a token as a receiver reads it, with go-jose alone.
type signal struct {
	jwt.Claims
	Subject map[string]any            `json:"sub_id"`
	Events  map[string]map[string]any `json:"events"`
}

// Revocations reach a receiver of shared signals as tokens that verify with the published keys, and nothing else does.
func TestSharedSignals(t *testing.T) {
	h := newHook(t)
	issuer := newIssuer()
	out := open(t, quick(filepath.Join(t.TempDir(), "webhooks.db")), webhook.Receiver{
		Name: "shared-signals", URL: h.URL, Signals: &webhook.Signals{
			Issuer: issuerURL, Audience: audience, Authorization: "Bearer of-this-test",
			Sign: func(claims any) (string, error) { return issuer.Sign("secevent+jwt", claims) },
		},
	})
	id, visitor := store.NewID(), store.NewID()
	at := time.Now().Add(-time.Minute)
	for _, e := range []event.Event{
		{Kind: event.Created, Handle: id}, {Kind: event.SignedIn, Handle: id, User: "ada"},
		{Kind: event.Revoked, Handle: id, User: "ada", Actor: "root", Reason: "left the company"},
		{Kind: event.SignedOut, Handle: visitor}, {Kind: event.Revoked, User: "ada"},
		{Kind: event.Revoked, Actor: "root"},
	} {
		e.At = at
		out.Observe(e)
	}
	out.Notice(store.Notice{Kind: store.Swept, ID: id})
	eventually(t, "four are taken", func() bool { return len(h.all()) == 4 && status(t, out).Waiting == 0 })

	keys, err := issuer.Keys()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range h.all() {
		if m.kind != "application/secevent+jwt" || m.authorization != "Bearer of-this-test" || m.signature != "" {
			t.Errorf("%+v", m)
		}
		parsed, err := jwt.ParseSigned(m.body, []jose.SignatureAlgorithm{jose.ES256})
		if err != nil || len(parsed.Headers) != 1 || parsed.Headers[0].ExtraHeaders[jose.HeaderType] != "secevent+jwt" {
			t.Fatalf("%v: %+v", err, parsed)
		}
		var s signal
		if err := parsed.Claims(keys.Key(parsed.Headers[0].KeyID)[0], &s); err != nil {
			t.Fatal(err)
		}
		if s.Issuer != issuerURL || !s.Audience.Contains(audience) || !strings.HasPrefix(s.ID, "msg_") ||
			time.Since(s.IssuedAt.Time()) > time.Minute || s.Expiry != nil || len(s.Events) != 1 {
			t.Errorf("%+v", s)
		}
		e := s.Events[revokedOf]
		if e["event_timestamp"] != float64(at.Unix()) {
			t.Errorf("%+v", e)
		}
		subject, _ := json.Marshal(s.Subject)
		found[string(subject)] = e["initiating_entity"].(string)
		if reason, ok := e["reason_admin"]; ok && reason.(map[string]any)["en"] != "left the company" {
			t.Errorf("the reason is %v", reason)
		}
	}
	user := `{"format":"iss_sub","iss":"` + issuerURL + `","sub":"ada"}`
	for subject, who := range map[string]string{
		`{"format":"complex","session":{"format":"opaque","id":"` + id.String() + `"},"user":` + user + "}": "admin",
		`{"format":"opaque","id":"` + visitor.String() + `"}`:                                               "user",
		user: "system",
		`{"format":"complex","tenant":{"format":"opaque","id":"` + issuerURL + `"}}`: "admin",
	} {
		if found[subject] != who {
			t.Errorf("%s is by %q, want %q; there are %v", subject, found[subject], who, found)
		}
	}
}

// A token of another kind is never taken for one of a session.
func TestASignalIsNoSessionToken(t *testing.T) {
	issuer := newIssuer()
	if _, err := issuer.Sign(token.Type, map[string]any{}); err == nil {
		t.Error("any claims are signed as a session's")
	}
	text, err := issuer.Sign("secevent+jwt", map[string]any{
		"iss": issuerURL, "aud": "orders", "sub": "ada", "sid": store.NewID().String(),
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	v := token.NewVerifier(token.VerifierOptions{Issuer: issuerURL, Audience: "orders", Keys: issuer.Keys})
	defer v.Close()
	if _, ok, err := v.Verify(text); ok || err != nil {
		t.Error("a verifier of session tokens takes it")
	}
}
