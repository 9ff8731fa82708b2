package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// answered is what any answer may have.
type answered struct {
	State     string
	User      string
	Handle    string
	Data      map[string]any
	SetCookie []string `json:"set_cookie"`
	Ticket    *string
}

func (a *answered) cookie() string {
	if len(a.SetCookie) == 0 {
		return ""
	}
	pair, _, _ := strings.Cut(a.SetCookie[0], ";")
	return pair
}

// tell sends a body and returns the answer, which has to have the status.
func (h *rig) tell(method, target, body string, status int, header ...string) (a answered) {
	h.t.Helper()
	q := question{method, target, body, token, make(http.Header)}
	for i := 0; i < len(header); i += 2 {
		q.header[header[i]] = []string{header[i+1]}
	}
	got := h.ask(q)
	if got.StatusCode != status {
		h.t.Fatalf("%s %s %.200s: %d %s, want %d", method, target, body, got.StatusCode, got.body, status)
	}
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		h.t.Fatal(err, got.body)
	}
	return a
}

func (h *rig) check(cookie string) answered {
	h.t.Helper()
	return h.tell("POST", "/v1/sessions/check", fmt.Sprintf(`{"cookie":%q}`, cookie), 200)
}

// What a visitor has put into the cart goes along when a service signs them in, and their ticket of before is dead.
//
// Rows: A1
func TestSignInMovesWhatIsCarried(t *testing.T) {
	h := newRig(t, session.Options{})
	visitor := h.tell("PATCH", "/v1/sessions/data", `{"set":{"cart":["tea"],"seen":1},"carry":["cart"]}`, 200)
	if is := h.check(visitor.cookie()); is.State != "none" || is.Handle != visitor.Handle || is.Data["seen"] != 1.0 {
		t.Errorf("a visitor is %+v", is)
	}
	user := h.tell("POST", "/v1/sessions", fmt.Sprintf(`{"user":"ada","cookie":%q}`, visitor.cookie()), 201)
	is := h.check(user.cookie())
	if is.State != "valid" || is.User != "ada" || is.Data["cart"] == nil || is.Data["seen"] != nil {
		t.Errorf("ada is %+v", is)
	}
	if is := h.check(visitor.cookie()); is.State != "none" || is.Handle != "" || len(is.SetCookie) != 0 {
		t.Errorf("the ticket of before is %+v", is)
	}
}

// A ticket is no good where tickets are cookies, and the other way round it is what the client has.
func TestBearerClient(t *testing.T) {
	h := newRig(t, session.Options{})
	begun := h.tell("POST", "/v1/sessions", `{"user":"ada","bearer":true}`, 201)
	if begun.Ticket == nil || len(begun.SetCookie) != 0 {
		t.Fatalf("%+v", begun)
	}
	body := fmt.Sprintf(`{"ticket":%q}`, *begun.Ticket)
	if is := h.tell("POST", "/v1/sessions/check", body, 200); is.State != "valid" {
		t.Errorf("%+v", is)
	}
	if out := h.tell("POST", "/v1/sessions/sign-out", body, 200); out.Ticket == nil || *out.Ticket != "" {
		t.Errorf("%+v", out)
	}
	if is := h.tell("POST", "/v1/sessions/check", body, 200); is.State != "none" {
		t.Errorf("%+v", is)
	}
}

func TestSameRequestHasTheSameAnswer(t *testing.T) {
	h := newRig(t, session.Options{})
	handles := make(chan string, 20)
	var all sync.WaitGroup
	for range cap(handles) {
		all.Go(func() {
			got := h.plain("POST", "/v1/sessions", `{"user":"ada"}`, "k1")
			handles <- got.body
		})
	}
	all.Wait()
	first := <-handles
	for range cap(handles) - 1 {
		if next := <-handles; next != first {
			t.Fatalf("%s and %s", first, next)
		}
	}
	if infos, err := h.manager.List(t.Context(), "ada"); err != nil || len(infos) != 1 {
		t.Errorf("ada has %d sessions, %v", len(infos), err)
	}
	h.tell("POST", "/v1/sessions", `{"user":"ada","level":2}`, 422, "Idempotency-Key", "k1")
	h.tell("POST", "/v1/sessions", `{"user":"ada"}`, 400, "Idempotency-Key", "with space")
	h.store.down.Store(true)
	h.tell("POST", "/v1/sessions", `{"user":"ada"}`, 503, "Idempotency-Key", "k2")
	h.store.down.Store(false)
	h.tell("POST", "/v1/sessions", `{"user":"ada"}`, 201, "Idempotency-Key", "k2") // nobody knew the outcome
}

