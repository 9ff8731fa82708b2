package index_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A stand is a store, a manager of its sessions and an index of them.
type stand struct {
	*index.Index
	t        *testing.T
	store    *memory.Store
	sessions *session.Manager
	options  index.Options
}

func newStand(t *testing.T, change ...func(*index.Options)) *stand {
	s := &stand{t: t, store: memory.New()}
	s.sessions = session.New(s.store, session.Options{SweepInterval: -1})
	s.options = index.Options{
		Path: filepath.Join(t.TempDir(), "console-index.db"), Store: "memory", Source: s.sessions, Feed: s.store,
		CheckEvery: time.Hour, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&s.options)
	}
	return s
}

func (s *stand) open() {
	s.Index = index.Open(s.options)
	s.t.Cleanup(s.Close)
	s.await()
}

func (s *stand) await() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	if err := s.Await(ctx); err != nil {
		s.t.Fatalf("the index is not ready: %+v", s.Status())
	}
}

var (
	people   = []string{"", "ada", "Ada", "adam", "alan", "grace", "GRACE", "Änne", "änne", "ada*", "\xff\xfe", "ÄRGER"}
	agents   = []string{"", firefox, "curl/8.14.1", strings.Replace(firefox, "X11; Linux x86_64", "Windows NT 10.0", 1)}
	places   = []string{"192.0.2.7", "192.0.2.200", "192.0.3.1", "10.1.2.3", "2001:db8::1", "2001:db8:1::1", "nowhere"}
	labels   = []string{"", "", "the old laptop", "Die Alte Kiste", `Ärger's "PC": 100%_ü`, "日本語 <b>&x=1", `a\b*`}
	methods  = []string{"password", "passkey"}
	firefox  = "Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0"
	lifetime = 30 * 24 * time.Hour
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func someRecord(r *rand.Rand, now time.Time) store.Record {
	created := now.Add(-time.Duration(r.IntN(1000)) * time.Minute)
	if r.IntN(3) > 0 { // at the same time as others
		created = now.Add(-time.Duration(r.IntN(20)) * time.Hour)
	}
	s := store.Record{
		ID: store.NewID(), User: pick(r, people), CreatedAt: created, Remember: r.IntN(4) == 0,
		LastSeen: created.Add(time.Duration(r.Int64N(int64(now.Sub(created) + 1)))), ExpiresAt: created.Add(lifetime),
		Device: store.Device{Address: pick(r, places), UserAgent: pick(r, agents), Label: pick(r, labels)},
	}
	if r.IntN(2) == 0 {
		s.IdleTimeout = now.Sub(s.LastSeen) + time.Duration(1+r.IntN(100))*time.Hour
	}
	if s.User != "" {
		for range r.IntN(3) {
			s.Auth = append(s.Auth, store.Auth{Method: pick(r, methods), At: s.CreatedAt, Level: 1 + r.IntN(2)})
		}
	}
	return s
}

// queries are some of each field, and of several together.
func queries(t *testing.T, handle string) (all []index.Query) {
	for _, text := range []string{
		"", "user=ada", "user=%C3%84nne", "user=%FF%FE", "user=nobody", "name=ad", "name=A", "name=%C3%A4",
		"name=grace",
		"name=%FF", "handle=" + handle, "handle=" + handle[:1], "handle=" + handle[:5], "address=192.0.2.7",
		"address=192.0.2.0/24", "address=192.0.0.0/16", "address=2001:db8::/32", "address=2001:db8::1",
		"address=::ffff:192.0.2.0/120",
		"address=0.0.0.0/0", "address=::/0", "browser=firefox", "browser=LINUX",
		"browser=kiste", "browser=opera", "label=old", "label=ALTE",
		"label=%22pc%22%3A", "label=ÄRGER%27s", "label=%25_", "label=100%25%25", "label=本",
		"label=%3Cb%3E%26x%3D1", "label=%5C", "label=b*", "label=*",
		"signed_in=yes", "signed_in=no", "remembered=yes",
		"remembered=no", "bound=no", "bound=yes", "method=passkey", "method=telepathy", "level=2", "level=7",
		"created_after=5h", "created_before=5h", "seen_after=2h", "seen_before=2h", "ends_after=3d", "ends_before=2d",
		"created_after=2020-01-01&created_before=1h", "address=192.0.0.0/16&created_after=10h&browser=firefox",
		"name=a&signed_in=yes&level=2", "seen_after=3h&ends_before=40d&remembered=no", "user=ada&address=192.0.2.7",
		"handle=" + handle[:1] + "&name=a",
	} {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := index.Parse(values)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, q)
	}
	return all
}

