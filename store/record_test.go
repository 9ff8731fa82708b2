package store_test

import (
	"testing"
	"time"

	"coatcheck.dev/store"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func TestRecordEnds(t *testing.T) {
	for _, c := range []struct {
		name     string
		lastSeen time.Time
		idle     time.Duration
		want     time.Time
	}{
		{"no idle timeout", noon, 0, noon.Add(time.Hour)},
		{"a negative one is none", noon, -time.Minute, noon.Add(time.Hour)},
		{"idle first", noon, time.Minute, noon.Add(time.Minute)},
		{"expiry first", noon.Add(30 * time.Minute), 45 * time.Minute, noon.Add(time.Hour)},
		{"both at once", noon, time.Hour, noon.Add(time.Hour)},
	} {
		r := store.Record{LastSeen: c.lastSeen, IdleTimeout: c.idle, ExpiresAt: noon.Add(time.Hour)}
		if got := r.Ends(); !got.Equal(c.want) {
			t.Errorf("%s: ends at %v, want %v", c.name, got, c.want)
		}
		for at, want := range map[time.Time]bool{c.want.Add(-1): false, c.want: true, c.want.Add(1): true} {
			if got := r.Over(at); got != want {
				t.Errorf("%s: over at %v: %v, want %v", c.name, at, got, want)
			}
		}
	}
	if !(&store.Record{}).Over(noon) {
		t.Error("a record without an end is over, not eternal")
	}
}

func TestRotationPending(t *testing.T) {
	for _, c := range []struct {
		r    store.Rotation
		want bool
	}{
		{store.Rotation{}, false},
		{store.Rotation{At: noon}, true},
		{store.Rotation{At: noon, Confirmed: true}, false},
	} {
		if got := c.r.Pending(); got != c.want {
			t.Errorf("%+v: pending is %v, want %v", c.r, got, c.want)
		}
	}
}

func TestPageLimit(t *testing.T) {
	for limit, want := range map[int]int{-5: 100, 0: 100, 1: 1, 100: 100, 1000: 1000, 1001: 1000, 1 << 40: 1000} {
		if got := (store.Query{Limit: limit}).PageLimit(); got != want {
			t.Errorf("limit %d: %d records, want %d", limit, got, want)
		}
	}
}

func TestCursorIsTheRecordsPlace(t *testing.T) {
	r := store.Record{ID: store.ID{7}, CreatedAt: noon}
	if got, want := r.Cursor(), (store.Cursor{CreatedAt: noon, ID: store.ID{7}}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
