package console_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/admin"
	"coatcheck.dev/cmd/coatcheck/internal/api"
	"coatcheck.dev/cmd/coatcheck/internal/console"
	"coatcheck.dev/cmd/coatcheck/internal/operator"
	hubs "coatcheck.dev/cmd/coatcheck/internal/watch"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

const token = "the-token-of-this-test"

// A desk is a console on a real server, over a store that the test fills.
type desk struct {
	t       *testing.T
	store   *shakyStore
	console *console.Console
	server  *httptest.Server
	events  chan event.Event // of the sessions that are listed
	roster  *operator.Roster
	watch   *hubs.Hub
	file    string // of the operators
}

func newDesk(t *testing.T, change ...func(*console.Options)) *desk {
	d := &desk{t: t, store: &shakyStore{Store: memory.New()}, events: make(chan event.Event, 1000)}
	d.server = httptest.NewUnstartedServer(nil)
	tell := func(e event.Event) { d.events <- e }
	o := console.Options{
		Sessions: session.New(d.store, session.Options{Events: event.NewQueue(tell)}),
		Feed:     d.store,
		Token:    token,
		BaseURL:  "https://" + d.server.Listener.Addr().String(),
		What:     "the <shop> of this test",
	}
	d.roster = staffless(t)
	d.file, o.Operators = d.roster.Path(), d.roster
	for _, f := range change {
		f(&o)
	}
	d.console = console.New(o)
	d.watch = hubs.New(hubs.Options{Feed: d.store})
	d.server.Config.Handler = admin.New(d.console, api.Options{
		Sessions: o.Sessions, Token: o.Token, Operators: o.Operators, Watch: d.watch, History: o.History,
		Endings: o.Endings, Index: o.Index,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "up 1\n") }),
	})
	d.server.StartTLS()
	t.Cleanup(func() {
		d.console.Close()
		d.watch.Close()
		d.server.Close()
	})
	return d
}

// staffless are no operators but the one that is always there.
func staffless(t *testing.T) *operator.Roster {
	t.Helper()
	folder := t.TempDir()
	roster, err := operator.Open(filepath.Join(folder, "operators"), filepath.Join(folder, "links"))
	if err != nil {
		t.Fatal(err)
	}
	return roster
}

// A shakyStore fails while it is down, as one does whose database is gone.
type shakyStore struct {
	*memory.Store
	down atomic.Bool
}

var errDown = errors.New("connect as root with the secret password: refused")

func (s *shakyStore) check() error {
	if s.down.Load() {
		return errDown
	}
	return nil
}

func (s *shakyStore) List(ctx context.Context, q store.Query) ([]store.Record, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Store.List(ctx, q)
}

func (s *shakyStore) Count(ctx context.Context, user string, after time.Time) (int, error) {
	if err := s.check(); err != nil {
		return 0, err
	}
	return s.Store.Count(ctx, user, after)
}

func (s *shakyStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if err := s.check(); err != nil {
		return false, err
	}
	return s.Store.Delete(ctx, id)
}

func (s *shakyStore) DeleteUser(ctx context.Context, user string, keep ...store.ID) ([]store.ID, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.Store.DeleteUser(ctx, user, keep...)
}

func (s *shakyStore) SetNotBefore(ctx context.Context, user string, t time.Time) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.Store.SetNotBefore(ctx, user, t)
}

// start stores a session that began the given time ago.
func (d *desk) start(user, agent string, ago time.Duration) store.ID {
	d.t.Helper()
	created := time.Now().Add(-ago)
	r := store.Record{
		ID: store.NewID(), User: user, CreatedAt: created, LastSeen: created,
		ExpiresAt: created.Add(30 * 24 * time.Hour),
		Device:    store.Device{Address: "192.0.2.7", UserAgent: agent},
	}
	if err := d.store.Create(d.t.Context(), r, store.ID{}); err != nil {
		d.t.Fatal(err)
	}
	return r.ID
}

func (d *desk) there(id store.ID) bool {
	_, err := d.store.Load(d.t.Context(), id)
	return err == nil
}

// A browser is a client with cookies that says where its requests come from.
type browser struct {
	*desk
	client *http.Client
}

func (d *desk) browser() browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	client := &http.Client{Transport: d.server.Client().Transport, Jar: jar}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return browser{d, client}
}

// operator returns a browser that is signed in.
func (d *desk) operator() browser {
	d.t.Helper()
	b := d.browser()
	if got := b.get(path(d.console.SignInLink())); got.StatusCode != http.StatusOK {
		d.t.Fatalf("sign-in link: status %d", got.StatusCode)
	}
	return b
}

// path is a URL without its scheme and host.
func path(u string) string {
	parsed, err := url.Parse(u)
	if err != nil {
		panic(err)
	}
	return parsed.RequestURI()
}

// A reply is a response with its body read.
type reply struct {
	*http.Response
	body string
}

func (b browser) get(path string, header ...string) reply {
	b.t.Helper()
	return b.do("GET", path, nil, header...)
}

// post sends a form as the console's own page does; header lines may say otherwise.
func (b browser) post(path string, form url.Values, header ...string) reply {
	b.t.Helper()
	own := []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}
	return b.do("POST", path, strings.NewReader(form.Encode()), append(own, header...)...)
}

func (b browser) do(method, path string, body io.Reader, header ...string) reply {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.server.URL+path, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return reply{response, string(text)}
}

func (r reply) want(t *testing.T, status int, parts ...string) {
	t.Helper()
	if r.StatusCode != status {
		t.Fatalf("status %d, want %d: %s", r.StatusCode, status, r.body)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			t.Errorf("%q is missing in %s", part, r.body)
		}
	}
}

func (r reply) wantRedirect(t *testing.T, to string) {
	t.Helper()
	if got := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || got != to {
		t.Errorf("status %d to %q, want 303 to %q", r.StatusCode, got, to)
	}
}
