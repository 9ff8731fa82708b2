package move_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/move"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

func sqlite(t *testing.T) *backend.Backend {
	t.Helper()
	b, err := backend.Open(t.Context(), backend.File(filepath.Join(t.TempDir(), "sessions.db")))
	must(t, err)
	must(t, b.Prepare(t.Context()))
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

// fill creates n sessions, and returns them.
func fill(t *testing.T, st store.Store, n int) (all []store.Record) {
	t.Helper()
	for i := range n {
		r := session(fmt.Sprint("u", i%7))
		if i%5 == 0 {
			r.User = "" // a visitor's
		}
		must(t, st.Create(t.Context(), r, store.ID{}))
		all = append(all, r)
	}
	return all
}

// weak is a store of which nothing more is known than what every store can do.
type weak struct{ backend.Store }

// Copies come out the same whichever way the stores can be read and written, and whatever the stretch.
func TestCopyOfManyAtOnce(t *testing.T) {
	old := sqlite(t)
	fill(t, old, 103)
	var want move.Sum
	for name, fresh := range map[string]backend.Store{
		"file": sqlite(t), "weak": weak{sqlite(t)}, "memory": memory.New(),
	} {
		for _, stretch := range []int{7, 103, 104, 0} {
			calls := 0
			report, err := move.Copy(t.Context(), old, fresh, move.Options{Stretch: stretch, Progress: func(n int) {
				if calls++; n > 103 {
					t.Errorf("%d of 103 were brought", n)
				}
			}})
			must(t, err)
			if err := report.Err(); err != nil || report.To.Records != 103 || report.Left != 0 || calls == 0 {
				t.Errorf("%s, %d at a time: %+v, %v", name, stretch, report, err)
			}
			if want.Records > 0 && report.To != want {
				t.Errorf("%s, %d at a time: the checksum is %v, and was %v", name, stretch, report.To, want)
			}
			want = report.To
		}
	}
}

// What has changed, ended and begun since an earlier copy is found in stretches of any size.
func TestCopyAgainInStretches(t *testing.T) {
	for _, stretch := range []int{5, 50, 0} {
		old, fresh := sqlite(t), sqlite(t)
		all := fill(t, old, 60)
		copied := func(o move.Options) move.Report {
			o.Stretch = stretch
			report, err := move.Copy(t.Context(), old, fresh, o)
			must(t, err)
			return report
		}
		if err := func() error { r := copied(move.Options{}); return r.Err() }(); err != nil {
			t.Fatal(err)
		}
		for i, r := range all {
			switch i % 10 {
			case 3:
				must(t, set(old, r.ID, "more"))
			case 4:
				_, err := old.Delete(t.Context(), r.ID)
				must(t, err)
			}
		}
		fill(t, old, 4)
		if report := copied(move.Options{}); report.Err() == nil || report.Extra != 6 || report.To != report.From {
			t.Errorf("%d at a time: %+v, %v", stretch, report, report.Err())
		}
		report := copied(move.Options{DeleteExtras: true})
		if err := report.Err(); err != nil || report.To.Records != 58 || report.Extra != 0 {
			t.Errorf("%d at a time: %+v, %v", stretch, report, err)
		}
		if n := count(t, fresh); n != 58 {
			t.Errorf("%d at a time: %d sessions", stretch, n)
		}
	}
}

func count(t *testing.T, st store.Store) int {
	t.Helper()
	all, err := st.List(t.Context(), store.Query{Limit: 1000})
	must(t, err)
	return len(all)
}

// breaking creates some stretches, and then no more: the program is killed there.
type breaking struct {
	*backend.Backend
	left int
}

var errKilled = errors.New("killed")

func (b *breaking) CreateMany(ctx context.Context, all []store.Record) ([]store.ID, error) {
	if b.left--; b.left < 0 {
		return nil, errKilled
	}
	return b.Backend.CreateMany(ctx, all)
}

// A copy that was killed anywhere is begun again, and comes to its end.
func TestCopyIsBrokenOffAndBegunAgain(t *testing.T) {
	old, fresh := sqlite(t), sqlite(t)
	fill(t, old, 50)
	for left := range 5 {
		_, err := move.Copy(t.Context(), old, &breaking{fresh, left}, move.Options{Stretch: 10})
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		if n := count(t, fresh); n != 10*left {
			t.Errorf("%d sessions are there after %d stretches", n, left)
		}
	}
	report, err := move.Copy(t.Context(), old, fresh, move.Options{Stretch: 10})
	must(t, err)
	if err := report.Err(); err != nil || report.To.Records != 50 {
		t.Errorf("%+v, %v", report, err)
	}
}
