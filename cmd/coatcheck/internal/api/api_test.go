package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const token = "the-token-of-this-test"

// owner is the operator that is always there.
func owner(*http.Request) *operator.Operator { return new(operator.Roster).Find(operator.Owner) }

// A fixture is an API over a store that the test can fill.
type fixture struct {
	t       *testing.T
	store   *memory.Store
	handler http.Handler
	events  chan event.Event
}

func newFixture(t *testing.T, o api.Options) *fixture {
	h := &fixture{t: t, store: memory.New(), events: make(chan event.Event, 100)}
	h.open(h.store, o)
	return h
}

func (h *fixture) open(st store.Store, o api.Options) {
	options := session.Options{Header: api.Header(nil)}
	if h.events != nil {
		options.Events = event.NewQueue(func(e event.Event) { h.events <- e })
	}
	o.Sessions = session.New(st, options)
	h.handler = api.New(o)
}

// start stores a session that began the given time ago.
func (h *fixture) start(user string, ago time.Duration) store.ID {
	h.t.Helper()
	created := time.Now().Add(-ago)
	r := store.Record{
		ID: store.NewID(), User: user, Secret: store.Hash{1, 2, 3}, CreatedAt: created, LastSeen: created,
		ExpiresAt: created.Add(24 * time.Hour), IdleTimeout: 20 * time.Hour, Remember: user == "ada",
		Device: store.Device{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 <b>", Label: "at the desk"},
	}
	if err := h.store.Create(h.t.Context(), r, store.ID{}); err != nil {
		h.t.Fatal(err)
	}
	return r.ID
}

// A reply is a response with its body read.
type reply struct {
	*http.Response
	body string
}

// ask sends a request with the right token; header lines are added in pairs and may take it away again.
func (h *fixture) ask(method, target string, header ...string) reply {
	h.t.Helper()
	return h.send(method, target, "", header...)
}

// send is ask with a body.
func (h *fixture) send(method, target, body string, header ...string) reply {
	h.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		if header[i+1] == "" {
			r.Header.Del(header[i])
		} else {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return reply{w.Result(), w.Body.String()}
}

func (h *fixture) want(got reply, status int, code string) {
	h.t.Helper()
	if got.StatusCode != status {
		h.t.Errorf("status %d, want %d; body %s", got.StatusCode, status, got.body)
	}
	if cc := got.Header.Get("Cache-Control"); cc != "no-store" {
		h.t.Errorf("Cache-Control %q, want no-store", cc)
	}
	if code == "" {
		return
	}
	var e struct {
		Error struct{ Code, Message string }
	}
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.Header.Get("Content-Type") != "application/json" {
		h.t.Fatalf("%s is not a JSON error: %q", got.Header.Get("Content-Type"), got.body)
	}
	if e.Error.Code != code || e.Error.Message == "" {
		h.t.Errorf("error %+v, want code %q and a message", e.Error, code)
	}
}

type listing struct {
	Sessions []map[string]any
	Next     string
}

func (h *fixture) list(query string) listing {
	h.t.Helper()
	got := h.ask("GET", "/v1/sessions"+query)
	h.want(got, http.StatusOK, "")
	var l listing
	if err := json.Unmarshal([]byte(got.body), &l); err != nil {
		h.t.Fatalf("%v in %s", err, got.body)
	}
	return l
}

func TestListingShowsWhatIsPublicAndNothingElse(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	id := h.start("ada", time.Minute)
	got := h.ask("GET", "/v1/sessions?user=ada")
	h.want(got, http.StatusOK, "")
	record, err := h.store.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	stamp := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
	want := fmt.Sprintf(`{"sessions":[{"handle":"%s","user":"ada",`+
		`"created_at":"%s","last_seen":"%s","expires_at":"%s","remember":true,`+
		`"device":{"address":"192.0.2.7","user_agent":"Mozilla/5.0 \u003cb\u003e","label":"at the desk"}}],"total":1}`,
		id, stamp(record.CreatedAt), stamp(record.LastSeen), stamp(record.ExpiresAt))
	if strings.TrimSpace(got.body) != want {
		t.Errorf("got  %swant %s", got.body, want)
	}
}

// A terminal shows what there is in a name, and JSON still means the name.
//
// Rows: A44, ASVS 16.4.1
func TestListingShowsWhatIsUnseen(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	for _, name := range []string{"ada\u202enimda", "ada\u200b\u2028\x7f", "\U000e0041", "a\x00\x1b[31m"} {
		h.start(name, time.Minute)
		got := h.ask("GET", "/v1/sessions?user="+escape(name))
		if strings.ContainsAny(got.body, "\u202e\u200b\u2028\x7f\x00\x1b\U000e0041") {
			t.Errorf("%q is listed as %s", name, got.body)
		}
		if list := h.list("?user=" + escape(name)); len(list.Sessions) != 1 || list.Sessions[0]["user"] != name {
			t.Errorf("%q is listed as %+v", name, list)
		}
	}
}

func TestListingIsPagedNewestFirst(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	var want []string
	for i := range 5 {
		want = append(want, h.start([]string{"ada", ""}[i%2], time.Duration(i)*time.Minute).String())
	}
	var got []string
	query := "?limit=2"
	for range 10 { // more than enough: an endless listing is a failure below
		l := h.list(query)
		for _, s := range l.Sessions {
			got = append(got, s["handle"].(string))
		}
		if l.Next == "" {
			break
		}
		query = "?limit=2&after=" + l.Next
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if l := h.list("?user=ada"); len(l.Sessions) != 3 {
		t.Errorf("ada has %d sessions, want 3", len(l.Sessions))
	}
	if l := h.list("?user=nobody"); l.Sessions == nil || len(l.Sessions) != 0 {
		t.Errorf("nobody has %v, want an empty list and not null", l.Sessions)
	}
}

func TestListingLeavesOutWhatIsOver(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	h.start("ada", 30*time.Hour)
	if l := h.list(""); len(l.Sessions) != 0 {
		t.Errorf("an expired session is listed: %v", l.Sessions)
	}
}

func TestEndOne(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	id, other := h.start("ada", time.Minute), h.start("ada", time.Minute)
	got := h.ask("DELETE", "/v1/sessions/"+id.String())
	h.want(got, http.StatusNoContent, "")
	if got.body != "" {
		t.Errorf("204 with a body: %q", got.body)
	}
	if _, err := h.store.Load(t.Context(), id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it is still there: %v", err)
	}
	if _, err := h.store.Load(t.Context(), other); err != nil {
		t.Errorf("another one is gone: %v", err)
	}
	if e := <-h.events; e.Kind != event.Revoked || e.Handle != id || e.Actor != operator.Owner {
		t.Errorf("event %+v does not say that the API revoked %s", e, id)
	}
	h.want(h.ask("DELETE", "/v1/sessions/"+id.String()), http.StatusNotFound, "not_found")
}

func TestEndAllOfAUser(t *testing.T) {
	for _, user := range []string{"ada", "a/b", "ada@example.org", "<script>", "müller lüdenscheidt", "%2F", "..",
		"ada\u202enimda", "a\x00\nb", "not\xffUTF-8"} {
		t.Run(user, func(t *testing.T) {
			h := newFixture(t, api.Options{Token: token})
			h.start(user, time.Minute)
			h.start(user, time.Hour)
			kept := h.start("grace", time.Minute)
			got := h.ask("DELETE", "/v1/users/"+escape(user)+"/sessions")
			h.want(got, http.StatusOK, "")
			if strings.TrimSpace(got.body) != `{"ended":2}` {
				t.Errorf("got %s", got.body)
			}
			if _, err := h.store.Load(t.Context(), kept); err != nil {
				t.Errorf("somebody else's is gone: %v", err)
			}
		})
	}
}

// escape encodes every byte, as a careful client may.
func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, "%%%02X", c)
	}
	return b.String()
}

