package gate_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/gate"
	"coatcheck.dev/lint"
	"coatcheck.dev/session"
	"coatcheck.dev/store/memory"
)

// TestCookiesAreClean: there is nothing to say about the cookies that the gate sets for an app.
func TestCookiesAreClean(t *testing.T) {
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.URL.Query() {
			w.Header()[name] = values
		}
	}))
	defer app.Close()
	upstream, err := url.Parse(app.URL)
	if err != nil {
		t.Fatal(err)
	}
	sessions := session.New(memory.New(), session.Options{MaxBytes: gate.MaxBytes, MaxKeys: gate.MaxKeys})
	defer sessions.Close(context.Background())
	report := lint.Handler(t, gate.New(sessions, gate.Options{Upstream: upstream}),
		lint.Get("/"), lint.Get("/?Coatcheck-Set=cart%3D1"), lint.Get("/?Coatcheck-Sign-In=ann"),
		lint.Get("/?Coatcheck-Sign-In=ann%3B+remember"),
		lint.Get("/"), lint.Get("/?Coatcheck-Sign-Out=this"), lint.Get("/"),
	)
	if n := report.Count(lint.Note); n > 0 {
		t.Errorf("%d findings", n)
	}
	if n := len(report.Cookies); n != 4 || !report.Cookies[3].Outcomes[0].Deletes {
		t.Errorf("%d cookies, want three tickets and a deletion", n)
	}
}
