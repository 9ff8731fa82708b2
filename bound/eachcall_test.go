package bound_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/bound"
	"coatcheck.dev/internal/oncestore"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// A patient browser does as Chromium does when its bound cookie is over or something fails, and its user tries again.
type patient struct {
	*browser
	what    string
	fetched time.Time // when the bound cookie was
}

// page has a page answered, however many tries it takes.
func (p *patient) page(method, path, want string) {
	t := p.site.t
	t.Helper()
	for range 4 {
		header := http.Header{}
		if p.id != "" && time.Since(p.fetched) >= 10*time.Minute && !p.fetch() {
			delete(p.cookies, boundCookie) // it is over
			header.Set("Secure-Session-Skipped", `server_error;session_identifier="`+p.id+`"`)
		}
		a := p.send(method, path, header, nil)
		if a.status == http.StatusServiceUnavailable {
			time.Sleep(10 * time.Second)
			continue
		}
		if len(a.header["Secure-Session-Registration"]) > 0 {
			p.enrol()
		}
		if a.status != http.StatusOK || a.body != want {
			t.Fatalf("%s: %s: %d %q, want %q", p.what, path, a.status, a.body, want)
		}
		return
	}
	t.Fatalf("%s: %s: no good answer in four tries", p.what, path)
}

// enrol registers the key. A registration that fails is never tried again.
func (p *patient) enrol() {
	if p.register(nil).status == http.StatusOK {
		p.fetched = time.Now()
	}
}

// fetch gets the next bound cookie, and reports false if that cannot be done now.
func (p *patient) fetch() bool {
	for range 3 {
		switch a := p.refresh(nil); {
		case a.status == http.StatusForbidden: // with another challenge
		case a.status == http.StatusOK && a.setsBound():
			p.fetched = time.Now()
			return true
		case a.status >= 500:
			return false
		default:
			p.site.t.Fatalf("%s: refresh: %d %s", p.what, a.status, a.body)
		}
	}
	return false
}

// Whichever single call of the store fails, and whether or not it was carried out: nobody with a bound session is
// signed out by it, and after a sign-out nobody is in.
//
// Rows: D9, I1, I10
func TestAnySingleCallMayFailInABoundSession(t *testing.T) {
	for _, done := range []bool{false, true} {
		for nth, failed := 1, ""; nth == 1 || failed != ""; nth++ {
			synctest.Test(t, func(t *testing.T) { failed = boundWithFault(t, nth, done) })
		}
	}
}

// boundWithFault returns which call has failed, "" if there are not so many.
func boundWithFault(t *testing.T, nth int, done bool) string {
	st := &oncestore.Store{Store: memory.New(), Nth: nth, Done: done}
	s := siteWith(t, st, session.Options{}, bound.Options{})
	s.handler = s.sessions.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := session.From(r.Context())
		act := map[string]func() error{
			"/in": func() error { return in.SignIn("ada") }, "/again": func() error { return in.StepUp() },
			"/out": in.SignOut, "/": func() error { return nil },
		}[r.URL.Path]
		if err := act(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, in.User())
	}))
	p := &patient{browser: s.browser(), what: fmt.Sprintf("call %d (done: %v)", nth, done)}
	p.page("POST", "/in", "ada")
	for range 2 {
		for range 5 {
			p.page("GET", "/", "ada")
			time.Sleep(11 * time.Minute) // a new bound cookie each time, and a rotation now and then
		}
		p.page("POST", "/again", "ada")
	}
	p.page("GET", "/", "ada")
	copied := p.copied()
	p.page("POST", "/out", "")
	if got := copied.get("/").body; strings.Contains(got, "ada") {
		t.Errorf("%s: a copy is good after sign-out", p.what)
	}
	if st.Failed() == "" && p.id == "" {
		t.Error("without a fault the session is not bound: this proves nothing")
	}
	return st.Failed()
}
