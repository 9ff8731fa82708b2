package migrate_test

import (
	"bytes"
	"context"
	"encoding/gob"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/session/migrate"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const (
	ticketName = "__Host-session"
	oldName    = "session"
	token      = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" // as scs makes them: 32 bytes
)

var cart = session.NewKey[[]string]("cart", session.Carry)

// A site is a handler behind a manager that takes old sessions in.
type site struct {
	t       testing.TB
	store   store.Store
	manager *session.Manager
	handle  func(w http.ResponseWriter, r *http.Request, s *session.Session)

	mu     sync.Mutex
	events []event.Event
}

func newSite(t testing.TB, st store.Store, o session.Options) *site {
	t.Helper()
	s := &site{t: t, store: st, handle: func(http.ResponseWriter, *http.Request, *session.Session) {}}
	o.Events = event.NewQueue(func(e event.Event) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.events = append(s.events, e)
	})
	s.manager = session.New(st, o)
	t.Cleanup(func() { _ = s.manager.Close(context.Background()) })
	return s
}

// A reply is what a visit came to.
type reply struct {
	status  int
	user    string
	handle  store.ID
	cart    []string
	cookies []*http.Cookie
}

// visit sends a request with these cookies.
func (s *site) visit(cookies ...string) (a reply) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if len(cookies) > 0 {
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
	}
	w := httptest.NewRecorder()
	s.manager.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := session.From(r.Context())
		s.handle(w, r, v)
		a.user, a.handle, a.cart = v.User(), v.Handle(), cart.Get(v)
	})).ServeHTTP(w, r)
	res := w.Result()
	a.status, a.cookies = res.StatusCode, res.Cookies()
	return a
}

// ticket returns the ticket of the response as a request sends it, or "".
func (a *reply) ticket() string {
	for _, c := range a.cookies {
		if c.Name == ticketName && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// deletes reports whether the response deletes a cookie.
func (a *reply) deletes(name string) bool {
	for _, c := range a.cookies {
		if c.Name == name && c.MaxAge < 0 && c.Path == "/" {
			return true
		}
	}
	return false
}

// kinds returns how many events of each kind there were.
func (s *site) kinds() map[event.Kind]int {
	s.t.Helper()
	_ = s.manager.Close(context.Background())
	s.mu.Lock()
	defer s.mu.Unlock()
	n := make(map[event.Kind]int)
	for _, e := range s.events {
		n[e.Kind]++
	}
	return n
}

// sessions returns what the store has, but for marks.
func (s *site) sessions() (all []store.Record) {
	s.t.Helper()
	records, err := s.store.List(s.t.Context(), store.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range records {
		if _, mark := r.Data.Get("moved-in-as"); !mark {
			all = append(all, r)
		}
	}
	return all
}

// oldStore is what scs has left behind.
type oldStore struct {
	mu      sync.Mutex
	data    map[string][]byte
	err     error
	finds   int
	deletes int
}

func (o *oldStore) records() migrate.Records {
	return migrate.Records{
		Find: func(_ context.Context, key string) ([]byte, bool, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.finds++
			b, ok := o.data[key]
			return b, ok, o.err
		},
		Delete: func(_ context.Context, key string) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.deletes++
			if o.err == nil {
				delete(o.data, key)
			}
			return o.err
		},
	}
}

func (o *oldStore) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
}

func (o *oldStore) has(key string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.data[key]
	return ok
}

// scsData is a session as scs stores it.
func scsData(t testing.TB, deadline time.Time, values map[string]any) []byte {
	t.Helper()
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(struct {
		Deadline time.Time
		Values   map[string]any
	}{deadline, values})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func init() { gob.Register([]string{}) }

func ann() map[string]any { return map[string]any{"user": "ann", "cart": []string{"tea"}} }

func userOf(old map[string]any) string { user, _ := old["user"].(string); return user }

func cartOf(s *session.Session, old map[string]any) error {
	items, ok := old["cart"]
	if !ok {
		return nil
	}
	return cart.Set(s, items.([]string))
}

func mustSCS(t testing.TB, o migrate.SCSOptions) session.Migration {
	t.Helper()
	if o.User == nil {
		o.User, o.Values = userOf, cartOf
	}
	m, err := migrate.SCS(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// moving returns a site in the moment of the change, with one session of ann in the old store.
func moving(t testing.TB, o session.Options) (*site, *oldStore) {
	t.Helper()
	old := &oldStore{data: map[string][]byte{token: scsData(t, time.Now().Add(20*time.Hour), ann())}}
	o.Migrate = mustSCS(t, migrate.SCSOptions{Records: old.records()})
	return newSite(t, memory.New(), o), old
}

const oldCookie = oldName + "=" + token
