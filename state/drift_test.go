package state_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/state"
	"coatcheck.dev/store/memory"
)

// answer returns a handler that sets these cookies.
func answer(lines ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range lines {
			w.Header().Add("Set-Cookie", line)
		}
		fmt.Fprint(w, "hello")
	})
}

func get(h http.Handler, cookies string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/page", nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDriftOfResponses(t *testing.T) {
	inventory := everything()
	strict := spec("strict")
	strict.SameSiteStrict = true
	state.NewCookie[string](inventory, strict)
	inventory.Declare(state.Entry{Name: "tab", Place: state.InCookie, Purpose: state.Essential, Description: "x"})
	const good = "__Host-strict=v; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict"
	later := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(http.TimeFormat) }
	for name, c := range map[string]struct{ line, kind, reason string }{
		"as declared":      {good, "", ""},
		"shorter":          {strings.Replace(good, "31536000", "60", 1), "", ""},
		"until it closes":  {strings.Replace(good, "Max-Age=31536000; ", "", 1), "", ""},
		"another order":    {"__Host-strict=v; SameSite=Strict; HttpOnly; Secure; Path=/", "", ""},
		"with Expires":     {"theme=dark; Expires=" + later(year), "", ""},
		"without promises": {"theme=dark; Path=/x; Secure; Max-Age=60", "", ""},
		"a made-up name":   {"_ga_X1=v; Path=/; Domain=shop.example; Max-Age=60", "", ""},
		"a deletion":       {"__Host-strict=; Path=/; Max-Age=0; Secure", "", ""},
		"cleaning up":      {"old=; Path=/; Max-Age=0", "", ""},
		"cleaning up 1970": {"old=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "", ""},

		"undeclared":        {"debug=1; Path=/", "state_cookie_undeclared", "a response set it"},
		"another case":      {"Theme=dark; Path=/", "state_cookie_undeclared", "a response set it"},
		"no name":           {"debug", "state_cookie_undeclared", "a response set it"},
		"a key of sessions": {"role=admin", "state_cookie_undeclared", "a response set it"},
		"no Secure": {strings.Replace(good, " Secure;", "", 1), "state_cookie_different",
			"Secure is missing"},
		"no HttpOnly": {strings.Replace(good, " HttpOnly;", "", 1), "state_cookie_different",
			"HttpOnly is missing"},
		"lax": {strings.Replace(good, "Strict", "Lax", 1), "state_cookie_different",
			`SameSite is "Lax", not "Strict"`},
		"another path": {strings.Replace(good, "Path=/", "Path=/shop", 1), "state_cookie_different",
			`Path is "/shop", not "/"`},
		"a domain": {good + "; Domain=shop.example", "state_cookie_different",
			`Domain is "shop.example", not ""`},
		"partitioned":  {good + "; Partitioned", "state_cookie_different", "Partitioned is there"},
		"script's own": {"_ga_X1=v; Path=/; HttpOnly", "state_cookie_different", `HttpOnly is there`},
		"several":      {"__Host-strict=v", "state_cookie_different", `Path is "", not "/"; Secure is missing; `},
		"longer":       {"theme=d; Max-Age=31536070", "state_cookie_different", "it lives longer than 365 days"},
		"longer by day": {"theme=d; Expires=" + later(year+time.Hour), "state_cookie_different",
			"it lives longer than 365 days"},
		"persistent": {"tab=1; Max-Age=1", "state_cookie_different", "it outlives the browser session"},
		"missed deletion": {"__Host-strict=; Path=/shop; Max-Age=0; Secure", "state_cookie_different",
			`Path is "/shop", not "/"`},
	} {
		t.Run(name, func(t *testing.T) {
			drift := state.NewDrift(inventory, state.DriftOptions{})
			h := drift.Handler(answer(good, c.line))
			get(h, "")
			if w := get(h, ""); w.Code != 200 || w.Body.String() != "hello" {
				t.Errorf("the response is another one: %d %q", w.Code, w.Body)
			}
			found := drift.Findings()
			if c.kind == "" {
				if len(found) != 0 {
					t.Errorf("found %+v", found)
				}
				return
			}
			name, _, _ := strings.Cut(c.line, "=")
			if c.line == "debug" {
				name = ""
			}
			if len(found) != 1 || string(found[0].Kind) != c.kind || found[0].Name != name ||
				!strings.Contains(found[0].Reason, c.reason) || found[0].Where != "GET /page" || found[0].Count != 2 {
				t.Errorf("found %+v", found)
			}
			if n := drift.Counts()[event.Kind(c.kind)]; n != 2 {
				t.Errorf("counted %d", n)
			}

			refusing := state.NewDrift(inventory, state.DriftOptions{RefuseInTests: true})
			defer func() {
				err, _ := recover().(error)
				if err == nil || !strings.HasPrefix(err.Error(), "state: the response to GET /page sets the cookie") {
					t.Errorf("panic with %v", err)
				}
			}()
			get(refusing.Handler(answer(c.line)), "")
		})
	}
}