// A vanishing store has its caller go away while a session begins.
type vanishing struct {
	store.Store
	leave context.CancelFunc
}

func (v *vanishing) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	v.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	return v.Store.Create(ctx, r, replaces)
}

// Whoever has gone and asks again hears of the session that has begun meanwhile.
func TestACallerWhoHasGoneMayAskAgain(t *testing.T) {
	ctx, leave := context.WithCancel(t.Context())
	h := newFixture(t, api.Options{Token: token})
	h.open(&vanishing{h.store, leave}, api.Options{Token: token})
	ask := func(ctx context.Context) string {
		r := httptest.NewRequestWithContext(ctx, "POST", "/v1/sessions", strings.NewReader(`{"user":"ada"}`))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Idempotency-Key", "k1")
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		return w.Body.String()
	}
	first := ask(ctx)
	if again := ask(t.Context()); again != first || !strings.Contains(again, `"user":"ada"`) {
		t.Errorf("%s and %s", first, again)
	}
}

// Sixty-four callers at once: what is added counts, unions have everything, and of those that expect a value one wins.
//
// Rows: I3
func TestChangesAtOnce(t *testing.T) {
	h := newRig(t, session.Options{})
	handle, _ := h.begin()
	path := "/v1/sessions/" + handle + "/data"
	h.tell("PATCH", path, `{"set":{"turn":0},"if_absent":["turn"]}`, 200)
	const n = 64
	var all sync.WaitGroup
	statuses := make(chan int, n)
	for i := range n {
		all.Go(func() {
			body := fmt.Sprintf(`{"add":{"n":1},"union":{"list":[%d]},"set":{"own%d":true}}`, i, i)
			if got := h.plain("PATCH", path, body, ""); got.StatusCode != 200 {
				t.Errorf("%d %s", got.StatusCode, got.body)
			}
			statuses <- h.plain("PATCH", path, fmt.Sprintf(`{"set":{"turn":%d},"if":{"turn":0}}`, i+1), "").StatusCode
		})
	}
	all.Wait()
	won := 0
	for range n {
		if status := <-statuses; status == 200 {
			won++
		} else if status != 409 {
			t.Errorf("status %d", status)
		}
	}
	is := h.tell("GET", "/v1/sessions/"+handle, "", 200)
	if list, _ := is.Data["list"].([]any); won != 1 || is.Data["n"] != 64.0 || len(list) != n || len(is.Data) != n+3 {
		t.Errorf("%d won; %v", won, is.Data)
	}
	h.tell("PATCH", path, `{"set":{"own0":false},"delete":["own1"],"if":{"own0":false}}`, 409)
	if is := h.tell("GET", "/v1/sessions/"+handle, "", 200); is.Data["own0"] != true || is.Data["own1"] != true {
		t.Errorf("a patch that was refused has changed %v", is.Data)
	}
}

// plain sends a request from any goroutine.
func (h *rig) plain(method, target, body, replay string) reply {
	f := fixture{t: h.t, handler: h.handler}
	return f.send(method, target, body, "Idempotency-Key", replay)
}

func TestWrongPatchesAreRefused(t *testing.T) {
	h := newRig(t, session.Options{})
	handle, _ := h.begin()
	for _, body := range []string{
		`{}`, `{"set":{"a b":1}}`, `{"set":{"a":1},"delete":["a"]}`, `{"delete":["a","a"]}`,
		`{"set":{"a":1},"if":{"b":1}}`,
		`{"set":{"a":1},"if":{"a":1},"if_absent":["a"]}`, `{"delete":["a"],"carry":["a"]}`, `{"add":{"a":"1"}}`,
		`{"add":{"a":1e999}}`, `{"add":{"a":9007199254740992}}`, `{"add":{"a":-1e308}}`,
		`{"union":{"a":1}}`, `{"set":{"` + strings.Repeat("k", 65) + `":1}}`,
	} {
		h.tell("PATCH", "/v1/sessions/"+handle+"/data", body, 400)
		h.tell("PATCH", "/v1/sessions/data", body, 400)
	}
	h.tell("PATCH", "/v1/sessions/"+handle+"/data", `{"set":{"text":"x"}}`, 200)
	h.tell("PATCH", "/v1/sessions/"+handle+"/data", `{"add":{"text":1}}`, 409)
	h.tell("PATCH", "/v1/sessions/"+handle+"/data", `{"union":{"text":[1]}}`, 409)
}

