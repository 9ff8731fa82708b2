package recipes

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

func TestHTMX(t *testing.T) {
	sessions := sessiontest.NewManager(t, session.Options{SignInPath: "/login"})
	visitor := sessiontest.NewVisitor(t, sessions, htmxSite(sessions))
	post := func(site string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", "/cart", strings.NewReader("item=tea"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("HX-Request", "true")
		r.Header.Set("HX-Current-URL", "https://example.com/?page=2")
		r.Header.Set("Sec-Fetch-Site", site)
		return visitor.Do(r)
	}
	w := post("same-origin")
	if w.Code != http.StatusUnauthorized || w.Header().Get("HX-Redirect") != "/login?return_to=%2F%3Fpage%3D2" {
		t.Errorf("without a sign-in: status %d, %v", w.Code, w.Header())
	}
	visitor.SignIn("ada")
	post("same-origin")
	if w := post("same-origin"); w.Body.String() != "2" {
		t.Errorf("status %d, %s", w.Code, w.Body)
	}
	if w := post("cross-site"); w.Code != http.StatusForbidden {
		t.Errorf("from another site: status %d", w.Code)
	}
	if w := visitor.Get("/"); !strings.Contains(w.Body.String(), `<span id="count">2</span>`) {
		t.Errorf("the page is %s", w.Body)
	}
}
