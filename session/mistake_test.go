package session_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// logged returns what a function writes to slog.Default in a program that has just started.
func logged(fn func()) string {
	var text bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&text, nil)))
	session.ForgetMistakes()
	fn()
	return text.String()
}

// here is the place of its caller.
func here() string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line)
}

func visitPlain(h http.Handler) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	return w.Code
}

// mistakes are each made in one line, whose place is returned.
var mistakes = []struct {
	name, says string
	make       func(m *session.Manager) (at string)
}{
	{"From without a manager", "Manager.Handler", func(*session.Manager) (at string) {
		_, at = session.From(context.Background()), here()
		return at
	}},
	{"From of a manager that does not handle the request", "Manager.Handler", func(m *session.Manager) (at string) {
		other := session.New(memory.New(), session.Options{Cookie: "__Host-other"})
		visitPlain(other.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, at = m.From(r.Context()), here()
		})))
		return at
	}},
	{"ShareResponse without a manager", "Manager.Handler", func(m *session.Manager) (at string) {
		func() { m.ShareResponse(context.Background()); at = here() }()
		return at
	}},
	{"Require outside", "Manager.Require", func(m *session.Manager) (at string) {
		page, at := m.Require(http.NotFoundHandler()), here()
		visitPlain(page)
		return at
	}},
	{"RequireRecent outside", "Manager.Require", func(m *session.Manager) (at string) {
		page, at := m.RequireRecent(time.Minute, http.NotFoundHandler()), here()
		visitPlain(page)
		return at
	}},
	{"RequireLevel outside", "Manager.Require", func(m *session.Manager) (at string) {
		page, at := m.RequireLevel(2, http.NotFoundHandler()), here()
		visitPlain(page)
		return at
	}},
	{"Remaining outside", "another handler", func(m *session.Manager) (at string) {
		page, at := m.Remaining(), here()
		visitPlain(page)
		return at
	}},
	{"value read late", "is over", late(func(s *session.Session) (at string) {
		_, at = note.Get(s), here()
		return at
	})},
	{"value set late", "is over", late(func(s *session.Session) (at string) {
		_, at = note.Set(s, "x"), here()
		return at
	})},
	{"end set late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.Until(time.Now().Add(time.Hour)), here()
		return at
	})},
	{"user asked for late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.SignedIn(), here()
		return at
	})},
	{"proofs asked for late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.Auth(), here()
		return at
	})},
	{"saved late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.Save(), here()
		return at
	})},
	{"signed in late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.SignIn("eve"), here()
		return at
	})},
	{"stepped up late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.StepUp(), here()
		return at
	})},
	{"signed out late", "is over", late(func(s *session.Session) (at string) {
		_, at = s.SignOut(), here()
		return at
	})},
	{"used after Update", "is over", func(m *session.Manager) (at string) {
		var kept *session.Session
		_ = m.Update(context.Background(), withUser(m).Handle(), func(s *session.Session) error {
			kept = s
			return nil
		})
		_, at = note.Set(kept, "x"), here()
		return at
	}},
}

// withUser signs a user in and returns the session of that request, which is over.
func withUser(m *session.Manager) (s *session.Session) {
	visitPlain(m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		s = session.From(r.Context())
		_ = s.SignIn("ada")
	})))
	return s
}

// late makes the mistake of a goroutine that goes on after its handler has returned. Its panic is that of the caller.
func late(use func(*session.Session) string) func(*session.Manager) string {
	return func(m *session.Manager) (at string) {
		s, panicked := withUser(m), make(chan any)
		go func() {
			defer func() { panicked <- recover() }()
			at = use(s)
		}()
		if p := <-panicked; p != nil {
			panic(p)
		}
		return at
	}
}

// A mistake is told in one line, once however often it is made, with its place and what to do.
//
// Rows: I14
func TestMistakesAreToldOnceWithTheirPlace(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), session.Options{})
			var at string
			text := logged(func() {
				for range 3 {
					at = c.make(m)
				}
			})
			if strings.Count(text, "\n") != 1 || !strings.Contains(text, "level=WARN") ||
				!strings.Contains(text, "at="+at+" do=") || !strings.Contains(text, c.says) {
				t.Errorf("logged %q, want one line that names %q and %s", text, c.says, at)
			}
		})
	}
}

