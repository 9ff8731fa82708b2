package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"coatcheck.dev/store"
	"coatcheck.dev/token"
)

// A header or a payload is refused if it can be read in two ways, or says what no token of an issuer says, even though
// the issuer's own key has signed it.
//
// Rows: A28, C12
func TestSignedTextsThatAreNoTokens(t *testing.T) {
	for _, a := range []token.Algorithm{token.ES256, token.EdDSA} {
		w := newWorld(t, a)
		own := ownKey(t, w, a)
		now := time.Now().Unix()
		sid := store.NewID().String()
		header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":%q}`, a, own.KeyID, token.Type)
		claims := func(change string) string {
			return fmt.Sprintf(`{"iss":%q,"aud":"orders","sub":"u42","sid":%q,"iat":%d,"exp":%d%s}`,
				site, sid, now, now+60,
				change)
		}
		if !w.good(t, signRaw(t, own, header, claims(""))) || !w.good(t, signRaw(t, own, header, claims(`,"new":1`))) {
			t.Fatalf("%v: the rest of the table proves nothing: what the right key has signed is refused", a)
		}
		with := func(more string) string { return strings.Replace(header, "}", ","+more+"}", 1) }
		for name, h := range map[string]string{
			"crit":               with(`"crit":["exp"],"exp":1`),
			"empty crit":         with(`"crit":[]`),
			"crit and b64":       with(`"crit":["b64"],"b64":false`),
			"crit as text":       with(`"crit":"exp"`),
			"typ in capitals":    strings.Replace(header, token.Type, strings.ToUpper(token.Type), 1),
			"typ of a media":     strings.Replace(header, token.Type, "application/"+token.Type, 1),
			"typ with a space":   strings.Replace(header, token.Type, token.Type+" ", 1),
			"typ is a list":      strings.Replace(header, `"`+token.Type+`"`, `["`+token.Type+`"]`, 1),
			"Typ":                strings.Replace(header, `"typ"`, `"Typ"`, 1),
			"two typs":           with(`"typ":"JWT"`),
			"two kids":           with(`"kid":"other"`),
			"two algs":           with(`"alg":"none"`),
			"alg in other case":  strings.Replace(header, a.String(), strings.ToLower(a.String()), 1),
			"Alg":                strings.Replace(header, `"alg"`, `"ALG"`, 1),
			"kid is a number":    strings.Replace(header, `"`+own.KeyID+`"`, "1", 1),
			"a list":             "[" + header + "]",
			"text after it":      header + header,
			"nothing":            "",
			"null":               "null",
			"zip":                with(`"zip":"DEF","crit":["zip"]`),
			"an empty kid":       strings.Replace(header, own.KeyID, "", 1),
			"a kid with a blank": strings.Replace(header, own.KeyID, own.KeyID+" ", 1),
		} {
			if w.good(t, signRaw(t, own, h, claims(""))) {
				t.Errorf("%v: header, %s: accepted", a, name)
			}
		}
		for name, c := range map[string]string{
			"two subs":           claims(`,"sub":"root"`),
			"two auds":           claims(`,"aud":"orders"`),
			"two exps":           claims(fmt.Sprintf(`,"exp":%d`, now+100)),
			"two sids":           claims(fmt.Sprintf(`,"sid":%q`, store.NewID())),
			"nbf in an hour":     claims(fmt.Sprintf(`,"nbf":%d`, now+3600)),
			"nbf as text":        claims(`,"nbf":"1"`),
			"nbf beyond 64 bits": claims(`,"nbf":99999999999999999999`),
			"aud of a list":      strings.Replace(claims(""), `"orders"`, `["orders"]`, 1),
			"aud of many": strings.Replace(claims(""),
				`"orders"`, `["orders"`+strings.Repeat(`,"a"`, 500)+`]`, 1),
			"aud in capitals":  strings.Replace(claims(""), `"orders"`, `"Orders"`, 1),
			"aud with a blank": strings.Replace(claims(""), `"orders"`, `"orders "`, 1),
			"iss with a slash": strings.Replace(claims(""), site, site+"/", 1),
			"Sub":              strings.Replace(claims(""), `"sub"`, `"SUB"`, 1),
			"sub is a number":  strings.Replace(claims(""), `"u42"`, `42`, 1),
			"sub is null":      strings.Replace(claims(""), `"u42"`, `null`, 1),
			"iat far ahead":    strings.Replace(claims(""), fmt.Sprint(now, ","), "9223372036854775807,", 1),
			"iat below 0": strings.Replace(claims(""),
				fmt.Sprint(`"iat":`, now), `"iat":-9223372036854775808`, 1),
			"iat and exp far ahead": fmt.Sprintf(`{"iss":%q,"aud":"orders","sub":"u42","sid":%q,"iat":%d,"exp":%d}`,
				site, sid, int64(1)<<62, int64(1)<<62+60),
			"exp at the end of time": strings.Replace(claims(""), fmt.Sprint(now+60), "9223372036854775807", 1),
			"exp as text":            strings.Replace(claims(""), fmt.Sprint(now+60), fmt.Sprintf(`"%d"`, now+60), 1),
			"exp is half a second":   strings.Replace(claims(""), fmt.Sprint(now+60), fmt.Sprintf(`%d.5`, now+60), 1),
			"sid of zeros":           strings.Replace(claims(""), sid, store.ID{}.String(), 1),
			"sid of another length":  strings.Replace(claims(""), sid, sid+"AA", 1),
			"a list":                 "[" + claims("") + "]",
			"text after it":          claims("") + "{}",
			"nothing":                "",
		} {
			if w.good(t, signRaw(t, own, header, c)) {
				t.Errorf("%v: claims, %s: accepted", a, name)
			}
		}
	}
}