func TestRefusals(t *testing.T) {
	handle := store.NewID().String()
	for _, c := range []struct {
		method, target string
		status         int
		code           string
		allow          string
	}{
		{"DELETE", "/v1/sessions/" + handle, 404, "not_found", ""},
		{"DELETE", "/v1/sessions/short", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions/" + handle + "A", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions/" + handle[:21] + "!", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions/" + handle[:21] + "%0A", 400, "bad_request", ""},
		{"DELETE", "/v1/users/" + strings.Repeat("u", 256) + "/sessions", 400, "bad_request", ""},
		{"GET", "/v1/sessions?usr=ada", 400, "bad_request", ""},
		{"DELETE", "/v1/users/ada/sessions?keep=x", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions/" + store.NewID().String() + "?dry_run=true", 400, "bad_request", ""},
		{"GET", "/v1/sessions?user=ada&User=ada", 400, "bad_request", ""},
		{"GET", "/v1/sessions?user=ada&user=eve", 400, "bad_request", ""},
		{"GET", "/v1/sessions?user=", 400, "bad_request", ""},
		{"GET", "/v1/sessions?user&limit=5", 400, "bad_request", ""},
		{"GET", "/v1/sessions?limit=0", 400, "bad_request", ""},
		{"GET", "/v1/sessions?limit=-1", 400, "bad_request", ""},
		{"GET", "/v1/sessions?limit=1001", 400, "bad_request", ""},
		{"GET", "/v1/sessions?limit=ten", 400, "bad_request", ""},
		{"GET", "/v1/sessions?limit=99999999999999999999", 400, "bad_request", ""},
		{"GET", "/v1/sessions?after=nowhere", 400, "bad_request", ""},
		{"GET", "/v1/sessions?after=" + strings.Repeat("!", 32), 400, "bad_request", ""},
		{"GET", "/v1/sessions?after=" + strings.Repeat("%0A", 32), 400, "bad_request", ""},
		{"GET", "/v1/sessions?user=" + strings.Repeat("u", 256), 400, "bad_request", ""},
		{"GET", "/v1/sessions?user=%zz", 400, "bad_request", ""},
		{"PUT", "/v1/sessions", 405, "method_not_allowed", "DELETE, GET, POST, HEAD"},
		{"DELETE", "/v1/sessions", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions?confirm=", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions?confirm=Everybody", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions?confirm=everybody&user=ada", 400, "bad_request", ""},
		{"DELETE", "/v1/sessions?user=ada", 400, "bad_request", ""},
		{"POST", "/v1/sessions/" + handle, 405, "method_not_allowed", "DELETE, GET, HEAD"},
		{"GET", "/v1/users/ada/sessions", 405, "method_not_allowed", "DELETE"},
		{"OPTIONS", "/v1/sessions", 405, "method_not_allowed", "DELETE, GET, POST, HEAD"},
		{"POST", "/healthz", 405, "method_not_allowed", "GET, HEAD"},
		{"GET", "/v1/", 404, "not_found", ""},
		{"GET", "/v1/elsewhere", 404, "not_found", ""},
		{"PATCH", "/v1/sessions//data", 404, "not_found", ""},
		{"DELETE", "/v1/users//sessions", 404, "not_found", ""},
		{"DELETE", "/v1/users/../sessions", 404, "not_found", ""},
		{"GET", "/v1//sessions", 404, "not_found", ""},
		{"GET", "/v2/sessions", 404, "not_found", ""},
		{"DELETE", "/v1/users/ada", 404, "not_found", ""},
	} {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			h := newFixture(t, api.Options{Token: token})
			got := h.ask(c.method, c.target)
			h.want(got, c.status, c.code)
			if allow := got.Header.Get("Allow"); allow != c.allow {
				t.Errorf("Allow %q, want %q", allow, c.allow)
			}
		})
	}
}

func TestWhoMayAsk(t *testing.T) {
	for _, c := range []struct {
		name          string
		token         string
		authorization string
		signedIn      bool
		status        int
		challenge     string
	}{
		{"the token", token, "Bearer " + token, false, 200, ""},
		{"schemes have no case", token, "bEARER " + token, false, 200, ""},
		{"several spaces", token, "Bearer   " + token, false, 200, ""},
		{"nothing", token, "", false, 401, `Bearer realm="coatcheck"`},
		{"another scheme", token, "Basic " + token, false, 401, `Bearer realm="coatcheck"`},
		{"no token behind the scheme", token, "Bearer", false, 401, `Bearer realm="coatcheck", error="invalid_token"`},
		{"a part of it", token, "Bearer " + token[:5], false, 401, `Bearer realm="coatcheck", error="invalid_token"`},
		{"more than it", token, "Bearer " + token + "x", false, 401, `Bearer realm="coatcheck", error="invalid_token"`},
		{"no token is set, none is sent", "", "Bearer ", false, 401, `Bearer realm="coatcheck", error="invalid_token"`},
		{"signed in", token, "", true, 200, ""},
		{"signed in, and a wrong token", token, "Bearer wrong", true, 401,
			`Bearer realm="coatcheck", error="invalid_token"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newFixture(t, api.Options{Token: c.token, SignedIn: func(r *http.Request) *operator.Operator {
				if c.signedIn {
					return owner(r)
				}
				return nil
			}})
			code := ""
			if c.status == http.StatusUnauthorized {
				code = "unauthorized"
			}
			got := h.ask("GET", "/v1/sessions", "Authorization", c.authorization)
			h.want(got, c.status, code)
			if challenge := got.Header.Get("WWW-Authenticate"); challenge != c.challenge {
				t.Errorf("challenge %q, want %q", challenge, c.challenge)
			}
		})
	}
}

func TestTwoTokensAreNone(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	r := httptest.NewRequest("GET", "/v1/sessions", nil)
	r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("status %d", w.Code)
	}
}

func TestNothingIsToldWithoutProof(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	id := h.start("ada", time.Minute)
	for _, target := range []string{"/v1/sessions", "/v1/elsewhere", "/v1/sessions/" + id.String(),
		"/v1/users/ada/sessions"} {
		for _, method := range []string{"GET", "DELETE", "POST"} {
			h.want(h.ask(method, target, "Authorization", ""), http.StatusUnauthorized, "unauthorized")
		}
	}
	if _, err := h.store.Load(t.Context(), id); err != nil {
		t.Errorf("the session is gone: %v", err)
	}
}

func TestOtherOriginsChangeNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		header []string
		status int
	}{
		{"the console's own page", []string{"Sec-Fetch-Site", "same-origin"}, 204},
		{"no browser", nil, 204},
		{"another port of this host", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"an old browser at another site", []string{"Origin", "https://evil.example"}, 403},
		{"an opaque origin", []string{"Origin", "null"}, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newFixture(t, api.Options{SignedIn: owner})
			id := h.start("ada", time.Minute)
			code := ""
			if c.status == http.StatusForbidden {
				code = "cross_origin"
			}
			h.want(h.ask("DELETE", "/v1/sessions/"+id.String(), append(c.header, "Authorization", "")...), c.status,
				code)
			_, err := h.store.Load(t.Context(), id)
			if there := err == nil; there != (c.status == 403) {
				t.Errorf("the session is there: %v", there)
			}
		})
	}
}

// The end of everybody's sessions says how many there were, and from then on neither the listing nor the count has any.
//
// Rows: ASVS 7.4.5
func TestEndEverybody(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	h.start("ada", time.Minute)
	h.start("", time.Minute)
	refused := h.ask("DELETE", "/v1/sessions")
	if h.want(refused, 400, "bad_request"); !strings.Contains(refused.body, "DELETE /v1/sessions?confirm=everybody") {
		t.Errorf("it does not say what to send: %s", refused.body)
	}
	if n := len(h.list("").Sessions); n != 2 {
		t.Fatalf("%d sessions without the word, want 2", n)
	}
	for _, want := range []string{`{"ended":2}`, `{"ended":0}`} {
		got := h.ask("DELETE", "/v1/sessions?confirm=everybody")
		if h.want(got, 200, ""); strings.TrimSpace(got.body) != want {
			t.Errorf("it answers %s, want %s", got.body, want)
		}
		if e := <-h.events; e.Kind != event.Revoked || e.Actor != operator.Owner ||
			e.Reason != "everybody's sessions: by token" {
			t.Errorf("event %+v", e)
		}
		if left := h.list("").Sessions; len(left) != 0 {
			t.Errorf("listed: %v", left)
		}
	}
	h.start("ada", -time.Second)
	if n := len(h.list("").Sessions); n != 1 {
		t.Errorf("%d sessions, want the one that began afterwards", n)
	}
}

// A store that cannot count ends all sessions all the same.
func TestEndEverybodyUncounted(t *testing.T) {
	h := newFixture(t, api.Options{})
	h.open(countless{h.store}, api.Options{Token: token})
	got := h.ask("DELETE", "/v1/sessions?confirm=everybody")
	if h.want(got, 200, ""); strings.TrimSpace(got.body) != "{}" {
		t.Errorf("it answers %s, want {}", got.body)
	}
	if all, err := h.store.NotBefore(t.Context()); err != nil || time.Since(all[""]) > time.Minute {
		t.Errorf("cutoffs %v, %v", all, err)
	}
}

type countless struct{ *memory.Store }

func (countless) Count(context.Context, string, time.Time) (int, error) { return 0, errBroken }

// A brokenStore fails, as one does whose database is gone.
type brokenStore struct{ store.Store }

var errBroken = errors.New("connect to 10.0.0.5 as root: secret password refused")

func (brokenStore) Load(context.Context, store.ID) (store.Record, error) {
	return store.Record{}, errBroken
}
func (brokenStore) List(context.Context, store.Query) ([]store.Record, error) { return nil, errBroken }
func (brokenStore) Delete(context.Context, store.ID) (bool, error)            { return false, errBroken }
func (brokenStore) Count(context.Context, string, time.Time) (int, error)     { return 0, errBroken }
func (brokenStore) SetNotBefore(context.Context, string, time.Time) error     { return errBroken }
func (brokenStore) DeleteUser(context.Context, string, ...store.ID) ([]store.ID, error) {
	return nil, errBroken
}

func TestStoreFails(t *testing.T) {
	h := newFixture(t, api.Options{})
	h.open(brokenStore{memory.New()}, api.Options{Token: token})
	for _, c := range [][3]string{
		{"GET", "/v1/sessions", "unavailable"},
		{"DELETE", "/v1/sessions/" + store.NewID().String(), "unavailable"},
		{"DELETE", "/v1/users/ada/sessions", "unavailable"},
		{"DELETE", "/v1/sessions?confirm=everybody", "unavailable"},
		{"GET", "/readyz", ""},
	} {
		got := h.ask(c[0], c[1])
		h.want(got, http.StatusServiceUnavailable, c[2])
		if got.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", c[0], c[1])
		}
		if strings.Contains(got.body, "secret") || strings.Contains(got.body, "10.0.0.5") {
			t.Errorf("%s %s tells what the store said: %s", c[0], c[1], got.body)
		}
	}
	h.want(h.ask("GET", "/healthz"), http.StatusOK, "")
}

func TestHealthNeedsNoProof(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	for _, target := range []string{"/healthz", "/readyz"} {
		got := h.ask("GET", target, "Authorization", "")
		h.want(got, http.StatusOK, "")
		if got.body != "ok\n" {
			t.Errorf("%s says %q", target, got.body)
		}
	}
}

func TestMetricsNeedProof(t *testing.T) {
	numbers := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "sessions 1\n") })
	signedIn := func(r *http.Request) *operator.Operator {
		if r.Header.Get("Cookie") == "operator" {
			return owner(r)
		}
		return nil
	}
	h := newFixture(t, api.Options{Token: token, Metrics: numbers, SignedIn: signedIn})
	if got := h.ask("GET", "/metrics"); got.StatusCode != 200 || got.body != "sessions 1\n" {
		t.Errorf("with the token: %d %s", got.StatusCode, got.body)
	}
	if got := h.ask("GET", "/metrics", "Authorization", "", "Cookie", "operator"); got.StatusCode != 200 {
		t.Errorf("for an operator: %d", got.StatusCode)
	}
	h.want(h.ask("GET", "/metrics", "Authorization", ""), 401, "unauthorized")
	h.want(h.ask("GET", "/metrics", "Authorization", "Bearer x"), 401, "unauthorized")
	h.want(h.ask("POST", "/metrics"), 405, "method_not_allowed")
	h.want(newFixture(t, api.Options{Token: token}).ask("GET", "/metrics"), 404, "not_found")
}

// A parameter that is misspelt would show everybody's sessions. The answer names those that there are.
func TestUnknownParameterIsNamed(t *testing.T) {
	h := newFixture(t, api.Options{Token: token})
	text := h.ask("GET", "/v1/sessions?usr=ada").body
	if !strings.Contains(text, "usr") || !strings.Contains(text, "after, limit, user") {
		t.Errorf("the answer is %s", text)
	}
}