// A double cannot tell 9007199254740993 from its neighbour. Neither is taken for the other, nor counted from.
func TestLargeNumbersAreExact(t *testing.T) {
	h := newRig(t, session.Options{})
	handle, _ := h.begin()
	path := "/v1/sessions/" + handle + "/data"
	for _, c := range []struct {
		body   string
		status int
	}{
		{`{"set":{"id":9007199254740993,"n":9007199254740991,"large":1e400}}`, 200},
		{`{"set":{"x":1,"id":9007199254740993},"if":{"id":9007199254740992}}`, 409},
		{`{"set":{"id":9007199254740993},"if":{"id":9007199254740993}}`, 200},
		{`{"set":{"large":1e400},"if":{"large":1e400}}`, 200},
		{`{"set":{"x":1}}`, 200},
		{`{"set":{"x":2},"if":{"x":1.0}}`, 200},
		{`{"set":{"x":[{"a":1e2,"b":null}]},"if":{"x":2e0}}`, 200},
		{`{"set":{"x":null},"if":{"x":[{"b":null,"a":100}]}}`, 200},
		{`{"set":{"x":3},"if":{"x":null}}`, 200},
		{`{"add":{"id":-5}}`, 409},
		{`{"add":{"large":1}}`, 409},
		{`{"add":{"n":1}}`, 409},
		{`{"add":{"n":-1}}`, 200},
		{`{"union":{"list":[9007199254740993,9007199254740992,1e400,1e400,1,1.0]}}`, 200},
	} {
		if got := h.ask(question{"PATCH", path, c.body, token, http.Header{}}); got.StatusCode != c.status {
			t.Errorf("%s: %d %s, want %d", c.body, got.StatusCode, got.body, c.status)
		}
	}
	got := h.ask(question{"GET", "/v1/sessions/" + handle, "", token, http.Header{}})
	for _, want := range []string{`"id":9007199254740993`, `"n":9007199254740990`,
		`"list":[9007199254740993,9007199254740992,1e400,1]`} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s lacks %s", got.body, want)
		}
	}
}

// A service's runtime writes addresses in its own way. They are kept as the gate has them, so that a search finds them.
func TestAddressesAreWrittenInOneWay(t *testing.T) {
	h := newRig(t, session.Options{})
	for said, want := range map[string]string{
		"::ffff:192.0.2.7": "192.0.2.7", "2001:DB8:0::5": "2001:db8::5", "fe80::1%eth0": "fe80::1",
		`fe80::1%\n` + strings.Repeat("z", 9000): "fe80::1",
	} {
		begun := h.tell("POST", "/v1/sessions", `{"user":"ada","address":"`+said+`"}`, 201)
		handle, err := store.ParseID(begun.Handle)
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.store.Load(t.Context(), handle)
		if err != nil || r.Device.Address != want {
			t.Errorf("%.40s is kept as %.40q, want %s; %v", said, r.Device.Address, want, err)
		}
	}
}

// What is sent in chunks, of which there are none, is no body either.
func TestNoBodyInChunks(t *testing.T) {
	h := newRig(t, session.Options{})
	handle, _ := h.begin()
	server := httptest.NewServer(h.handler)
	defer server.Close()
	for body, want := range map[string]int{"": 200, "{}": 200, " ": 400, "[]": 400} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", server.URL+"/v1/sessions/"+handle+"/extend",
			io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.TransferEncoding = []string{"chunked"}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%q: %d, want %d", body, res.StatusCode, want)
		}
	}
}

