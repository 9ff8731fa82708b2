package devices_test

import (
	"net/http"
	"testing"

	"coatcheck.dev/devices"
	"coatcheck.dev/lint"
)

// TestCookiesAreClean: there is nothing to say about the cookies of somebody who ends sessions, the own one in the end.
func TestCookiesAreClean(t *testing.T) {
	s := newSite(t, devices.Options{})
	s.signedIn("ann")
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("end") == "mine" { // when there is no other left
			list, err := s.sessions.List(r.Context(), "ann")
			if err != nil || len(list) != 1 {
				t.Fatalf("%d sessions, want one: %v", len(list), err)
			}
			r.PostForm.Set("end", list[0].Handle.String())
		}
		s.handler.ServeHTTP(w, r)
	})
	report := lint.Handler(t, handler,
		lint.PostForm("/login", "user", "ann", "remember", "yes"), lint.Get("/devices/"),
		lint.PostForm("/devices/", "end", "others"), lint.Get("/devices/"), lint.PostForm("/devices/", "end", "mine"),
	)
	if n := report.Count(lint.Note); n > 0 {
		t.Errorf("%d findings", n)
	}
	if n := len(report.Cookies); n != 2 || !report.Cookies[1].Outcomes[0].Deletes {
		t.Errorf("%d cookies, want a ticket and its deletion", n)
	}
}
