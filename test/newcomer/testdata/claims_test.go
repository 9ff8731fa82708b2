package main

import (
	"database/sql"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
	"coatcheck.dev/store/sql"
)

// claims are what README says of its app, on the store that it names.
func TestClaims(t *testing.T) {
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sessions := session.New(sqlstore.New(db, sqlstore.SQLite), options)
	t.Cleanup(func() { sessions.Close(t.Context()) })
	site := newSite(sessions)
	here, there := sessiontest.NewVisitor(t, sessions, site), sessiontest.NewVisitor(t, sessions, site)

	sessiontest.Set(here, Cart, []string{"tea"})
	if w := here.Get("/"); w.Header().Get("Location") != "/login?return_to=%2F" {
		t.Fatalf("a visitor sees the page: status %d", w.Code)
	}
	if w := here.PostForm("/login", url.Values{"user": {"ada"}, "password": {"wrong"}}); w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong password: status %d", w.Code)
	}
	signIn := func(v *sessiontest.Visitor, remember string) *http.Cookie {
		form := v.Get("/login?return_to=%2F")
		if !strings.Contains(form.Body.String(), `name="return_to" type="hidden" value="/"`) {
			t.Errorf("the form forgets where to lead: %s", form.Body)
		}
		w := v.PostForm("/login", url.Values{
			"user": {"ada"}, "password": {"secret"}, "remember": {remember}, "return_to": {"/"},
		})
		if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/" || len(w.Result().Cookies()) != 1 {
			t.Fatalf("sign-in: status %d, %v", w.Code, w.Header())
		}
		return w.Result().Cookies()[0]
	}
	if c := signIn(here, ""); c.MaxAge != 0 {
		t.Errorf("without remember me the cookie stays for %d seconds", c.MaxAge)
	}
	if c := signIn(there, "on"); c.MaxAge < 13*24*3600 {
		t.Errorf("with remember me the cookie stays for %d seconds", c.MaxAge)
	}
	want(t, here.Get("/"), "ada, with 1 things")
	want(t, there.Get("/"), "ada, with 0 things")

	there.PostForm("/logout", nil)
	if there.Get("/").Code != http.StatusSeeOther || here.Get("/").Code != http.StatusOK {
		t.Error("signing out signs out somebody else, or nobody")
	}
	signIn(there, "on")
	here.PostForm("/logout-everywhere", nil)
	if here.Get("/").Code != http.StatusSeeOther || there.Get("/").Code != http.StatusSeeOther {
		t.Error("somebody is still signed in after signing out everywhere")
	}
	signIn(here, "")
	r := httptest.NewRequest("POST", "/logout-everywhere", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := here.Do(r); w.Code != http.StatusForbidden || here.Get("/").Code != http.StatusOK {
		t.Errorf("another site signs ada out: status %d", w.Code)
	}
}

func want(t *testing.T, w *httptest.ResponseRecorder, text string) {
	t.Helper()
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), text) {
		t.Errorf("status %d, %s, want %q", w.Code, w.Body, text)
	}
}
