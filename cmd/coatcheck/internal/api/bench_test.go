package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// BenchmarkCheck is the work of a check alone; bench/gate measures it with the server around it.
func BenchmarkCheck(b *testing.B) {
	path := filepath.Join(b.TempDir(), "app-keys")
	text, key, _ := appkey.New([]appkey.Scope{appkey.Admin}, "")
	if err := appkey.Add(path, key); err != nil {
		b.Fatal(err)
	}
	ring, _ := appkey.Open(path)
	m := session.New(memory.New(), session.Options{Header: api.Header(nil)})
	handler := api.New(api.Options{Sessions: m, Keys: ring})
	ask := func(target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+text)
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
	begun := ask("/v1/sessions", `{"user":"u42","by":"password","data":{"cart":["tea","milk"]}}`).Body.String()
	_, cookie, _ := strings.Cut(begun, `"set_cookie":["`)
	cookie, _, _ = strings.Cut(cookie, ";")
	body := fmt.Sprintf(`{"cookie":"theme=dark; consent=yes; %s","address":"192.0.2.7","user_agent":"Mozilla/5.0 `+
		`(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","method":"GET"}`, cookie)
	b.ReportAllocs()
	for b.Loop() {
		if w := ask("/v1/sessions/check", body); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}
