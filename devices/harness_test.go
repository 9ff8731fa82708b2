package devices_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/devices"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A site is an app with the page of devices, and a way to sign in that no app should have.
type site struct {
	t        *testing.T
	store    *shakyStore
	sessions *session.Manager
	events   chan event.Event
	handler  http.Handler
}

func newSite(t *testing.T, o devices.Options, change ...func(*session.Options)) *site {
	s := &site{t: t, store: &shakyStore{Store: memory.New()}, events: make(chan event.Event, 10_000)}
	so := session.Options{
		SignInPath:  "/login",
		Events:      event.NewQueue(func(e event.Event) { s.events <- e }),
		DeviceLabel: func(r *http.Request) string { return r.Header.Get("Label") },
	}
	for _, f := range change {
		f(&so)
	}
	s.sessions = session.New(s.store, so)
	t.Cleanup(func() { _ = s.sessions.Close(context.Background()) })
	page := devices.Handler(s.sessions, o)
	mux := http.NewServeMux()
	mux.Handle("/", page)
	mux.HandleFunc("POST /login", func(_ http.ResponseWriter, r *http.Request) {
		var options []session.SignInOption
		if r.FormValue("remember") != "" {
			options = append(options, session.Remember)
		}
		if d, err := time.ParseDuration(r.FormValue("for")); err == nil {
			options = append(options, session.Until(time.Now().Add(d)))
		}
		if err := session.From(r.Context()).SignIn(r.FormValue("user"), options...); err != nil {
			t.Error(err)
		}
	})
	s.handler = s.sessions.Handler(mux)
	return s
}

// A browser keeps its ticket, and says where its requests come from.
type browser struct {
	*site
	ticket string
}

// signedIn returns a browser of a user; header lines are those of its sign-in.
func (s *site) signedIn(user string, header ...string) *browser {
	s.t.Helper()
	b := &browser{site: s}
	b.do("POST", "/login", "user="+url.QueryEscape(user), header...)
	if b.ticket == "" {
		s.t.Fatal("no ticket")
	}
	return b
}

func (b *browser) get(path string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do("GET", path, "", header...)
}

func (b *browser) post(form string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	return b.do("POST", "/devices/", form, header...)
}

func (b *browser) do(method, target, body string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, "https://shop.example"+target, strings.NewReader(body))
	r.Header.Set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if b.ticket != "" {
		r.Header.Set("Cookie", "__Host-session="+b.ticket)
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.Name != "__Host-session" {
			continue
		}
		b.ticket = c.Value
		if c.MaxAge < 0 {
			b.ticket = ""
		}
	}
	return w
}

// alive says whether the browser is signed in, by asking for the list.
func (b *browser) alive() bool {
	b.t.Helper()
	return b.get("/devices/").Code == http.StatusOK
}

// listed is the JSON answer.
type listed struct {
	Devices []devices.Device `json:"devices"`
}

func (b *browser) list() []devices.Device {
	b.t.Helper()
	w := b.get("/devices/", "Accept", "application/json")
	var l listed
	if err := json.Unmarshal(w.Body.Bytes(), &l); err != nil || w.Code != http.StatusOK {
		b.t.Fatalf("status %d, body %q: %v", w.Code, w.Body, err)
	}
	return l.Devices
}

// handle returns that of the browser's own session.
func (b *browser) handle() string {
	b.t.Helper()
	list := b.list()
	if len(list) == 0 || !list[0].Current {
		b.t.Fatalf("the list does not begin with this device: %v", list)
	}
	return list[0].Handle.String()
}

func wantRedirect(t *testing.T, w *httptest.ResponseRecorder, to string) {
	t.Helper()
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != to {
		t.Errorf("status %d to %q, want 303 to %q", w.Code, w.Header().Get("Location"), to)
	}
}

// A shakyStore can be told to fail.
type shakyStore struct {
	store.Store
	noList, noDelete atomic.Bool
}

var errDown = errors.New("connect as root with the secret password: refused")

func (s *shakyStore) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if s.noList.Load() {
		return nil, errDown
	}
	return s.Store.List(ctx, q)
}

func (s *shakyStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if s.noDelete.Load() {
		return false, errDown
	}
	return s.Store.Delete(ctx, id)
}

func (s *shakyStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if s.noDelete.Load() {
		return nil, errDown
	}
	return s.Store.DeleteUser(ctx, user, keep...)
}
