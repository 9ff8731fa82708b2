package session_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A user sees where they are signed in, which of it is here, and can end the others.
//
// Rows: ASVS 7.5.2, ASVS 7.4.3, ASVS 10.4.9, C13, C15
func TestUsersSeeAndEndTheirSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		label := func(r *http.Request) string { return "Browser " + r.UserAgent() }
		m := newManager(t, newFaultStore(), asleep(session.Options{DeviceLabel: label}))
		var devices []*browser
		for i := range 3 {
			b := newBrowser(t, m)
			b.agent, b.address = fmt.Sprint("agent-", i), fmt.Sprintf("192.0.2.%d:99", i)
			b.signIn("ada")
			devices = append(devices, b)
			time.Sleep(time.Minute)
		}
		newBrowser(t, m).signIn("alan")
		visitor := newBrowser(t, m)
		set(visitor, note, "x")

		devices[1].visit(func(_ http.ResponseWriter, r *http.Request) {
			infos, err := m.List(r.Context(), "ada")
			if err != nil || len(infos) != 3 {
				t.Fatalf("listed %v, %v", infos, err)
			}
			for i, info := range infos {
				n := 2 - i // newest first
				want := store.Device{Address: fmt.Sprint("192.0.2.", n), UserAgent: fmt.Sprint("agent-", n),
					Label: fmt.Sprint("Browser agent-", n)}
				if info.User != "ada" || info.Device != want || info.Current != (n == 1) || info.Handle.IsZero() {
					t.Errorf("entry %d: %+v, want device %+v", i, info, want)
				}
				if !info.CreatedAt.Equal(infos[0].CreatedAt.Add(-time.Duration(i)*time.Minute)) ||
					!info.Ends().After(time.Now()) {
					t.Errorf("entry %d began at %v, ends at %v", i, info.CreatedAt, info.Ends())
				}
				if !info.Current {
					if existed, err := m.Revoke(r.Context(), info.Handle); !existed || err != nil {
						t.Errorf("revoke: %v, %v", existed, err)
					}
				}
			}
		})
		for i, b := range devices {
			if got := b.user() != ""; got != (i == 1) {
				t.Errorf("device %d is signed in: %v", i, got)
			}
		}
		if infos, err := m.List(t.Context(), ""); len(infos) != 0 || err != nil {
			t.Errorf("the sessions of nobody: %v, %v", infos, err)
		}
		if infos, err := m.List(t.Context(), "nobody"); len(infos) != 0 || err != nil {
			t.Errorf("the sessions of somebody unknown: %v, %v", infos, err)
		}
	})
}

// Everybody's sessions, a page at a time, visitors included; and how many there are.
//
// Rows: ASVS 7.4.5
func TestBrowseListsEverySession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, newFaultStore(), asleep(session.Options{}))
		for i := range 25 {
			newBrowser(t, m).signIn(fmt.Sprint("user-", i%5))
			time.Sleep(time.Second)
		}
		set(newBrowser(t, m), note, "x")
		seen := make(map[store.ID]bool)
		pages := 0
		for q := (store.Query{Limit: 10}); ; pages++ {
			infos, next, err := m.Browse(t.Context(), q)
			if err != nil || len(infos) > 10 {
				t.Fatalf("%d sessions, %v", len(infos), err)
			}
			for _, info := range infos {
				seen[info.Handle] = true
			}
			if next == (store.Cursor{}) {
				break
			}
			q.After = next
		}
		if len(seen) != 26 || pages != 2 {
			t.Errorf("%d sessions on %d pages, want 26 on 3", len(seen), pages+1)
		}
		for user, want := range map[string]int{"": 26, "user-3": 5, "nobody": 0} {
			if n, err := m.Count(t.Context(), user); n != want || err != nil {
				t.Errorf("count of %q: %d, %v; want %d", user, n, err, want)
			}
		}
	})
}

// What a list shows as JSON has no secret, and names that stay.
//
// Rows: A35, C7
func TestInfoAsJSONHasNoSecret(t *testing.T) {
	m := newManager(t, newFaultStore(), session.Options{})
	b := newBrowser(t, m)
	b.signIn("ada")
	infos, err := m.List(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(infos[0])
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"handle", "user", "created_at", "last_seen", "expires_at", "remember", "device",
		"current"} {
		if _, ok := fields[name]; !ok {
			t.Errorf("no field %s in %s", name, text)
		}
	}
	if strings.Contains(string(text), b.ticket()[23:]) {
		t.Errorf("the secret is in %s", text)
	}
}

