package session_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/jar"
	"coatcheck.dev/lint"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// lifeOf is what a visitor can do to a session, in an order in which it writes every cookie that there is: the first
// ticket, those of sign-in, step-up and rotation, the deletion, and a ticket after that.
func lifeOf(t *testing.T, m *session.Manager) http.Handler {
	seen := session.NewKey[int]("seen")
	mux := http.NewServeMux()
	on := func(path string, do func(s *session.Session) error) {
		mux.HandleFunc(path, func(_ http.ResponseWriter, r *http.Request) {
			if err := do(m.From(r.Context())); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	on("/seen", func(s *session.Session) error { return seen.Set(s, seen.Get(s)+1) })
	on("/in", func(s *session.Session) error { return s.SignIn("ann") })
	on("/remember", func(s *session.Session) error { return s.SignIn("ann", session.Remember) })
	on("/late", func(*session.Session) error { time.Sleep(40 * time.Minute); return nil })
	on("/out", func(s *session.Session) error { return s.SignOut() })
	return m.Handler(mux)
}

var life = []string{"/seen", "/in", "/late", "/seen", "/seen", "/out", "/seen", "/remember", "/late", "/seen", "/out",
	"/in", "/in"}

// TestCookiesAreClean: in every browser, and whatever the options are, there is nothing to say about what the manager
// sets, unless an option says insecure.
func TestCookiesAreClean(t *testing.T) {
	for _, tt := range []struct {
		name     string
		scheme   string
		options  session.Options
		findings []string // that are right
	}{
		{"zero options", "https", session.Options{}, nil},
		{"on localhost", "http", session.Options{}, nil},
		{"strict", "https", session.Options{SameSiteStrict: true}, nil},
		{"a name of its own", "https", session.Options{Cookie: "__Host-sid"}, nil},
		{"the longest life", "https", session.Options{RememberLifetime: 400 * 24 * time.Hour,
			RememberIdleTimeout: 400 * 24 * time.Hour}, nil},
		{"without rotation", "https", session.Options{RotateEvery: -1}, nil},
		// Another host of the site can set a cookie of this name, which is why the default has the other prefix.
		{"a name with __Secure-", "https", session.Options{Cookie: "__Secure-session"}, []string{"session-prefix"}},
		// It is what the option says.
		{"insecure", "https", session.Options{InsecureCookie: true}, []string{"session-secure"}},
	} {
		inBubble(t, tt.name, func(t *testing.T) {
			m := session.New(memory.New(), tt.options)
			defer m.Close(t.Context())
			report := lint.Handler(quiet{t}, lifeOf(t, m), requests(tt.scheme, life)...)
			found := map[string]bool{}
			sets, deletes := 0, 0
			for i := range report.Cookies {
				c := &report.Cookies[i]
				for _, f := range c.Findings {
					found[f.Rule.ID] = true
					if !slices.Contains(tt.findings, f.Rule.ID) {
						t.Errorf("%s: %s: %s", c.URL.Path, f.Rule.ID, f.Message)
					}
				}
				for _, o := range c.Outcomes {
					webKit := o.Browser == jar.Safari || o.Browser == jar.WebKitGTK // no Secure cookies on localhost
					if !o.Kept() && (tt.scheme == "https" || !webKit) {
						t.Errorf("%s: %s drops it: %v", c.URL.Path, o.Browser, o.Reasons)
					}
				}
				if c.Outcomes[0].Deletes {
					deletes++
				} else {
					sets++
				}
			}
			if len(found) != len(tt.findings) {
				t.Errorf("found %v, want %v", found, tt.findings)
			}
			if deletes != 2 || sets < 6 {
				t.Errorf("%d cookies set and %d deleted: less than there are", sets, deletes)
			}
			synctest.Wait()
		})
	}
}

// TestCookiesOfTwoManagers: they do not get in each other's way.
func TestCookiesOfTwoManagers(t *testing.T) {
	inBubble(t, "nested", func(t *testing.T) {
		shop := session.New(memory.New(), session.Options{})
		desk := session.New(memory.New(), session.Options{Cookie: "__Host-desk-session", SameSiteStrict: true})
		defer shop.Close(t.Context())
		defer desk.Close(t.Context())
		both := http.NewServeMux()
		both.Handle("/desk/", http.StripPrefix("/desk", lifeOf(t, desk)))
		both.Handle("/", lifeOf(t, shop))
		var paths []string
		for _, path := range life {
			paths = append(paths, path, "/desk"+path)
		}
		report := lint.Handler(t, both, requests("https", paths)...)
		names := map[string]bool{}
		for _, c := range report.Cookies {
			names[c.Line.Name] = true
		}
		if n := report.Count(lint.Note); n > 0 || len(names) != 2 {
			t.Errorf("%d findings, cookies %v", n, names)
		}
	})
}

// quiet leaves what to make of findings to the test.
type quiet struct{ *testing.T }

func (quiet) Errorf(string, ...any) {}

func requests(scheme string, paths []string) (list []*http.Request) {
	for _, path := range paths {
		r := lint.Get(path)
		if scheme == "http" {
			r.URL = &url.URL{Scheme: "http", Host: "localhost:8080", Path: path}
		}
		list = append(list, r)
	}
	return list
}
