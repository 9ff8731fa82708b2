package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// A trial is one run of a case: the store, and words for a case's steps.
type trial struct {
	testing.TB
	t       *testing.T
	harness Harness
	ctx     context.Context
	s       store.Store
	late    time.Duration // how late a notice may be
}

// epoch is when the sessions of the suite begin. It has microseconds, and no store may look at the clock on the wall.
var epoch = time.Date(2026, 3, 14, 15, 9, 26, 535897000, time.UTC)

// session returns a record with something in every field.
func session(user string) store.Record {
	id := store.NewID()
	return store.Record{
		ID: id, User: user, Secret: hashOf(id, 1),
		Rotation: store.Rotation{
			Nonce: store.Nonce(id), Other: hashOf(id, 2), At: epoch.Add(time.Minute), Confirmed: true,
			Past: strings.Repeat("f", 2*store.FingerprintLen),
		},
		CreatedAt: epoch, LastSeen: epoch.Add(time.Second),
		ExpiresAt: epoch.Add(24 * time.Hour), IdleTimeout: time.Hour,
		Remember: true,
		Auth: []store.Auth{
			{Method: "password", At: epoch, Level: 1},
			{Method: "passkey", At: epoch.Add(2 * time.Second), Level: 2},
		},
		Device: store.Device{Address: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64)", Label: "Küche"},
		Data:   with(store.Data{}, "cart", `["tea"]`),
		Guard:  "\x01\x00\xff, in bytes that are no text",
	}
}

// successor returns a session made from another one, to replace it.
func successor(old store.Record, user string) store.Record {
	r := session(user)
	r.Version = old.Version
	return r
}

func hashOf(id store.ID, n byte) (h store.Hash) {
	copy(h[:], id[:])
	h[len(h)-1] = n
	return h
}

func with(d store.Data, key, json string) store.Data {
	return d.With(store.Change{Key: key, Value: store.Value{JSON: json}})
}

// asStored returns the record as a store has to give it back: times to the microsecond, in UTC.
func asStored(r store.Record, version uint64) store.Record {
	s := store.Record{ID: r.ID, Version: version, LastSeen: time.UnixMicro(r.LastSeen.UnixMicro()).UTC()}
	if err := s.SetBody(string(r.AppendBody(nil))); err != nil {
		panic(err)
	}
	return s
}

// create adds a record and returns it as stored. It must succeed.
func (t *trial) create(r store.Record) store.Record {
	t.Helper()
	t.must(t.s.Create(t.ctx, r, store.ID{}))
	return asStored(r, r.Version+1)
}

// createAll adds many records, several at a time.
func (t *trial) createAll(records []store.Record) {
	t.Helper()
	const lanes = 16
	t.parallel(lanes, func(lane int) {
		for i := lane; i < len(records); i += lanes {
			if err := t.s.Create(t.ctx, records[i], store.ID{}); err != nil {
				t.Errorf("create: %v", err)
				return
			}
		}
	})
}

// save saves a record and returns it as stored. It must succeed.
func (t *trial) save(r store.Record) store.Record {
	t.Helper()
	t.must(t.s.Save(t.ctx, r))
	return asStored(r, r.Version+1)
}

func (t *trial) touch(id store.ID, at time.Time) {
	t.Helper()
	t.must(t.s.Touch(t.ctx, []store.Seen{{ID: id, At: at}}))
}

// load returns a record. It must be there.
func (t *trial) load(id store.ID) store.Record {
	t.Helper()
	r, err := t.s.Load(t.ctx, id)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return r
}

// has compares the stored record with this one.
func (t *trial) has(want store.Record) {
	t.Helper()
	t.same(t.load(want.ID), want)
}

// hasNot checks the absence of a record.
func (t *trial) hasNot(id store.ID) {
	t.Helper()
	if _, err := t.s.Load(t.ctx, id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("load of a record that must not be there: got error %v, want ErrNotFound", err)
	}
}

// same compares two records field by field.
func (t *trial) same(got, want store.Record) {
	t.Helper()
	g, w := reflect.ValueOf(got), reflect.ValueOf(want)
	for i := range g.NumField() {
		if gf, wf := g.Field(i).Interface(), w.Field(i).Interface(); !reflect.DeepEqual(gf, wf) {
			t.Errorf("%s: got %s, want %s", g.Type().Field(i).Name, brief(gf), brief(wf))
		}
	}
}

func brief(v any) string {
	s := fmt.Sprintf("%+v", v)
	if len(s) > 300 {
		return fmt.Sprintf("%s... (%d bytes)", s[:300], len(s))
	}
	return s
}

// list returns a page of a listing.
func (t *trial) list(q store.Query) []store.Record {
	t.Helper()
	records, err := t.s.List(t.ctx, q)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return records
}

// pages reads a listing to its end, a page at a time.
func (t *trial) pages(q store.Query) (all []store.Record) {
	t.Helper()
	for {
		page := t.list(q)
		if len(page) > q.PageLimit() {
			t.Fatalf("a page has %d records, its limit is %d", len(page), q.PageLimit())
		}
		if len(page) == 0 {
			return all
		}
		if all = append(all, page...); len(all) > 100_000 {
			t.Fatalf("the listing has no end")
		}
		q.After = page[len(page)-1].Cursor()
	}
}

// lists checks the records of a listing and their order.
func (t *trial) lists(got []store.Record, want ...store.Record) {
	t.Helper()
	if g, w := idsOf(got), idsOf(want); !slices.Equal(g, w) {
		t.Errorf("listed %d records %v,\nwant %d records %v", len(g), g, len(w), w)
	}
}

func idsOf(records []store.Record) []store.ID {
	ids := make([]store.ID, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	return ids
}

// newestFirst sorts records as listings do.
func newestFirst(records []store.Record) []store.Record {
	return slices.SortedFunc(slices.Values(records), func(a, b store.Record) int {
		return a.Cursor().Compare(b.Cursor())
	})
}

// sameIDs compares two sets of IDs.
func (t *trial) sameIDs(got []store.ID, want ...store.ID) {
	t.Helper()
	byBytes := func(a, b store.ID) int { return slices.Compare(a[:], b[:]) }
	g, w := slices.SortedFunc(slices.Values(got), byBytes), slices.SortedFunc(slices.Values(want), byBytes)
	if !slices.Equal(g, w) {
		t.Errorf("got IDs %v, want %v", g, w)
	}
}

// ever is before any time at which a session may have begun.
var ever = time.Unix(-1<<40, 0)

// counts checks how many records a user has.
func (t *trial) counts(user string, want int) {
	t.Helper()
	t.countsAfter(user, ever, want)
}

func (t *trial) countsAfter(user string, after time.Time, want int) {
	t.Helper()
	if n, err := t.s.Count(t.ctx, user, after); err != nil || n != want {
		t.Errorf("count of %.40q after %v: got %d, %v; want %d", user, after, n, err, want)
	}
}

// sweep sweeps once and checks the number of deleted records.
func (t *trial) sweep(now time.Time, limit, want int) {
	t.Helper()
	if n, err := t.s.Sweep(t.ctx, now, limit); err != nil || n != want {
		t.Errorf("sweep: got %d, %v; want %d", n, err, want)
	}
}

// must ends the case if a step of its preparation fails.
func (t *trial) must(err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// fails checks the reason for a refusal.
func (t *trial) fails(err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// parallel runs n calls at the same time and waits for them.
func (t *trial) parallel(n int, f func(i int)) {
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}
