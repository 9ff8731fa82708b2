package lint_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"coatcheck.dev/cookie"
	"coatcheck.dev/lint"
)

// A recorded test.
type recorded struct{ errors []string }

func (*recorded) Helper() {}

func (r *recorded) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestHandler(t *testing.T) {
	var asked []string
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path+" "+r.Header.Get("Cookie"))
		switch r.URL.Path {
		case "/login":
			if r.FormValue("user") != "ada" || r.TLS == nil {
				t.Errorf("the form says %q, TLS %v", r.FormValue("user"), r.TLS)
			}
			w.Header().Add("Set-Cookie", "__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax")
			http.Redirect(w, r, "/", http.StatusSeeOther)
			w.Header().Add("Set-Cookie", "late=1") // after the header has gone
		case "/away":
			http.Redirect(w, r, "https://other.example/", http.StatusSeeOther)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusSeeOther)
		default:
			w.Header().Add("Set-Cookie", "a=1; Path=app")
			w.Header().Add("Set-Cookie", "b=1; Domain=.site.example")
		}
	})
	got := &recorded{}
	lint.Handler(got, site, lint.PostForm("/login", "user", "ada"), lint.Get("/away"))
	want := []string{"POST /login ", "GET / __Host-sid=1", "GET /away __Host-sid=1; a=1; b=1"}
	if !slices.Equal(asked, want) {
		t.Errorf("requests %q, want %q", asked, want)
	}
	if len(got.errors) != 1 || !strings.HasPrefix(got.errors[0], `warning /: cookie "a": path-relative: `) {
		t.Errorf("failures %q", got.errors)
	}
	asked = nil
	if report := lint.Handler(t, site, lint.Get("/round")); len(report.Cookies) > 0 || len(asked) != 21 {
		t.Errorf("%d cookies, %d requests", len(report.Cookies), len(asked))
	}
}

func TestHandlerWithoutRequests(t *testing.T) {
	report := lint.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cookie.Set(w.Header(), &cookie.Cookie{Name: "theme", Value: "dark", Path: "/", Secure: true,
			SameSite: cookie.SameSiteLax})
		w.Write(nil)
	}))
	if len(report.Cookies) != 1 || report.Cookies[0].URL.Path != "/" {
		t.Errorf("%+v", report.Cookies)
	}
}