// In a test a mistake panics if a manager asks for it, until that is closed.
//
// Rows: I14
func TestMistakesPanicInTestsThatAskForIt(t *testing.T) {
	for _, c := range mistakes {
		t.Run(c.name, func(t *testing.T) {
			panicked := func(m *session.Manager) (text string) {
				defer func() { text, _ = recover().(string) }()
				c.make(m)
				return ""
			}
			m := newManager(t, newFaultStore(), session.Options{PanicOnMisuse: true})
			text := panicked(m)
			if !strings.Contains(text, "mistake_test.go:") || !strings.Contains(text, c.says) {
				t.Errorf("panic %q, want one that names %q and the place", text, c.says)
			}
			_, _ = m.Close(t.Context()), m.Close(t.Context())
			if text := panicked(m); text != "" {
				t.Errorf("panic %q after the manager was closed", text)
			}
			if text := panicked(newManager(t, newFaultStore(), session.Options{})); text != "" {
				t.Errorf("panic %q that nobody asked for", text)
			}
		})
	}
}

// What is no mistake is not told: handlers that do all of this where it belongs, goroutines that the handler waits for,
// lists for any context, and pages for an outage that share the site's layout.
//
// Rows: I10
func TestRightUseIsNotTold(t *testing.T) {
	st := newFaultStore()
	layout := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("signed in as " + session.From(r.Context()).User()))
	})
	m := newManager(t, st, session.Options{Unavailable: layout, Denied: layout, PanicOnMisuse: true})
	text := logged(func() {
		b := newBrowser(t, m)
		b.signIn("ada")
		b.visit(func(w http.ResponseWriter, r *http.Request) {
			m.ShareResponse(r.Context())
			for _, h := range []http.Handler{
				m.Require(layout), m.RequireRecent(time.Hour, layout), m.RequireLevel(9, layout), m.Remaining(),
			} {
				h.ServeHTTP(w, r)
			}
			waited := make(chan error)
			go func() { waited <- note.Set(session.From(r.Context()), "x") }()
			if err := <-waited; err != nil {
				t.Error(err)
			}
		})
		kept := withUser(m)
		if _, err := m.List(context.Background(), "ada"); err != nil || kept.Handle().IsZero() {
			t.Error(err)
		}
		_ = fmt.Sprint(kept)
		st.down()
		if a := b.visit(func(http.ResponseWriter, *http.Request) {}); a.status != http.StatusServiceUnavailable ||
			a.body != "signed in as " {
			t.Errorf("answer %s", describe(a))
		}
	})
	if text != "" {
		t.Errorf("logged %q", text)
	}
}

// A mistake changes nothing of what happens: Require lets nobody in, and what is set late is not saved, unless by Save.
//
// Rows: A15, I1
func TestMistakesChangeNothing(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	logged(func() {
		if status := visitPlain(m.Require(http.NotFoundHandler())); status != http.StatusUnauthorized {
			t.Errorf("Require outside answers %d", status)
		}
		b := newBrowser(t, m)
		b.signIn("ada")
		var kept *session.Session
		b.with(func(s *session.Session) { kept = s })
		must(t, note.Set(kept, "late"))
		if n := get(b, note); n != "" || note.Get(kept) != "late" {
			t.Errorf("note %q, and the goroutine reads %q", n, note.Get(kept))
		}
		must(t, kept.Save())
		if n := get(b, note); n != "late" {
			t.Errorf("note %q after Save", n)
		}
		if err := kept.SignIn("eve"); err == nil || b.user() != "ada" {
			t.Errorf("signed in late: %v, user %q", err, b.user())
		}
	})
}

// In a program that is no test a mistake never panics, whatever the options say.
//
// Rows: I14
func TestMistakesDoNotPanicInPrograms(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "run", "./testdata/misuse").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if text := string(out); strings.Count(text, "misuse/main.go:") != 1 || !strings.HasSuffix(text, "went on\n") {
		t.Errorf("the program has written:\n%s", text)
	}
}
