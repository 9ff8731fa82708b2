package gate_test

import (
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/route"
)

// While the store is down, each route answers as it says: 503 and the cookie stays, as a visitor, from the last known
// state, or as always.
func TestRoutesWhileTheStoreIsDown(t *testing.T) {
	st := newSite(t, says(), withRoutes(t,
		route.Route{Match: pattern(t, "/static/"), Access: route.Public},
		route.Route{Match: pattern(t, "/open/"), Access: route.Optional},
		route.Route{Match: pattern(t, "/read/"), Access: route.Required, Stale: time.Hour},
		route.Route{Match: pattern(t, "/account/"), Access: route.Required},
		route.Route{Match: pattern(t, "/recent/"), Access: route.Required, Recent: time.Hour},
	))
	ada, eve := st.signedIn("ada"), st.signedIn("eve")
	if got := ada.get("/read/"); got.StatusCode != 200 {
		t.Fatalf("status %d", got.StatusCode)
	}
	st.store.down.Store(true)
	for _, tt := range []struct {
		who    *visitor
		path   string
		status int
	}{
		{ada, "/static/x", 200}, {ada, "/open/x", 200}, {ada, "/read/x", 200}, {eve, "/read/x", 503},
		{ada, "/account/x", 503}, {ada, "/recent/x", 503}, {ada, "/other", 503}, {ada, "/READ/../account/x", 503},
		{ada, "/open/../account/x", 503}, {st.visitor(), "/account/x", 401}, {st.visitor(), "/other", 200},
	} {
		got := tt.who.get(tt.path)
		if got.StatusCode != tt.status || len(got.setCookies("__Host-session")) > 0 {
			t.Errorf("%s: %d, cookies %q, want %d", tt.path, got.StatusCode, got.Header["Set-Cookie"], tt.status)
		}
	}
}

// Polling of a passive route is no use of the session, and any other request is.
func TestPassiveRoute(t *testing.T) {
	st := newSite(t, says(), withRoutes(t, route.Route{Match: pattern(t, "/poll"), Access: route.Required,
		Passive: true}),
		func(s *setup) { s.session.TouchInterval = time.Nanosecond })
	ada := st.signedIn("ada")
	seen := func() time.Time {
		t.Helper()
		list, err := st.sessions.List(t.Context(), "ada")
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		return list[0].LastSeen
	}
	before := seen()
	for range 3 {
		if got := ada.get("/poll"); got.StatusCode != 200 {
			t.Fatalf("status %d", got.StatusCode)
		}
	}
	if now := seen(); !now.Equal(before) {
		t.Errorf("polling moved it from %v to %v", before, now)
	}
	ada.get("/page")
	for end := time.Now().Add(20 * time.Second); seen().Equal(before); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("a page did not move it")
		}
	}
}
