package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/appkey"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/history"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/cmd/coatcheck/internal/webhook"
	"coatcheck.dev/seal"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	sessiontoken "coatcheck.dev/token"
)

func init() { openapi3filter.RegisterBodyDecoder("text/csv", openapi3filter.PlainBodyDecoder) }

func init() { openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder) }

// A rig is an API with a key for each scope, whose every answer is held against the document that it serves.
type rig struct {
	t       *testing.T
	store   *switched
	manager *session.Manager
	hub     *watch.Hub
	issuer  *sessiontoken.Issuer
	handler http.Handler
	keys    map[appkey.Scope]string
	file    string // of the keys
	past    *history.History
	index   *index.Index
	jobs    *ending.Jobs
	outbox  *webhook.Outbox

	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool // "METHOD PATH STATUS"
}

func newRig(t *testing.T, options session.Options) *rig {
	h := &rig{
		t: t, store: &switched{Store: memory.New()}, keys: make(map[appkey.Scope]string), seen: make(map[string]bool),
		file: filepath.Join(t.TempDir(), "app-keys"),
	}
	for _, scope := range append(slices.Clone(appkey.Scopes), appkey.Token) {
		wanted := scope
		if scope == appkey.Token {
			wanted += ":orders"
		}
		text, key, err := appkey.New([]appkey.Scope{wanted}, string(scope))
		if err != nil {
			t.Fatal(err)
		}
		if err := appkey.Add(h.file, key); err != nil {
			t.Fatal(err)
		}
		h.keys[scope] = text
	}
	ring, err := appkey.Open(h.file)
	if err != nil {
		t.Fatal(err)
	}
	options.Header = api.Header(options.Header)
	h.manager = session.New(h.store, options)
	h.issuer = sessiontoken.NewIssuer(h.manager, seal.New(), sessiontoken.Options{Issuer: "https://shop.example"})
	h.hub = watch.New(watch.Options{Feed: h.store.Store})
	t.Cleanup(h.hub.Close)
	if h.past, err = history.Open(filepath.Join(t.TempDir(), "history.db"), history.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.past.Close(context.Background()) })
	h.index = index.Open(index.Options{
		Path: filepath.Join(t.TempDir(), "index.db"), Store: "test", Source: h.manager, Feed: h.store,
	})
	t.Cleanup(h.index.Close)
	if h.jobs, err = ending.Open(ending.Options{
		Path: filepath.Join(t.TempDir(), "endings.db"), Sessions: h.manager, Finder: h.index, Feed: h.store,
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.jobs.Close() })
	h.outbox = newOutbox(t)
	h.handler = api.New(api.Options{
		Sessions: h.manager, Token: token, Keys: ring, Watch: h.hub,
		History: h.past, Endings: h.jobs, Index: h.index, Sites: h.site,
		Webhooks: func() *webhook.Outbox { return h.outbox },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			io.WriteString(w, "up 1\n")
		}),
	})
	h.readDocument()
	return h
}

// site returns the site of any host; that of plain.example makes no tokens.
func (h *rig) site(host string) (*api.Site, func()) {
	site := &api.Site{Sessions: h.manager}
	if host != "plain.example" {
		site.Token = h.issuer.IssueUntil
	}
	return site, func() {}
}

// readDocument reads the document as any client does, and checks that it is one of OpenAPI 3.1.
func (h *rig) readDocument() {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, httptest.NewRequest("GET", "/v1/openapi.json", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		h.t.Fatal(err)
	}
	if err := doc.Validate(h.t.Context()); err != nil || !doc.IsOpenAPI31OrLater() {
		h.t.Fatalf("the document of OpenAPI %s: %v", doc.OpenAPI, err)
	}
	h.doc = doc
	if h.router, err = legacy.NewRouter(doc); err != nil {
		h.t.Fatal(err)
	}
}

// A question is one request.
type question struct {
	method, target string
	body           string
	key            string
	header         http.Header
}

