package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/cmd/coatcheck/internal/metrics"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// scrape returns the samples by name with labels.
func scrape(t *testing.T, m *metrics.Metrics) map[string]string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(quiet).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	samples := map[string]string{}
	for line := range strings.Lines(w.Body.String()) {
		if i := strings.LastIndexByte(line, ' '); i > 0 && line[0] != '#' {
			samples[line[:i]] = strings.TrimSpace(line[i:])
		}
	}
	return samples
}

func events(kind event.Kind) string {
	return fmt.Sprintf(`coatcheck_session_events_total{kind="%s"}`, kind)
}

// A countingStore counts how often it is asked for the number of sessions, and can be told to fail.
type countingStore struct {
	store.Store
	asked atomic.Int64
	down  atomic.Bool
}

func (s *countingStore) Count(ctx context.Context, user string, after time.Time) (int, error) {
	s.asked.Add(1)
	if s.down.Load() {
		return 0, errors.New("the disk is gone, password hunter2")
	}
	return s.Store.Count(ctx, user, after)
}

func TestSessionsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New("v1.2.3")
		st := &countingStore{Store: memory.New()}
		sessions := session.New(st, session.Options{Events: event.NewQueue(m.Observe), SweepInterval: -1})
		defer sessions.Close(context.Background())
		m.Watch(sessions)
		signIn := sessions.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if err := session.From(r.Context()).SignIn(r.URL.Path[1:]); err != nil {
				t.Error(err)
			}
		}))
		for i := range 3 {
			signIn.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprint("/ada", i), nil))
		}
		want := func(name, value string) {
			t.Helper()
			synctest.Wait()
			if got := scrape(t, m)[name]; got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		want("coatcheck_sessions", "3")
		want(events(event.SignedIn), "3")
		want("coatcheck_session_events_lost_total", "0")
		want("coatcheck_store_errors_total", "0")

		st.asked.Store(0) // signing in counts, too
		if _, err := sessions.RevokeUser(t.Context(), "ada1"); err != nil {
			t.Fatal(err)
		}
		want(events(event.Revoked), "1")
		want("coatcheck_sessions", "3")
		time.Sleep(9 * time.Second)
		want("coatcheck_sessions", "3")
		if n := st.asked.Load(); n != 0 {
			t.Errorf("the store was asked %d times within 10 seconds", n)
		}
		time.Sleep(time.Second)
		var scrapers sync.WaitGroup
		for range 20 {
			scrapers.Go(func() {
				m.Handler(quiet).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/metrics", nil))
			})
		}
		scrapers.Wait()
		want("coatcheck_sessions", "2")
		if n := st.asked.Load(); n != 1 {
			t.Errorf("the store was asked %d times at once", n)
		}

		st.down.Store(true)
		time.Sleep(10 * time.Second)
		want("coatcheck_sessions", "") // not a number that nobody knows
		want("coatcheck_store_errors_total", "1")
		want(events(event.StoreError), "1")
		st.down.Store(false)
		time.Sleep(10 * time.Second)
		want("coatcheck_sessions", "2")
	})
}

// Operators see whether searches can be relied on.
func TestTheIndexIsWatched(t *testing.T) {
	m := metrics.New("test")
	is := index.Status{Of: 9, AsOf: time.Now().Add(-time.Hour)}
	m.WatchIndex(func() index.Status { return is })
	got := scrape(t, m)
	if behind, err := strconv.ParseFloat(got["coatcheck_index_behind_seconds"], 64); err != nil || behind < 3599 ||
		got["coatcheck_index_up"] != "0" || got["coatcheck_index_mended_sessions"] != "" {
		t.Errorf("while it is made: %v", got)
	}
	is = index.Status{Ready: true, Rows: 1234, Made: 2, Checked: time.Unix(1700000000, 0), Mended: 5}
	got = scrape(t, m)
	for name, want := range map[string]string{
		"up": "1", "sessions": "1234", "behind_seconds": "0", "made_total": "2", "mended_sessions": "5",
		"checked_timestamp_seconds": "1.7e+09",
	} {
		if got["coatcheck_index_"+name] != want {
			t.Errorf("%s is %q, want %s", name, got["coatcheck_index_"+name], want)
		}
	}
}

func TestObserve(t *testing.T) {
	m := metrics.New("v1.2.3")
	for _, e := range []event.Event{
		{Kind: event.Touched, Count: 40}, {Kind: event.Touched, Count: 2}, {Kind: event.Expired, Count: 7},
		{Kind: event.Conflict, Count: 3}, {Kind: event.Conflict},
		{Kind: event.Duplicate, Count: 5}, // cookies of one request
		{Kind: event.StoreError, Err: errors.New("x")}, {Kind: "session_of_tomorrow"}, {Kind: event.CrossSite},
	} {
		m.Observe(e)
	}
	got := scrape(t, m)
	for kind, want := range map[event.Kind]string{
		event.Touched: "42", event.Expired: "7", event.Conflict: "4", event.Duplicate: "1",
		event.StoreError: "1", "session_of_tomorrow": "1", event.CrossSite: "1", event.Theft: "0",
	} {
		if got[events(kind)] != want {
			t.Errorf("%s is %s, want %s", kind, got[events(kind)], want)
		}
	}
	if got["coatcheck_store_errors_total"] != "1" {
		t.Errorf("store errors: %s", got["coatcheck_store_errors_total"])
	}
}

// Every kind that the library has is there from the start.
func TestAllKinds(t *testing.T) {
	got := scrape(t, metrics.New("v1.2.3"))
	for _, kind := range event.Kinds() {
		if got[events(kind)] != "0" {
			t.Errorf("%s is missing", kind)
		}
	}
	if n := len(event.Kinds()); n < 22 {
		t.Fatalf("found %d kinds", n)
	}
}

// What may be read here tells nothing of who is there.
//
// Rows: I7
func TestMetricsShowNothingSecret(t *testing.T) {
	m := metrics.New("v1.2.3")
	m.Observe(event.Event{
		Kind: event.Forged, Handle: store.NewID(), User: "lovelace", Address: "192.0.2.7", Actor: "operator",
		Reason: "wrong secret",
		Key:    "cart-key", Err: errors.New("password hunter2"),
	})
	w := httptest.NewRecorder()
	m.Handler(quiet).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, secret := range []string{"lovelace", "192.0.2.7", "operator", "wrong secret", "cart-key", "hunter2"} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%q is in %s", secret, w.Body)
		}
	}
}

// The names are those that Prometheus wants: base units, _total for counters, help for each.
func TestNames(t *testing.T) {
	m := metrics.New("v1.2.3")
	sessions := session.New(memory.New(), session.Options{})
	defer sessions.Close(context.Background())
	m.Watch(sessions)
	w := httptest.NewRecorder()
	m.Handler(quiet).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	text := w.Body.String()
	for name, kind := range map[string]string{
		"coatcheck_session_events_total": "counter", "coatcheck_session_events_lost_total": "counter",
		"coatcheck_store_errors_total": "counter",
		"coatcheck_sessions":           "gauge", "coatcheck_build_info": "gauge", "go_goroutines": "gauge",
		"process_start_time_seconds": "gauge",
	} {
		if !strings.Contains(text, "# TYPE "+name+" "+kind+"\n") || !strings.Contains(text, "# HELP "+name+" ") {
			t.Errorf("%s is no %s with help", name, kind)
		}
	}
	if !strings.Contains(text, `coatcheck_build_info{goversion="go`) || !strings.Contains(text, `version="v1.2.3"} 1`) {
		t.Errorf("build info is missing: %s", text)
	}
}
