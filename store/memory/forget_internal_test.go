package memory

import (
	"testing"
	"time"

	"coatcheck.dev/store"
)

// Both records of a step are locked, and a single shard only once.
func TestLockPairLocksBoth(t *testing.T) {
	for _, ids := range [][2]store.ID{{{1}, {2}}, {{2}, {1}}, {{3}, {3}}} {
		s := new(shards)
		unlock := s.lockPair(ids[0], ids[1])
		for _, id := range ids {
			if s.of(id).mu.TryLock() {
				t.Errorf("of %v and %v, %v is not locked", ids[0][0], ids[1][0], id[0])
			}
		}
		unlock()
		for i := range s {
			if !s[i].mu.TryLock() {
				t.Errorf("shard %d stays locked", i)
			}
		}
	}
}

// A cutoff that can end no session any more is forgotten, and no other.
func TestOldCutoffsAreForgotten(t *testing.T) {
	s := New()
	now := time.Now().Truncate(time.Microsecond)
	for user, at := range map[string]time.Time{
		"ada": now.Add(-store.MaxLifetime - time.Microsecond), "alan": now.Add(-store.MaxLifetime),
	} {
		if err := s.SetNotBefore(t.Context(), user, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetNotBefore(t.Context(), "grace", now); err != nil {
		t.Fatal(err)
	}
	all, err := s.NotBefore(t.Context())
	if _, old := all["ada"]; err != nil || old || len(all) != 2 {
		t.Errorf("got %v, %v", all, err)
	}
}

// What has ended leaves nothing behind under its user.
func TestEndedSessionsLeaveNoRefs(t *testing.T) {
	s := New()
	kept := store.Record{ID: store.NewID(), User: "ada"}
	for _, r := range []store.Record{kept, {ID: store.NewID(), User: "ada"}, {ID: store.NewID(), User: "ada"}} {
		if err := s.Create(t.Context(), r, store.ID{}); err != nil {
			t.Fatal(err)
		}
		if r.ID == kept.ID {
			continue
		}
		if existed, err := s.Delete(t.Context(), r.ID); !existed || err != nil {
			t.Fatal(existed, err)
		}
	}
	if keys := s.users.keys("ada"); len(keys) != 1 || keys[0] != keyOf(&kept.ID) {
		t.Errorf("keys %v, want that of the session that goes on", keys)
	}
}

// A page holds no more than twice its limit, however many sessions it passes.
func TestPageIsBounded(t *testing.T) {
	s := New()
	p := s.newPage(store.Query{Limit: 10})
	for i := range 1000 {
		r := store.Record{ID: store.NewID(), CreatedAt: time.UnixMicro(int64(i))}
		p.add(encode(&r, 1, 0, 0))
		if len(p.found) >= 20 {
			t.Fatalf("%d sessions after %d", len(p.found), i+1)
		}
	}
	records, err := p.records()
	if err != nil || len(records) != 10 || records[0].CreatedAt.UnixMicro() != 999 {
		t.Errorf("%d records, %v", len(records), err)
	}
}