func TestWrongVisitorsAreRefused(t *testing.T) {
	h := newRig(t, session.Options{})
	for _, members := range []string{
		`"cookie":"a","ticket":"b"`, `"cookie":"a\r\nX: y"`, `"address":"here"`, `"address":"192.0.2.7:80"`,
		`"user_agent":"a\u0000"`, `"method":"get"`, `"method":"BREW"`, `"site":"` + strings.Repeat("a", 256) + `"`,
	} {
		h.tell("POST", "/v1/sessions/check", `{`+members+`}`, 400)
	}
	for _, members := range []string{
		`"user":""`, `"user":"a\u0000"`, `"user":"a","by":"x y"`, `"user":"a","level":100`, `"user":"a","level":-1`,
		`"user":"a","level":0`,
		`"user":"a","until":"2001-01-01T00:00:00Z"`, `"user":"a","until":"soon"`, `"user":"a","data":{"a b":1}`,
		`"user":"a","bearer":true,"cookie":""`, `"user":"` + strings.Repeat("a", 256) + `"`,
	} {
		h.tell("POST", "/v1/sessions", `{`+members+`}`, 400)
	}
	if infos, _ := h.manager.List(t.Context(), "a"); len(infos) > 0 {
		t.Errorf("sessions began: %v", infos)
	}
	h.tell("POST", "/v1/sessions", `{"user":"a","data":{"k":"`+strings.Repeat("x", 1<<17)+`"}}`, 413)
	if infos, _ := h.manager.List(t.Context(), "a"); len(infos) > 0 {
		t.Errorf("a session began whose data is too large: %v", infos)
	}
}

// Whoever ends a session is in the event, by name and not by secret.
func TestEndsHaveAnActor(t *testing.T) {
	events := make(chan event.Event, 100)
	queue := event.NewQueue(func(e event.Event) { events <- e })
	h := newRig(t, session.Options{Events: queue})
	handle, _ := h.begin()
	h.begin()
	for _, q := range []question{
		{"DELETE", "/v1/sessions/" + handle, "", h.keys["end"], nil},
		{"DELETE", "/v1/users/ada/sessions", "", h.keys["end"], nil},
		{"POST", "/v1/not-before", `{"user":"ada"}`, h.keys["end"], nil},
		{"DELETE", "/v1/sessions?confirm=everybody", "", h.keys["admin"], nil},
	} {
		h.ask(q)
	}
	queue.Flush(t.Context())
	close(events)
	ends := 0
	for e := range events {
		if e.Kind != event.Revoked {
			continue
		}
		ends++
		if !strings.HasPrefix(e.Actor, "app-key ") || !strings.Contains(e.Reason, "by app key of ") {
			t.Errorf("%+v has no actor", e)
		}
		for _, key := range h.keys {
			if strings.Contains(fmt.Sprintf("%+v", e), key) {
				t.Errorf("%+v has a key", e)
			}
		}
	}
	if ends != 4 {
		t.Errorf("%d ends were reported", ends)
	}
}

func TestOthersEnd(t *testing.T) {
	h := newRig(t, session.Options{})
	handle, cookie := h.begin()
	h.begin()
	h.begin()
	h.tell("POST", "/v1/sessions/sign-out", fmt.Sprintf(`{"cookie":%q,"which":"others"}`, cookie), 200)
	if is := h.check(cookie); is.State != "valid" {
		t.Errorf("%+v", is)
	}
	h.begin()
	h.tell("DELETE", "/v1/users/ada/sessions?keep="+handle, "", 200)
	if infos, _ := h.manager.List(t.Context(), "ada"); len(infos) != 1 || infos[0].Handle.String() != handle {
		t.Errorf("ada has %v", infos)
	}
	h.tell("POST", "/v1/sessions/sign-out", fmt.Sprintf(`{"cookie":%q,"which":"all"}`, cookie), 200)
	if infos, _ := h.manager.List(t.Context(), "ada"); len(infos) != 0 {
		t.Errorf("ada has %v", infos)
	}
}

// Not-before of everybody needs more than the scope that ends one user's sessions.
func TestEverybodyNeedsAdmin(t *testing.T) {
	h := newRig(t, session.Options{})
	q := question{"POST", "/v1/not-before", `{"confirm":"everybody"}`, h.keys["end"], nil}
	if got := h.ask(q); got.StatusCode != 403 {
		t.Errorf("with the scope end: %d", got.StatusCode)
	}
	q.key = h.keys["admin"]
	if got := h.ask(q); got.StatusCode != 200 {
		t.Errorf("with the scope admin: %d", got.StatusCode)
	}
	for _, body := range []string{
		`{}`, `{"user":"ada","before":"yesterday"}`, `{"user":"ada","before":7}`,
		`{"user":"ada","dry_run":true,"before":"x"}`,
		`{"user":"ada","reason":"` + strings.Repeat("x", 201) + `"}`,
	} {
		h.tell("POST", "/v1/not-before", body, 400)
	}
	h.tell("POST", "/v1/not-before", `{"user":"ada","confirm":"everybody"}`, 400)
	q.target, q.body = "/v1/not-before", `{"user":"ada","before":"2999-01-01T00:00:00Z"}`
	if got := h.ask(q); got.StatusCode != 200 || strings.Contains(got.body, "2999") {
		t.Errorf("a time ahead counts as now, and the answer is %d %s", got.StatusCode, got.body)
	}
	h.begin()
	h.tell("POST", "/v1/not-before", `{"user":"ada","before":"1h"}`, 200)
	if infos, _ := h.manager.List(t.Context(), "ada"); len(infos) != 1 {
		t.Errorf("what began since an hour ago: %v", infos)
	}
}