func TestDriftOfRequests(t *testing.T) {
	drift := state.NewDrift(everything(), state.DriftOptions{RefuseInTests: true, Ignore: []string{"console"}})
	h := drift.Handler(answer())
	get(h, "theme=dark; console=1; _ga_X=1; __Host-session=; stray=1; stray=2; =nameless; bare")
	get(h, "theme=dark; "+strings.Repeat("x", 100)+"=1")
	want := []state.Finding{
		{event.UnknownCookie, "", "a request brought it", "GET /page", 2},
		{event.UnknownCookie, "stray", "a request brought it", "GET /page", 2},
		{event.UnknownCookie, strings.Repeat("x", 64), "a request brought it", "GET /page", 1},
	}
	if got := drift.Findings(); !slices.Equal(got, want) {
		t.Errorf("found %+v", got)
	}
}

// Whatever clients send, the work for one request and the memory for all are bounded, and nothing goes uncounted.
//
// Rows: I9
func TestDriftIsBounded(t *testing.T) {
	var sent, events int
	queue := event.NewQueue(func(e event.Event) { sent += e.Count; events++ })
	drift := state.NewDrift(state.NewInventory(), state.DriftOptions{Events: queue})
	h := drift.Handler(answer())
	for i := range 1000 {
		get(h, fmt.Sprintf("name%d=1", i))
	}
	get(h, strings.Repeat("name1=; ", 10_000))
	found := drift.Findings()
	var total uint64
	for _, f := range found {
		total += f.Count
	}
	const want = 1000 + 200 + 1
	if len(found) > 258 || total != want || drift.Counts()[event.UnknownCookie] != want {
		t.Errorf("%d findings, %d together, %v", len(found), total, drift.Counts())
	}
	if i := slices.IndexFunc(found, func(f state.Finding) bool {
		return f.Name == "" && f.Reason == "more names than are told apart"
	}); i < 0 || found[i].Count < 1000-256 {
		t.Errorf("found %+v", found)
	}
	queue.Flush(context.Background())
	if events > 300 {
		t.Errorf("%d events", events)
	}
}

func TestDriftEventsAreSampled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []event.Event
		queue := event.NewQueue(func(e event.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e)
		})
		drift := state.NewDrift(everything(), state.DriftOptions{Events: queue})
		h := drift.Handler(answer("debug=1"))
		for range 100 {
			get(h, "")
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if len(told) != 2 || told[0].Count != 1 || told[1].Count != 60 || told[1].Kind != event.UndeclaredCookie ||
			told[1].Key != "debug" || told[1].Reason != "a response set it" {
			t.Errorf("told %+v", told)
		}
	})
}

