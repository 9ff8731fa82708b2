package recipes

import (
	"net/http/httptest"
	"strings"
	"testing"

	"coatcheck.dev/session/sessiontest"
)

// A program's ticket is in a header of its own, never in a cookie or the body.
func TestJSONAPI(t *testing.T) {
	sessions := sessiontest.NewManager(t, apiOptions)
	site := apiSite(sessions)
	ask := func(method, path, body, ticket string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "https://shop.example"+path, strings.NewReader(body))
		r.Header.Set("Accept", "application/json")
		if ticket != "" {
			r.Header.Set("Authorization", "Bearer "+ticket)
		}
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		if len(w.Result().Cookies()) > 0 {
			t.Errorf("%s sets a cookie", path)
		}
		return w
	}
	in := ask("POST", "/api/sign-in", `{"user":"ada","password":"secret"}`, "")
	ticket := in.Header().Get("Session-Ticket")
	if in.Code != 200 || ticket == "" || strings.Contains(in.Body.String(), ticket) {
		t.Fatalf("sign-in: %d %v %s", in.Code, in.Header(), in.Body)
	}
	for _, tt := range []struct {
		ticket, body, challenge string
		status                  int
	}{
		{ticket, `{"cart":null}`, "", 200},
		{"", `{"error":"Please sign in."}`, "Bearer", 401},
		{"forged", `{"error":"Please sign in."}`, `Bearer error="invalid_token"`, 401},
	} {
		w := ask("GET", "/api/cart", "", tt.ticket)
		if w.Code != tt.status || strings.TrimSpace(w.Body.String()) != tt.body ||
			w.Header().Get("WWW-Authenticate") != tt.challenge {
			t.Errorf("%q: %d %v %s", tt.ticket, w.Code, w.Header(), w.Body)
		}
	}
	if w := ask("POST", "/api/sign-in", `{"user":"ada","password":"wrong"}`, ""); w.Code != 401 {
		t.Errorf("a wrong password: %d", w.Code)
	}
}
