package recipes

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

func TestRouters(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	for name, site := range map[string]func(*session.Manager) http.Handler{
		"chi": chiSite, "echo": echoSite, "gin": ginSite,
	} {
		t.Run(name, func(t *testing.T) {
			sessions := sessiontest.NewManager(t, session.Options{SignInPath: "/login"})
			visitor := sessiontest.NewVisitor(t, sessions, site(sessions))
			if w := visitor.Get("/account"); w.Header().Get("Location") != "/login?return_to=%2Faccount" {
				t.Errorf("a stranger: status %d, %v", w.Code, w.Header())
			}
			visitor.SignIn("ada")
			if w := visitor.Get("/account"); w.Body.String() != "the account of ada" ||
				w.Header().Get("Cache-Control") != "private, no-store" {
				t.Errorf("ada: status %d, %v, %s", w.Code, w.Header(), w.Body)
			}
			r := httptest.NewRequest("POST", "/account", nil)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			if w := visitor.Do(r); w.Code != http.StatusForbidden {
				t.Errorf("another site: status %d", w.Code)
			}
		})
	}
}