// Every query finds what it says, all of that and once, in the order asked for, and as many as it counts.
func TestQueriesFindWhatTheySay(t *testing.T) {
	s := newStand(t)
	r, now := rand.New(rand.NewPCG(1, 2)), time.Now()
	var one store.ID
	for range 200 {
		record := someRecord(r, now)
		if err := s.store.Create(t.Context(), record, store.ID{}); err != nil {
			t.Fatal(err)
		}
		one = record.ID
	}
	s.open()
	all := everything(t, s.sessions)
	for i, q := range queries(t, one.String()) {
		want := make(map[store.ID]bool)
		for _, info := range all {
			if q.Match(info, time.Now()) {
				want[info.Handle] = true
			}
		}
		if n, err := s.Count(t.Context(), q); err != nil || n != len(want) {
			t.Errorf("%v: counted %d, %v; want %d", q.Values(), n, err, len(want))
		}
		for k, by := range index.Sorts {
			if i > 0 && (i+k)%4 != 0 {
				continue // all orders for everybody's sessions, and some for each other query
			}
			q.Sort = index.Sort{By: by, Ascending: (i+len(by))%2 == 0}
			s.wantPages(q, want)
		}
	}
}

func (s *stand) wantPages(q index.Query, want map[store.ID]bool) {
	s.t.Helper()
	found, after, last := make(map[store.ID]bool), "", session.Info{}
	for {
		page, err := s.Select(s.t.Context(), q, after, 61)
		if err != nil || !page.Fresh {
			s.t.Fatalf("%v after %q: fresh: %v, %v", q.Values(), after, page.Fresh, err)
		}
		for i, info := range page.Sessions {
			if found[info.Handle] || !want[info.Handle] {
				s.t.Errorf("%v: %v is found before: %v", q.Values(), info, found[info.Handle])
			}
			if found[info.Handle] = true; i > 0 && inverted(q.Sort, last, info) {
				s.t.Errorf("%v: %v stands before %v", q.Values(), last, info)
			}
			last = info
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if len(found) != len(want) {
		s.t.Errorf("%v: found %d, want %d", q.Values(), len(found), len(want))
	}
}

// inverted reports whether two sessions are the wrong way round, for the orders that need no knowledge of names.
func inverted(by index.Sort, a, b session.Info) bool {
	order := map[string]int{
		"created": a.CreatedAt.Compare(b.CreatedAt), "seen": a.LastSeen.Compare(b.LastSeen),
		"ends": a.Ends().Compare(b.Ends()), "level": a.Level - b.Level,
		"method": slices.Compare([]byte(a.Method), []byte(b.Method)),
	}[by.By]
	return order != 0 && order > 0 == by.Ascending
}

func everything(t *testing.T, m *session.Manager) (all []session.Info) {
	for q := (store.Query{Limit: 1000}); ; {
		infos, next, err := m.Browse(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, infos...)
		if q.After = next; next == (store.Cursor{}) {
			return all
		}
	}
}

// All handles of a query are told once, and none that began later.
func TestEachTellsAllHandlesAsOfAMoment(t *testing.T) {
	s := newStand(t)
	r, now := rand.New(rand.NewPCG(3, 4)), time.Now()
	want := make(map[store.ID]bool)
	asOf := now.Add(-time.Hour)
	for range 2500 {
		record := someRecord(r, now)
		if err := s.store.Create(t.Context(), record, store.ID{}); err != nil {
			t.Fatal(err)
		}
		if record.User == "ada" && !record.CreatedAt.After(asOf) {
			want[record.ID] = true
		}
	}
	s.open()
	err := s.Each(t.Context(), index.Query{User: "ada"}, asOf, func(ids []store.ID) error {
		for _, id := range ids {
			if !want[id] {
				t.Errorf("%v is told twice, or does not belong there", id)
			}
			delete(want, id)
		}
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%d are missing, %v", len(want), err)
	}
	stop := fmt.Errorf("enough")
	if err := s.Each(t.Context(), index.Query{}, now, func([]store.ID) error { return stop }); err != stop {
		t.Errorf("the error is %v", err)
	}
}