// The client's address is that of the connection, unless a trusted proxy vouches for another; what clients write
// themselves into the header is never believed.
//
// Rows: A31, ASVS 4.1.3, ASVS 15.3.4
func TestClientAddressComesFromTrustedProxies(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct {
		name    string
		trusted []netip.Prefix
		remote  string
		headers map[string][]string
		want    string
	}{
		{"direct", nil, "192.0.2.1:99", nil, "192.0.2.1"},
		{"direct, IPv6", nil, "[2001:db8::1]:99", nil, "2001:db8::1"},
		{"without a port", nil, "192.0.2.1", nil, "192.0.2.1"},
		{"nobody is trusted", nil, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"198.51.100.1"}}, "10.0.0.1"},
		{"not a proxy", proxies, "192.0.2.1:99", map[string][]string{"X-Forwarded-For": {"198.51.100.1"}}, "192.0.2.1"},
		{"one proxy", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"the client lies", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"1.1.1.1, 198.51.100.1"}},
			"198.51.100.1"},
		{"the client lies in a line of its own", proxies, "10.0.0.1:99",
			map[string][]string{"X-Forwarded-For": {"1.1.1.1", "198.51.100.1"}}, "198.51.100.1"},
		{"the client says it is a proxy", proxies, "10.0.0.1:99",
			map[string][]string{"X-Forwarded-For": {"1.1.1.1, 10.9.9.9, 198.51.100.1"}}, "198.51.100.1"},
		{"two proxies", proxies, "10.0.0.1:99",
			map[string][]string{"X-Forwarded-For": {"1.1.1.1, 198.51.100.1, 10.0.0.2"}}, "198.51.100.1"},
		{"two proxies, two lines", proxies, "10.0.0.1:99",
			map[string][]string{"X-Forwarded-For": {"198.51.100.1", "10.0.0.2"}}, "198.51.100.1"},
		{"IPv6 proxy", proxies, "[2001:db8::1]:99", map[string][]string{"X-Forwarded-For": {"2001:470::7"}},
			"2001:470::7"},
		{"proxy in IPv6 clothes", proxies, "[::ffff:10.0.0.1]:99",
			map[string][]string{"X-Forwarded-For": {"198.51.100.1"}}, "198.51.100.1"},
		{"only proxies", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}},
			"10.0.0.3"},
		{"no header", proxies, "10.0.0.1:99", nil, "10.0.0.1"},
		{"empty header", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {""}}, "10.0.0.1"},
		{"nonsense", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"198.51.100.1, unknown"}},
			"10.0.0.1"},
		{"markup", proxies, "10.0.0.1:99", map[string][]string{"X-Forwarded-For": {"<script>"}}, "10.0.0.1"},
		{"other headers", proxies, "10.0.0.1:99",
			map[string][]string{"X-Real-Ip": {"1.1.1.1"}, "True-Client-Ip": {"1.1.1.1"},
				"Forwarded": {"for=1.1.1.1"}}, "10.0.0.1"},
		{"no end of hops", proxies, "10.0.0.1:99",
			map[string][]string{"X-Forwarded-For": {strings.Repeat("10.0.0.9, ", 10_000) + "10.0.0.8"}}, "10.0.0.9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newManager(t, newFaultStore(), session.Options{TrustedProxies: c.trusted})
			b := newBrowser(t, m)
			b.address = c.remote
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for name, lines := range c.headers {
				r.Header[name] = lines
			}
			var info session.Info
			b.send(r, func(_ http.ResponseWriter, r *http.Request) {
				s := session.From(r.Context())
				if err := s.SignIn("ada"); err != nil {
					t.Error(err)
				}
				info, _ = s.Info()
			})
			if info.Device.Address != c.want {
				t.Errorf("address %q, want %q", info.Device.Address, c.want)
			}
		})
	}
}