// signRaw signs a header and a payload as they are.
func signRaw(t *testing.T, key jose.JSONWebKey, header, payload string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(payload))
	var signature []byte
	switch k := key.Key.(type) {
	case ed25519.PrivateKey:
		signature = ed25519.Sign(k, []byte(text))
	case *ecdsa.PrivateKey:
		hash := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, k, hash[:])
		must(t, err)
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Of two keys with one ID either may have signed (RFC 7517, section 4.5, says that they should differ). A key that
// comes instead of another one under its ID ends what the other one has signed.
//
// Rows: A28, C12
func TestKeysOfOneID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, token.ES256)
		w.issuer = token.NewIssuer(w.sessions, w.ring, token.Options{Issuer: site, Lifetime: token.MaxLifetime})
		_, text := w.signIn(t, "u42")
		set, err := w.issuer.Keys()
		must(t, err)
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		ours, other := set.Keys[0], set.Keys[0]
		other.Key = private.Public()
		published := []jose.JSONWebKey{ours, other}
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders",
			Keys: func() (jose.JSONWebKeySet, error) { return jose.JSONWebKeySet{Keys: published}, nil }})
		for name, keys := range map[string][]jose.JSONWebKey{
			"ours first": {ours, other}, "ours last": {other, ours}, "ours twice": {ours, ours},
		} {
			published = keys
			time.Sleep(time.Minute)
			if _, ok, err := v.Verify(text); !ok || err != nil {
				t.Errorf("%s: %v, %v", name, ok, err)
			}
		}
		published = []jose.JSONWebKey{other}
		time.Sleep(time.Minute)
		if _, ok, err := v.Verify(text); ok || err != nil {
			t.Errorf("the key is gone, another one has its ID: %v, %v", ok, err)
		}
	})
}

// A set of keys may have some that this program does not know, or that are broken. The others are good.
//
// Rows: A28
func TestUnknownKeysBesideOurs(t *testing.T) {
	w := newWorld(t, token.ES256)
	_, text := w.signIn(t, "u42")
	set, err := w.issuer.Keys()
	must(t, err)
	ours, err := json.Marshal(set.Keys[0])
	must(t, err)
	for name, other := range map[string]string{
		"of another kind":  `{"kty":"AKP","kid":"pq","alg":"ML-DSA-44","pub":"AAAA"}`,
		"without a kind":   `{"kid":"x"}`,
		"of another curve": `{"kty":"EC","kid":"k","crv":"secp256k1","x":"AAAA","y":"AAAA"}`,
		"for agreements":   `{"kty":"OKP","kid":"x","crv":"X25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`,
		"beside its curve": `{"kty":"EC","kid":"b","crv":"P-256","x":"` + strings.Repeat("A", 43) +
			`","y":"` + strings.Repeat("E", 43) + `"}`,
		"that lacks a part":     `{"kty":"EC","kid":"b","crv":"P-256","x":"AAAA"}`,
		"with parts of no text": `{"kty":"EC","kid":1}`,
		"with a bad chain":      `{"kty":"EC","kid":"b","x5c":["AAAA"]}`,
		"that is none":          `null`,
		"that is a text":        `"key"`,
	} {
		for _, keys := range []string{other + `,` + string(ours), string(ours) + `,` + other} {
			s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				_, _ = rw.Write([]byte(`{"keys":[` + keys + `]}`))
			}))
			v := token.NewVerifier(token.VerifierOptions{
				Issuer: site, Audience: "orders", Keys: token.Fetch(s.URL, nil),
			})
			if _, ok, err := v.Verify(text); !ok || err != nil {
				t.Errorf("beside one %s: %v, %v", name, ok, err)
			}
			s.Close()
		}
	}
	for _, body := range []string{"", "[]", `{"keys":{}}`, `{"keys":"x"}`, `{"keys":[`, string(ours)} {
		s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = rw.Write([]byte(body))
		}))
		v := token.NewVerifier(token.VerifierOptions{Issuer: site, Audience: "orders", Keys: token.Fetch(s.URL, nil)})
		if _, ok, _ := v.Verify(text); ok {
			t.Errorf("%q has our key", body)
		}
		s.Close()
	}
}