// ask sends a request and holds the answer against the document.
func (h *rig) ask(q question) reply {
	h.t.Helper()
	r := httptest.NewRequest(q.method, q.target, strings.NewReader(q.body))
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		r.Header.Set("Authorization", "Bearer "+q.key)
	}
	for name, lines := range q.header {
		r.Header[name] = lines
	}
	if route(q.target) == "/v1/watch" {
		gone, cancel := context.WithCancel(h.t.Context())
		cancel() // the stream ends with its caller
		r = r.WithContext(gone)
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	got := reply{w.Result(), w.Body.String()}
	h.judge(q, got)
	return got
}

// judge holds an answer against the document. A method that there is not has no place in it but the component.
func (h *rig) judge(q question, got reply) {
	h.t.Helper()
	r := httptest.NewRequest(q.method, q.target, nil)
	route, _, err := h.router.FindRoute(r)
	if err != nil {
		if got.StatusCode != http.StatusMethodNotAllowed {
			h.t.Errorf("%s %s: %d, and the document has no such operation", q.method, q.target, got.StatusCode)
			return
		}
		route = &routers.Route{Spec: h.doc, Operation: &openapi3.Operation{Responses: openapi3.NewResponses(
			openapi3.WithStatus(http.StatusMethodNotAllowed, h.doc.Components.Responses["MethodNotAllowed"]))}}
	} else {
		h.seen[fmt.Sprintf("%s %s %d", route.Method, route.Path, got.StatusCode)] = true
	}
	header := got.Header.Clone()
	header.Set("Content-Type", strings.Split(header.Get("Content-Type"), ";")[0])
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, Route: route},
		Status:                 got.StatusCode, Header: header, Body: io.NopCloser(bytes.NewReader([]byte(got.body))),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		h.t.Errorf("%s %s: the answer %d %s is not as documented: %v", q.method, q.target, got.StatusCode, got.body,
			err)
	}
}

// A switched store fails while it is down. It hides the memory's Peek, so that every answer is the store's.
type switched struct {
	*memory.Store
	down atomic.Bool
}

func (s *switched) Peek(store.ID, time.Time) (store.Encoded, bool) { return store.Encoded{}, false }

func (s *switched) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if s.down.Load() {
		return store.Record{}, errBroken
	}
	return s.Store.Load(ctx, id)
}

func (s *switched) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	if s.down.Load() {
		return errBroken
	}
	return s.Store.Create(ctx, r, replaces)
}

func (s *switched) Save(ctx context.Context, r store.Record) error {
	if s.down.Load() {
		return errBroken
	}
	return s.Store.Save(ctx, r)
}

func (s *switched) Delete(ctx context.Context, id store.ID) (bool, error) {
	if s.down.Load() {
		return false, errBroken
	}
	return s.Store.Delete(ctx, id)
}

func (s *switched) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if s.down.Load() {
		return nil, errBroken
	}
	return s.Store.DeleteUser(ctx, user, keep...)
}

func (s *switched) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if s.down.Load() {
		return nil, errBroken
	}
	return s.Store.List(ctx, q)
}

func (s *switched) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if s.down.Load() {
		return errBroken
	}
	return s.Store.SetNotBefore(ctx, user, t)
}

// An endpoint is one operation with a request that is good.
type endpoint struct {
	method, target string
	scope          appkey.Scope // "" if anybody may ask
	body           string
	status         int
	twice          int  // the status of the same request again
	outage         bool // whether it needs the store
}

