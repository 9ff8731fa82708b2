package migrate_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/lint"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store/memory"
)

// TestCookiesAreClean: the old cookie is deleted where the old library has set it, and every browser obeys.
func TestCookiesAreClean(t *testing.T) {
	for name, old := range map[string]cookie.Cookie{
		"as scs has it": {Name: oldName, Path: "/", HttpOnly: true, SameSite: cookie.SameSiteLax},
		"for a whole site": {Name: oldName, Path: "/", Domain: "site.example", Secure: true, HttpOnly: true,
			SameSite: cookie.SameSiteLax},
		"below a path": {Name: oldName, Path: "/app", Secure: true, HttpOnly: true},
		"with a prefix": {Name: "__Host-old", Path: "/", Secure: true, HttpOnly: true,
			SameSite: cookie.SameSiteStrict},
		"for other's pages": {Name: oldName, Path: "/", Secure: true, HttpOnly: true, SameSite: cookie.SameSiteNone,
			Partitioned: true},
	} {
		t.Run(name, func(t *testing.T) {
			records := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(20*time.Hour), ann())}}
			m := session.New(memory.New(), session.Options{Migrate: mustSCS(t,
				migrate.SCSOptions{Records: records.records(), Cookie: old})})
			defer m.Close(context.Background())
			handler := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch s := session.From(r.Context()); {
				case r.URL.Path == "/app/before":
					set := old
					set.Value = token
					if err := cookie.Set(w.Header(), &set); err != nil {
						t.Error(err)
					}
				case s.User() != "ann":
					t.Errorf("user %q, want ann", s.User())
				}
			}))
			report := lint.Handler(quiet{t}, handler, lint.Get("/app/before"), lint.Get("/app/"), lint.Get("/app/"))
			if len(report.Cookies) != 3 {
				t.Fatalf("%d cookies, want the old one, its deletion, and the ticket", len(report.Cookies))
			}
			for i := range report.Cookies[1:] { // the first one is not ours
				c := &report.Cookies[i+1]
				for _, f := range c.Findings {
					t.Errorf("%s: %s: %s", c.Line.Name, f.Rule.ID, f.Message)
				}
				for _, o := range c.Outcomes {
					if !o.Kept() || o.Deletes != (c.Line.Name == old.Name) {
						t.Errorf("%s makes of %s: %+v", o.Browser, c.Line.Name, o)
					}
				}
			}
		})
	}
}

// quiet leaves what to make of findings to the test.
type quiet struct{ *testing.T }

func (quiet) Errorf(string, ...any) {}
