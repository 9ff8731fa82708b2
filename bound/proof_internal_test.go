package bound

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// vector is one of the public vectors, of which each has a part of the fields.
type vector struct {
	Challenge string
	SessionID string
	Response  string           `json:"secureSessionResponse"`
	Public    *jose.JSONWebKey `json:"publicKeyJwk"`
	Stored    *jose.JSONWebKey `json:"storedPublicKeyJwk"`
	Inputs    struct{ Algorithm, RegistrationPath, Challenge, SessionID string }
	Expected  map[string]string
}

func vectorOf(t *testing.T, name string) (v vector) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "shared", "standards", "dbsc-vector-"+name+".json"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no vectors: %v", err)
		}
		t.Skipf("no vectors: %v", err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The public vectors of another implementation verify.
func TestVectors(t *testing.T) {
	r := httptest.NewRequest("POST", "https://shop.test/", nil)
	t.Run("registration", func(t *testing.T) {
		v := vectorOf(t, "registration")
		p, err := parseProof(v.Response)
		if err != nil {
			t.Fatal(err)
		}
		key, err := p.newKey()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.verify(key, r.Host, r.URL.Path); err != nil || p.claims.ID != v.Challenge {
			t.Errorf("verified: %v, challenge %q", err, p.claims.ID)
		}
		got, _ := json.Marshal(key)
		want, _ := json.Marshal(v.Public)
		if string(got) != string(want) {
			t.Errorf("key %s, want %s", got, want)
		}
	})
	t.Run("refresh", func(t *testing.T) {
		v := vectorOf(t, "refresh")
		p, err := parseProof(v.Response)
		if err != nil || p.key != nil {
			t.Fatal(err, p)
		}
		if err := p.verify(v.Stored, r.Host, r.URL.Path); err != nil || p.claims.ID != v.Challenge {
			t.Errorf("verified: %v, challenge %q", err, p.claims.ID)
		}
	})
	t.Run("header", func(t *testing.T) {
		v := vectorOf(t, "registration-header")
		got := challengeOf(v.Inputs.Challenge, v.Inputs.SessionID)
		if want := v.Expected["Secure-Session-Challenge (with id)"]; got != want {
			t.Errorf("challenge %s, want %s", got, want)
		}
		// Ours offers two algorithms, and has an authorization.
		got = offerOf(v.Inputs.RegistrationPath, v.Inputs.Challenge, "a")
		want := `(ES256 RS256);path="` + v.Inputs.RegistrationPath + `";challenge="` + v.Inputs.Challenge +
			`";authorization="a"`
		if theirs := v.Expected["Secure-Session-Registration"]; got != want ||
			theirs != "(ES256)"+want[len("(ES256 RS256)"):len(want)-len(`;authorization="a"`)] {
			t.Errorf("offer %s\nwant %s\nlike %s", got, want, theirs)
		}
	})
}

func FuzzProof(f *testing.F) {
	f.Add("eyJhbGciOiJFUzI1NiIsInR5cCI6ImRic2Mrand0In0.eyJqdGkiOiJjIn0.AAAA")
	f.Add("..")
	r := httptest.NewRequest("POST", "https://shop.test/", nil)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseProof(text)
		if err != nil {
			return
		}
		if key, err := p.newKey(); err == nil {
			_ = p.verify(key, r.Host, r.URL.Path)
		}
	})
}

func FuzzState(f *testing.F) {
	s := state{phase: confirmed, at: time.UnixMicro(5), binding: binding{Keys: []boundKey{{ID: "x"}}}}
	s.addValue("a", time.UnixMicro(7))
	text, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("\x01\x00")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := decode(text)
		if err != nil {
			return
		}
		if again, err := s.encode(); err != nil {
			t.Errorf("read, and not written: %v", err)
		} else if _, err := decode(again); err != nil {
			t.Errorf("written, and not read: %v", err)
		}
	})
}