// How much time is left, for pages that warn; asking is no use of the session.
//
// Rows: C5, N7
func TestRemainingTellsTheTimeLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{RotateEvery: -1}))
		ask := func(b *browser) string {
			a := b.visit(m.Remaining().ServeHTTP)
			if !headerHas(a.header, "Cache-Control", "no-store") {
				t.Errorf("headers %v", a.header)
			}
			return strings.TrimSpace(a.body)
		}
		if got := ask(newBrowser(t, m)); got != `{"signed_in":false,"idle_seconds":0,"seconds":0}` {
			t.Errorf("a stranger: %s", got)
		}
		b := newBrowser(t, m)
		handle := b.signIn("ada")
		time.Sleep(15 * time.Minute)
		if got := ask(b); got != `{"signed_in":true,"idle_seconds":2700,"seconds":85500}` {
			t.Errorf("after 15 minutes: %s", got)
		}
		time.Sleep(44*time.Minute + 59*time.Second)
		if got := ask(b); got != `{"signed_in":true,"idle_seconds":1,"seconds":82801}` {
			t.Errorf("a second before the end: %s", got)
		}
		time.Sleep(time.Second)
		if got := ask(b); got != `{"signed_in":false,"idle_seconds":0,"seconds":0}` {
			t.Errorf("after the end: %s", got)
		}
		if r, _ := st.record(t, handle); st.count("Touch") != 0 || !r.LastSeen.Equal(r.CreatedAt) {
			t.Error("asking was a use of the session")
		}
	})
}

// Programs without cookies carry the ticket in headers; the cookie is nothing to them, and browsers never see those
// headers.
//
// Rows: A8, C3
func TestBearerTicketsTravelInHeadersAlone(t *testing.T) {
	var events recorder
	st := newFaultStore()
	m := newManager(t, st, session.Options{
		Header: func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") },
		Events: event.NewQueue(events.observe),
	})
	call := func(path string, header http.Header, fn func(*session.Session)) *answer {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for name, lines := range header {
			r.Header[name] = lines
		}
		w := httptest.NewRecorder()
		m.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			fn(session.From(r.Context()))
		})).ServeHTTP(w, r)
		return &answer{w.Code, w.Result().Header, ""}
	}
	bearer := func(token ...string) http.Header {
		h := http.Header{}
		for _, t := range token {
			h.Add("Authorization", t)
		}
		return h
	}
	user := ""
	who := func(s *session.Session) { user = s.User() }

	a := call("/api/login", nil, func(s *session.Session) { _ = s.SignIn("ada") })
	ticket := a.header.Get("Session-Ticket")
	if len(ticket) != 55 || len(a.setCookies()) != 0 || !headerHas(a.header, "Cache-Control", "no-store") ||
		!headerHas(a.header, "Vary", "Authorization") {
		t.Fatalf("answer %v", a.header)
	}
	for _, c := range []struct {
		name, path string
		header     http.Header
		want       string
	}{
		{"bearer", "/api/me", bearer("Bearer " + ticket), "ada"},
		{"any case", "/api/me", bearer("bearer " + ticket), "ada"},
		{"other scheme", "/api/me", bearer("Basic " + ticket), ""},
		{"beside another scheme", "/api/me", bearer("Basic x", "Bearer "+ticket), "ada"},
		{"twice", "/api/me", bearer("Bearer "+ticket, "Bearer "+ticket), ""},
		{"nothing", "/api/me", nil, ""},
		{"more behind it", "/api/me", bearer("Bearer " + ticket + ", x"), ""},
		{"cookie on the API", "/api/me", http.Header{"Cookie": {hostCookie + "=" + ticket}}, ""},
		{"bearer on a page", "/me", bearer("Bearer " + ticket), ""},
		{"the same ticket as a cookie on a page", "/me", http.Header{"Cookie": {hostCookie + "=" + ticket}}, "ada"},
	} {
		user = "not asked"
		if a := call(c.path, c.header, who); user != c.want || a.header.Get("Session-Ticket") != "" ||
			len(a.setCookies()) != 0 {
			t.Errorf("%s: user %q, headers %v; want %q", c.name, user, a.header, c.want)
		}
	}
	if a := call("/login", nil,
		func(s *session.Session) { _ = s.SignIn("ada") }); a.header.Get("Session-Ticket") != "" ||
		len(a.setCookies()) != 1 {
		t.Errorf("a page is answered %v", a.header)
	}
	a = call("/api/logout", bearer("Bearer "+ticket), func(s *session.Session) { _ = s.SignOut() })
	if lines, there := a.header["Session-Ticket"]; !there || lines[0] != "" || len(a.setCookies()) != 0 {
		t.Errorf("sign-out is answered %v", a.header)
	}
	if call("/api/me", bearer("Bearer "+ticket), who); user != "" {
		t.Error("the ticket is good after sign-out")
	}
	if len(events.of(t, m, event.Duplicate)) != 1 {
		t.Errorf("events %s", events.kinds())
	}
}

