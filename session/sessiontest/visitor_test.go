package sessiontest_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/csrf"
	"coatcheck.dev/session"
	"coatcheck.dev/session/sessiontest"
)

// site answers with the user's name, and has the ways in and out.
func site(sessions *session.Manager) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, session.From(r.Context()).User())
	})
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).SignIn("grace")
	})
	mux.HandleFunc("POST /logout", func(_ http.ResponseWriter, r *http.Request) {
		_ = session.From(r.Context()).SignOut()
	})
	mux.HandleFunc("/theme", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("theme"); err == nil {
			fmt.Fprint(w, c.Value)
		}
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		http.SetCookie(w, &http.Cookie{Name: "foreign", Value: "x", Domain: "other.example"})
	})
	return sessions.Handler(csrf.New(csrf.Options{}).Handler(mux))
}

// What the site does to the session counts, whoever began it.
func TestSiteAndTestSeeOneSession(t *testing.T) {
	for name, o := range map[string]session.Options{
		"cookie": {}, "insecure": {InsecureCookie: true}, "strict": {SameSiteStrict: true},
		"domain": {InsecureDomain: "shop.example"},
		"bearer": {Header: func(*http.Request) bool { return true }},
		"both":   {Header: func(r *http.Request) bool { return r.URL.Path == "/logout" || r.URL.Path == "/api" }},
	} {
		t.Run(name, func(t *testing.T) {
			sessions := sessiontest.NewManager(t, o)
			v := sessiontest.NewVisitor(t, sessions, site(sessions))
			user := func() (user string) {
				v.With(func(s *session.Session) { user = s.User() })
				return user
			}
			seen := func() string { return v.Get("/").Body.String() + v.Get("/api").Body.String() }
			if user() != "" || seen() != "" {
				t.Error("a new visitor is somebody")
			}
			if v.SignIn("ada"); user() != "ada" || seen() != "adaada" {
				t.Errorf("signed in: test sees %q, site %q", user(), seen())
			}
			if v.PostForm("/login", nil); user() != "grace" || seen() != "gracegrace" {
				t.Errorf("signed in by the site: test sees %q, site %q", user(), seen())
			}
			if v.PostForm("/logout", nil); user() != "" || seen() != "" {
				t.Errorf("signed out by the site: test sees %q, site %q", user(), seen())
			}
			other := sessiontest.NewVisitor(t, sessions, site(sessions)).SignIn("alan")
			if got := other.Get("/").Body.String(); got != "alan" || user() != "" {
				t.Errorf("another visitor is %q, and this one %q", got, user())
			}
		})
	}
}

// Visitors are browsers: they keep what browsers keep, and come from the site's own pages unless a test says otherwise.
func TestVisitorIsABrowser(t *testing.T) {
	sessions := sessiontest.NewManager(t, session.Options{SignInPath: "/login"})
	log := &logOf{TB: t}
	v := sessiontest.NewVisitor(log, sessions, site(sessions)).SignIn("ada")
	v.Get("/theme")
	if got := v.Get("/theme").Body.String(); got != "dark" {
		t.Errorf("the site's own cookie came back as %q", got)
	}
	if !strings.Contains(log.String(), "does not take the cookie foreign") {
		t.Errorf("the log says %q of a cookie that no browser takes", log)
	}
	if got := v.Get("http://example.com/").Body.String(); got != "" {
		t.Errorf("over plain HTTP the visitor is %q", got)
	}
	if got := v.Get("https://other.example/").Body.String(); got != "" {
		t.Errorf("on another host the visitor is %q", got)
	}
	r := httptest.NewRequest("POST", "/logout", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if w := v.Do(r); w.Code != http.StatusForbidden || v.Get("/").Body.String() != "ada" {
		t.Errorf("a request of another site: status %d", w.Code)
	}
}

type logOf struct {
	testing.TB
	strings.Builder
}

func (l *logOf) Logf(format string, args ...any) { fmt.Fprintf(l, format, args...) }

// To look at a session is no use of it, and time is that of the bubble.
func TestLookingIsNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := sessiontest.NewManager(t, session.Options{IdleTimeout: time.Hour})
		key := session.NewKey[int]("key")
		v := sessiontest.NewVisitor(t, sessions, site(sessions))
		sessiontest.Set(v, key, 7)
		for range 3 {
			time.Sleep(20*time.Minute - time.Millisecond)
			if got := sessiontest.Get(v, key); got != 7 {
				t.Fatalf("the value is %d", got)
			}
		}
		time.Sleep(time.Minute)
		if got := sessiontest.Get(v, key); got != 0 {
			t.Error("the session is still there")
		}
	})
}

// A test that asks for what cannot be is told so.
func TestWhatCannotBeFails(t *testing.T) {
	for name, try := range map[string]func(*sessiontest.Visitor){
		"a user without a name": func(v *sessiontest.Visitor) { v.SignIn("") },
		"a value that is no JSON": func(v *sessiontest.Visitor) {
			sessiontest.Set(v, session.NewKey[func()]("key"), func() {})
		},
	} {
		f := &fatal{TB: t}
		done := make(chan bool)
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			sessions := sessiontest.NewManager(t, session.Options{})
			try(sessiontest.NewVisitor(f, sessions, site(sessions)))
		}()
		<-done
		if !f.failed {
			t.Errorf("%s: the test goes on", name)
		}
	}
}

// fatal ends a goroutine in the place of a test.
type fatal struct {
	testing.TB
	failed bool
}

func (f *fatal) Fatalf(string, ...any) {
	f.failed = true
	panic(http.ErrAbortHandler)
}