// endpoints are all operations, with requests about the session of a handle and a cookie, and about a job.
func endpoints(handle, cookie, job string) []endpoint {
	visitor := `"cookie":"` + cookie + `"`
	return []endpoint{
		{"GET", "/v1/sessions", appkey.Read, "", 200, 200, true},
		{"POST", "/v1/sessions", appkey.Create, `{"user":"grace","by":"passkey","level":2}`, 201, 201, true},
		{"POST", "/v1/sessions/check", appkey.Read, `{` + visitor + `}`, 200, 200, true},
		{"PATCH", "/v1/sessions/data", appkey.Create, `{` + visitor + `,"set":{"cart":["a"]}}`, 200, 200, true},
		{"GET", "/v1/sessions/" + handle, appkey.Read, "", 200, 200, true},
		{"PATCH", "/v1/sessions/" + handle + "/data", appkey.Create, `{"add":{"visits":1}}`, 200, 200, true},
		{"POST", "/v1/sessions/" + handle + "/extend", appkey.Create, `{}`, 200, 200, true},
		{"POST", "/v1/sessions/step-up", appkey.Create, `{` + visitor + `,"by":"totp","level":2}`, 200, 404, true},
		{"POST", "/v1/sessions/sign-out", appkey.End, `{` + visitor + `}`, 200, 200, true},
		{"POST", "/v1/sessions/token", appkey.Token, `{` + visitor + `}`, 200, 200, true},
		{"DELETE", "/v1/sessions/" + handle, appkey.End, "", 204, 404, true},
		{"DELETE", "/v1/users/ada/sessions", appkey.End, "", 200, 200, true},
		{"POST", "/v1/not-before", appkey.End, `{"user":"ada"}`, 200, 200, true},
		{"DELETE", "/v1/sessions?confirm=everybody", appkey.Admin, "", 200, 200, true},
		{"POST", "/v1/not-before", appkey.End, `{"user":"ada","dry_run":true}`, 200, 200, false},
		{"POST", "/v1/sessions/end", appkey.Admin, `{"query":{"user":"ada"}}`, 200, 200, false},
		{"GET", "/v1/ends/" + job, appkey.Admin, "", 200, 200, false},
		{"POST", "/v1/ends/" + job, appkey.Admin, `{"reason":"leaked"}`, 202, 400, false},
		{"DELETE", "/v1/ends/" + job, appkey.Admin, "", 200, 200, false},
		{"GET", "/v1/history?user=ada&limit=7", appkey.Read, "", 200, 200, false},
		{"GET", "/v1/history.csv?from=2020-01-01", appkey.Read, "", 200, 200, false},
		{"GET", "/v1/history.json", appkey.Read, "", 200, 200, false},
		{"DELETE", "/v1/history?user=ada", appkey.Admin, "", 200, 200, false},
		{"GET", "/v1/webhooks", appkey.Admin, "", 200, 200, false},
		{"GET", "/v1/webhooks/dead?receiver=crm&limit=7", appkey.Admin, "", 200, 200, false},
		{"POST", "/v1/webhooks/crm/replay", appkey.Admin, `{"since":"2h"}`, 200, 200, false},
		{"POST", "/v1/webhooks/crm/resume", appkey.Admin, `{}`, 200, 200, false},
		{"POST", "/v1/webhooks/crm/retry", appkey.Admin, `{"number":7}`, 200, 200, false},
		{"POST", "/v1/webhooks/crm/drop", appkey.Admin, `{"all":true}`, 200, 200, false},
		{"GET", "/v1/watch", appkey.Read, "", 200, 200, false},
		{"GET", "/v1/openapi.json", "", "", 200, 200, false},
		{"GET", "/healthz", "", "", 200, 200, false},
		{"GET", "/readyz", "", "", 200, 200, true},
		{"GET", "/metrics", appkey.Metrics, "", 200, 200, false},
	}
}

// begin begins a session of ada, and returns its handle and the Cookie header of its browser.
func (h *rig) begin() (handle, cookie string) {
	h.t.Helper()
	got := h.ask(question{"POST", "/v1/sessions", `{"user":"ada"}`, h.keys[appkey.Create], nil})
	var begun struct {
		Handle    string
		SetCookie []string `json:"set_cookie"`
	}
	if err := json.Unmarshal([]byte(got.body), &begun); err != nil || got.StatusCode != 201 {
		h.t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	cookie, _, _ = strings.Cut(begun.SetCookie[0], ";")
	return begun.Handle, cookie
}

// Every endpoint has a documented answer to whatever is wrong with a request, and each answer that the document has of
// any endpoint is seen.
//
// Rows: I10
func TestEveryAnswerIsDocumented(t *testing.T) {
	h := newRig(t, session.Options{})
	for i := range endpoints("", "", "") {
		handle, cookie := h.begin()
		h.tryAll(endpoints(handle, cookie, h.askEnd())[i])
	}
	h.tryTheRest()
	for path, item := range h.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				if name := fmt.Sprintf("%s %s %s", method, path, status); !h.seen[name] {
					t.Errorf("no request was answered by %s", name)
				}
			}
		}
	}
}