// The record says how and when its session began, for those who look into the store.
//
// Rows: N7, C13
func TestRecordTellsHowAndWhenItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		handle := newBrowser(t, m).signIn("ada", session.By("passkey"), session.Level(2), session.Remember)
		r, ok := st.record(t, handle)
		now := time.Now().UTC()
		if !ok || r.User != "ada" || !r.Remember || !r.CreatedAt.Equal(now) || !r.LastSeen.Equal(now) ||
			r.IdleTimeout != 14*24*time.Hour ||
			!r.ExpiresAt.Equal(now.Add(30*24*time.Hour)) || len(r.Auth) != 1 ||
			r.Auth[0] != (store.Auth{Method: "passkey", At: now, Level: 2}) {
			t.Errorf("record %+v", r)
		}
	})
}

// A store whose pages do not go on is found out by the one who pages, and not by a listing without end.
//
// Rows: I9
func TestListingThatDoesNotGoOnIsAnError(t *testing.T) {
	m := newManager(t, stuckStore{newFaultStore()}, session.Options{})
	for range 3 {
		newBrowser(t, m).signIn("ada")
	}
	pages := 0
	for q := (store.Query{User: "ada", Limit: 2}); ; pages++ {
		_, next, err := m.Browse(t.Context(), q)
		if err != nil {
			break
		}
		if next == (store.Cursor{}) || pages > 3 {
			t.Fatalf("page %d, next %v", pages, next)
		}
		q.After = next
	}
	if pages != 1 {
		t.Errorf("%d pages before the error, want 1", pages)
	}
}

// A stuckStore begins each page with the newest.
type stuckStore struct{ *faultStore }

func (s stuckStore) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	q.After = store.Cursor{}
	return s.faultStore.List(ctx, q)
}

// One session of a list is looked up by its handle: as it is now, whatever a copy says, and only while it lives.
//
// Rows: C13
func TestLookupFindsOneSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := newFaultStore()
		m := newManager(t, st, asleep(session.Options{}))
		b := newBrowser(t, m)
		handle := b.signIn("ada", session.By("passkey"), session.Level(2))
		other := newBrowser(t, m).signIn("alan", session.By("password"))
		st.trap(func(ctx context.Context) error {
			if !store.IsGlance(ctx) {
				t.Error("a cache would keep what is looked up")
			}
			return nil
		}, "Load")
		info, ok, err := m.Lookup(t.Context(), handle)
		st.trap(nil, "Load")
		if err != nil || !ok || info.Handle != handle || info.User != "ada" || info.Method != "passkey" ||
			info.Level != 2 || info.Current {
			t.Errorf("found %+v, %v, %v", info, ok, err)
		}
		listed, err := m.List(t.Context(), "ada")
		if err != nil || len(listed) != 1 || listed[0] != info {
			t.Errorf("the list has %+v, %v", listed, err)
		}
		gone := func(why string, handle store.ID) {
			t.Helper()
			if info, ok, err := m.Lookup(t.Context(), handle); ok || err != nil {
				t.Errorf("%s: found %+v, %v", why, info, err)
			}
		}
		gone("nobody's", store.NewID())
		if _, err := m.Revoke(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		gone("ended", other)
		time.Sleep(61 * time.Minute)
		gone("not used for an hour", handle)
		late := newBrowser(t, m).signIn("ada")
		if err := m.RevokeBefore(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		gone("refused by a cut-off", late)
		st.down("Load")
		if _, _, err := m.Lookup(t.Context(), handle); err == nil {
			t.Error("a store that does not answer has no session")
		}
	})
}