// A dry run is refused where the not-before would be. Only the word that confirms it need not be there yet.
func TestDryRunNeedsTheSameRights(t *testing.T) {
	h := newRig(t, session.Options{})
	h.begin()
	if err := h.index.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 256)
	for _, c := range []struct {
		key, body string
		status    int
	}{
		{h.keys["end"], `{"dry_run":true}`, 403},
		{h.keys["end"], `{"dry_run":true,"confirm":"everybody"}`, 403},
		{h.keys["end"], `{"dry_run":true,"user":"ada"}`, 200},
		{h.keys["admin"], `{"dry_run":true}`, 200},
		{h.keys["admin"], `{"dry_run":true,"confirm":"everybody"}`, 200},
		{h.keys["admin"], `{"dry_run":true,"user":"ada","confirm":"everybody"}`, 400},
		{h.keys["admin"], `{"dry_run":true,"user":"` + long + `"}`, 400},
		{h.keys["admin"], `{"dry_run":true,"user":"ada","reason":"` + long + `"}`, 400},
	} {
		got := h.ask(question{"POST", "/v1/not-before", c.body, c.key, nil})
		if got.StatusCode != c.status {
			t.Errorf("%.60s: %d %s, want %d", c.body, got.StatusCode, got.body, c.status)
		}
	}
	if infos, _ := h.manager.List(t.Context(), "ada"); len(infos) != 1 {
		t.Errorf("after dry runs ada has %v", infos)
	}
}

// The reason of a not-before is in the event, by which the history and the log have it.
func TestNotBeforeHasAReason(t *testing.T) {
	var ends []event.Event
	queue := event.NewQueue(func(e event.Event) {
		if e.Kind == event.Revoked {
			ends = append(ends, e)
		}
	})
	h := newRig(t, session.Options{Events: queue})
	for _, body := range []string{
		`{"user":"ada","reason":" leaked tickets "}`, `{"confirm":"everybody","reason":"leaked tickets"}`,
		`{"user":"ada","reason":" "}`,
	} {
		h.ask(question{"POST", "/v1/not-before", body, h.keys["admin"], nil})
	}
	queue.Flush(t.Context())
	if len(ends) != 3 || ends[0].Reason != "leaked tickets" ||
		ends[1].Reason != "everybody's sessions: leaked tickets" ||
		!strings.HasPrefix(ends[2].Reason, "by app key of ") {
		t.Fatalf("the ends are %+v", ends)
	}
	for _, e := range ends {
		if !strings.HasPrefix(e.Actor, "app-key ") {
			t.Errorf("%+v has no actor", e)
		}
	}
}

// Nobody can make a server of this panic, or answer otherwise than in JSON.
func FuzzBodies(f *testing.F) {
	all := endpoints("AAAAAAAAAAAAAAAAAAAAAA", "__Host-session=x", "x")
	all = slices.DeleteFunc(all, func(e endpoint) bool { return e.body == "" })
	for i, e := range all {
		f.Add(uint8(i), e.body)
	}
	for i := range all {
		f.Add(uint8(i), `{"add":{"a":-0},"union":{"b":[{},[],null]},"set":{"c":"\u2028"}}`)
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		e := all[int(which)%len(all)]
		h := fixture{t: t}
		h.open(memory.New(), api.Options{Token: token})
		got := h.send(e.method, e.target, body)
		if got.StatusCode != 204 && got.StatusCode < 300 == strings.Contains(got.body, `"error":{`) ||
			got.StatusCode >= 500 || got.StatusCode != 204 && !json.Valid([]byte(got.body)) {
			t.Errorf("%s %s %s: %d %s", e.method, e.target, body, got.StatusCode, got.body)
		}
	})
}