func TestDriftOfSessionKeys(t *testing.T) {
	inventory := everything()
	role := session.NewKey[string]("role")
	stray := session.NewKey[string]("stray")
	serve := func(drift *state.Drift, handler http.HandlerFunc) {
		sessions := session.New(memory.New(), session.Options{CheckKey: drift.CheckKey})
		get(drift.Handler(sessions.Handler(handler)), "")
		must(t, sessions.Close(t.Context()))
	}

	drift := state.NewDrift(inventory, state.DriftOptions{})
	serve(drift, func(_ http.ResponseWriter, r *http.Request) {
		s := session.From(r.Context())
		must(t, role.Set(s, "admin"))
		must(t, stray.Set(s, "x"))
		must(t, stray.Update(s, func(string) string { return "y" }))
		must(t, stray.Delete(s))
	})
	want := []state.Finding{{event.UndeclaredKey, "stray", "it was set in a session", "", 2}}
	if got := drift.Findings(); !slices.Equal(got, want) {
		t.Errorf("found %+v", got)
	}

	serve(state.NewDrift(inventory, state.DriftOptions{RefuseInTests: true}),
		func(_ http.ResponseWriter, r *http.Request) {
			s := session.From(r.Context())
			must(t, role.Set(s, "admin"))
			err := stray.Set(s, "x")
			if err == nil || !strings.Contains(err.Error(), `nobody declared the session key`) ||
				!strings.Contains(err.Error(), "stray") {
				t.Errorf("an undeclared key is set: %v", err)
			}
			if _, ok := stray.Lookup(s); ok || role.Get(s) != "admin" {
				t.Error("the refused value is there, or the other one is not")
			}
		})
}

// What was as declared once is compared byte by byte afterwards; another spelling and another cookie are not.
func TestDriftIsFoundAfterManyGoodResponses(t *testing.T) {
	inventory := everything()
	theme := state.NewCookie[string](inventory, spec("lang"))
	drift := state.NewDrift(inventory, state.DriftOptions{})
	h := drift.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		must(t, theme.Set(w, "dark"))
		if r.URL.Query().Has("bad") {
			w.Header()["Set-Cookie"][0] += "; Domain=shop.example"
		}
	}))
	for range 3 {
		get(h, "")
	}
	if got := drift.Findings(); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?bad", nil))
	inventory.Declare(state.Entry{Name: "debug", Place: state.InCookie, Purpose: state.Essential, Description: "x"})
	get(drift.Handler(answer("debug=1")), "")
	if got := drift.Findings(); len(got) != 1 || got[0].Name != "__Host-lang" {
		t.Errorf("found %+v", got)
	}
}

// Responses that go out in parts are as they would be without it, and a handler's panic too.
func TestDriftLeavesResponsesAlone(t *testing.T) {
	drift := state.NewDrift(everything(), state.DriftOptions{})
	errWanted := errors.New("wanted")
	h := drift.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "debug=1")
		if _, ok := w.(http.Flusher); !ok {
			t.Error("the writer cannot flush any more")
		}
		fmt.Fprint(w, "part")
		w.(http.Flusher).Flush()
		if r.URL.Query().Has("panic") {
			panic(errWanted)
		}
	}))
	server := httptest.NewServer(h)
	defer server.Close()
	res, err := http.Get(server.URL)
	must(t, err)
	_, err = io.Copy(io.Discard, res.Body) // it ends when the handler has returned
	must(t, err)
	must(t, res.Body.Close())
	if got := drift.Findings(); len(got) != 1 || got[0].Name != "debug" || res.Header.Get("Set-Cookie") != "debug=1" {
		t.Errorf("found %+v", got)
	}
	defer func() {
		if recover() != errWanted {
			t.Error("the panic is another one")
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?panic", nil))
}

// Any bytes that a client or a handler sends are looked at without a panic, and cost a bounded amount of memory.
func FuzzDrift(f *testing.F) {
	inventory := everything()
	f.Add("a=b; c", "d=e; Path=/")
	f.Fuzz(func(t *testing.T, request, response string) {
		drift := state.NewDrift(inventory, state.DriftOptions{})
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Cookie"] = []string{request}
		drift.Handler(answer(response)).ServeHTTP(httptest.NewRecorder(), r)
		p := cookie.Parse(response)
		for _, found := range drift.Findings() {
			if len(found.Name) > 64 || found.Count == 0 {
				t.Errorf("%+v", found)
			}
			if found.Kind != event.UnknownCookie && found.Name != p.Name && !strings.HasPrefix(p.Name, found.Name) {
				t.Errorf("%q has the name %q, and is reported as %q", response, p.Name, found.Name)
			}
		}
	})
}
