package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// provider is an OpenID provider (OpenID Connect Core 1.0, section 3.1) that signs everybody in as the same user and
// asks nothing. Its tokens say what those of providers usually do.
func provider() http.Handler {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	signs := jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}
	signer, err := jose.NewSigner(signs, nil)
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		at := "http://" + r.Host
		tell(w, map[string]any{
			"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token",
			"jwks_uri": at + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		tell(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"},
		}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		back := url.Values{"state": {r.FormValue("state")}, "code": {"once"}}
		http.Redirect(w, r, r.FormValue("redirect_uri")+"?"+back.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		now := time.Now()
		token, err := jwt.Signed(signer).Claims(map[string]any{
			"iss": "http://" + r.Host, "sub": "f3b1c0de-6b1e-4a52-9a63-2f6f2f8f9b11", "aud": "shop",
			"iat": now.Unix(), "auth_time": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": rand.Text(),
			"email": "u42@shop.example", "email_verified": true,
			"preferred_username": "u42", "name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace",
			"groups": []string{"customers", "staff"},
		}).Serialize()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		tell(w, map[string]any{
			"token_type": "Bearer", "expires_in": 3600, "id_token": token, "access_token": token,
			"refresh_token": rand.Text(),
		})
	})
	return mux
}

func tell(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}