// askEnd asks which sessions are ada's, and returns the job that could end them.
func (h *rig) askEnd() string {
	h.t.Helper()
	if err := h.index.Await(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	got := h.ask(question{"POST", "/v1/sessions/end", `{"query":{"user":"ada"}}`, token, nil})
	var job struct{ ID string }
	if err := json.Unmarshal([]byte(got.body), &job); err != nil || got.StatusCode != 200 {
		h.t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	return job.ID
}

func route(target string) string { return strings.Split(target, "?")[0] }

// tryAll asks one endpoint everything that can be wrong, and then twice what is right.
func (h *rig) tryAll(e endpoint) {
	h.t.Helper()
	good := question{e.method, e.target, e.body, h.keys[e.scope], nil}
	with := func(change func(*question)) question {
		q := good
		change(&q)
		return q
	}
	want := func(what string, q question, status int, code string) {
		h.t.Helper()
		got := h.ask(q)
		if got.StatusCode != status || code != "" && !strings.Contains(got.body, `"code":"`+code+`"`) {
			h.t.Errorf("%s %s, %s: %d %s, want %d %s", e.method, e.target, what, got.StatusCode, got.body, status, code)
		}
	}
	want("wrong method", with(func(q *question) { q.method = "PUT" }), 405, "method_not_allowed")
	if e.scope != "" {
		want("no key", with(func(q *question) { q.key = "" }), 401, "unauthorized")
		want("wrong key", with(func(q *question) { q.key = "coatcheck.AAAAAAAAAAA." + strings.Repeat("A", 43) }), 401,
			"unauthorized")
		for _, other := range appkey.Scopes {
			if other != e.scope && (other != appkey.Admin || e.scope == appkey.Token) {
				want("scope "+string(other), with(func(q *question) { q.key = h.keys[other] }), 403, "wrong_scope")
			}
		}
	}
	if strings.HasPrefix(e.target, "/v1/") {
		want("unknown parameter", with(func(q *question) {
			q.target = route(q.target) + "?colour=red"
		}), 400, "bad_request")
	}
	if e.body != "" {
		want("unknown member", with(func(q *question) { q.body = `{"colour":"red"}` }), 400, "bad_request")
		want("a name twice", with(func(q *question) { q.body = `{"user":"a","user":"b"}` }), 400, "bad_request")
		want("another case", with(func(q *question) { q.body = `{"Cookie":"a=b"}` }), 400, "bad_request")
		for _, text := range []string{"{", "[]", "null", "5", "{}{}", "\xff", `{"cookie":"\ud800"}`, `{"cookie":7}`} {
			want("malformed "+text, with(func(q *question) { q.body = text }), 400, "bad_request")
		}
		large := `{"cookie":"` + strings.Repeat("a", 1<<20) + `"}`
		want("oversized", with(func(q *question) { q.body = large }), 413, "too_large")
	}
	if e.outage {
		h.store.down.Store(true)
		want("store down", good, 503, "")
		h.store.down.Store(false)
	}
	want("good", good, e.status, "")
	want("twice", good, e.twice, "")
	if e.scope == appkey.Token {
		want("the console's token", with(func(q *question) { q.key = token }), 403, "wrong_role")
	} else if e.scope != "" {
		want("the console's token", with(func(q *question) { q.key = token }), e.twice, "")
		want("scope admin", with(func(q *question) { q.key = h.keys[appkey.Admin] }), e.twice, "")
	}
}

// tryTheRest asks for the answers that need more than one wrong thing.
func (h *rig) tryTheRest() {
	h.t.Helper()
	none := store.NewID().String()
	handle, cookie := h.begin()
	many := slices.Repeat([]string{`"x"`}, 40_000)
	for _, c := range []struct {
		q      question
		status int
	}{
		{question{"GET", "/v1/sessions/" + none, "", token, nil}, 404},
		{question{"PATCH", "/v1/sessions/" + none + "/data", `{"delete":["a"]}`, token, nil}, 404},
		{question{"POST", "/v1/sessions/" + none + "/extend", "", token, nil}, 404},
		{question{"GET", "/v1/sessions/short", "", token, nil}, 400},
		{question{"PATCH", "/v1/sessions/" + handle + "/data", `{"set":{"a":1},"if":{"a":2}}`, token, nil}, 409},
		{question{"PATCH", "/v1/sessions/data", `{"cookie":"` + cookie + `","set":{"a":1},"if":{"a":2}}`, token, nil},
			409},
		{question{"PATCH", "/v1/sessions/" + handle + "/data", `{"set":{"a":[` + strings.Join(many, ",") + `]}}`, token,
			nil}, 413},
		{question{"POST", "/v1/sessions/token", `{"site":"plain.example"}`, h.keys[appkey.Token], nil}, 409},
		{question{"POST", "/v1/sessions", `{"user":"ada"}`, token, http.Header{"Idempotency-Key": {"k1"}}}, 201},
		{question{"POST", "/v1/sessions", `{"user":"eve"}`, token, http.Header{"Idempotency-Key": {"k1"}}}, 422},
	} {
		if got := h.ask(c.q); got.StatusCode != c.status {
			h.t.Errorf("%s %s %.100s: %d %s, want %d", c.q.method, c.q.target, c.q.body, got.StatusCode, got.body,
				c.status)
		}
	}
	if err := h.past.Close(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if got := h.ask(question{method, "/v1/history?user=ada", "", token, nil}); got.StatusCode != 503 {
			h.t.Errorf("a history that is closed: %d", got.StatusCode)
		}
	}
	for _, q := range []question{{method: "GET"}, {method: "DELETE"}, {method: "POST", body: `{"reason":"x"}`}} {
		q.target, q.key = "/v1/ends/none", token
		if got := h.ask(q); got.StatusCode != 404 {
			h.t.Errorf("a job that there is not: %d %s", got.StatusCode, got.body)
		}
	}
	for body, want := range map[string]string{
		`{"query":{}}`: "query says which", `{"query":{"colour":"red"}}`: "no such field",
		`{"query":{"address":"x"}}`: "address", `{"query":{"sort":"user"}}`: "no such field",
		`{"query":{"name":"","address":"10.0.0.0/8"}}`:    "name is empty",
		`{"query":{"name":" \t","address":"10.0.0.0/8"}}`: "name is empty",
	} {
		got := h.ask(question{"POST", "/v1/sessions/end", body, token, nil})
		if got.StatusCode != 400 || !strings.Contains(got.body, want) {
			h.t.Errorf("%s: %d %s", body, got.StatusCode, got.body)
		}
	}
	if err := h.jobs.Close(); err != nil {
		h.t.Fatal(err)
	}
	for _, q := range []question{
		{"POST", "/v1/sessions/end", `{"query":{"user":"ada"}}`, token, nil}, {"GET", "/v1/ends/x", "", token, nil},
		{"POST", "/v1/ends/x", `{"reason":"x"}`, token, nil}, {"DELETE", "/v1/ends/x", "", token, nil},
	} {
		if got := h.ask(q); got.StatusCode != 503 {
			h.t.Errorf("%s %s of jobs that are closed: %d", q.method, q.target, got.StatusCode)
		}
	}
	h.tryTheOutbox()
	h.hub.Close()
	if got := h.ask(question{"GET", "/v1/watch", "", token, nil}); got.StatusCode != 503 {
		h.t.Errorf("a hub that is closed: %d", got.StatusCode)
	}
	full := newRig(h.t, session.Options{MaxSessions: 1, AtLimit: session.LimitRefuse})
	full.begin()
	if got := full.ask(question{"POST", "/v1/sessions", `{"user":"ada"}`, token, nil}); got.StatusCode != 409 {
		h.t.Errorf("one session more than there may be: %d", got.StatusCode)
	}
	maps.Copy(h.seen, full.seen)
}
