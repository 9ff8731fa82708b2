package ending_test

import (
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// COATCHECK_SCALE says how many sessions end by one query, in SQLite, while requests go on beside it; the log says how
// long those have waited. It is a part of make scale.
func TestScaleEndByQuery(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("COATCHECK_SCALE"))
	if n == 0 {
		t.Skip("a part of make scale: COATCHECK_SCALE says how many sessions")
	}
	n = min(n, 100_000)
	s := newStall(t, openSQLite(t, t.TempDir()))
	began := time.Now()
	_, others := s.fill(n, 1000)
	t.Logf("%d sessions stored in %v", n+1000, time.Since(began).Round(time.Millisecond))
	report := func(what string, waits []time.Duration) {
		slices.Sort(waits)
		at := func(q float64) time.Duration { return waits[int(q*float64(len(waits)-1))].Round(10 * time.Microsecond) }
		t.Logf("%s: %d requests, median %v, 99 %% %v, 99.9 %% %v, the longest %v", what, len(waits), at(.5), at(.99),
			at(.999), at(1))
	}
	for what, request := range map[string]func(store.ID) error{
		"reads": func(id store.ID) error { _, _, err := s.sessions.Lookup(t.Context(), id); return err },
		"saves": s.save,
	} {
		stop := beside(t, others, request)
		time.Sleep(2 * time.Second)
		report(what+" without a job", stop())
	}
	began = time.Now()
	j := s.ask(meant)
	t.Logf("the dry run found %d in %v", j.Count, time.Since(began).Round(time.Millisecond))
	if j.Count != n {
		t.Fatalf("%d of %d are meant", j.Count, n)
	}
	reads := beside(t, others, func(id store.ID) error { _, _, err := s.sessions.Lookup(t.Context(), id); return err })
	saves := beside(t, others, s.save)
	began = time.Now()
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Word: j.Word()}); err != nil {
		t.Fatal(err)
	}
	j = s.await(j.ID, isDone)
	took := time.Since(began)
	t.Logf("%d have ended in %v, %.0f a second", j.Ended, took.Round(time.Millisecond), float64(j.Ended)/took.Seconds())
	report("reads beside the job", reads())
	report("saves beside the job", saves())
	s.compare(j, nil, others, true)
	if j.Ended != n {
		t.Errorf("%+v", j)
	}
}

// save changes a session.
func (s *stall) save(id store.ID) error {
	return s.sessions.Update(s.t.Context(), id, func(v *session.Session) error {
		return count.Set(v, time.Now().String())
	})
}

var count = session.NewKey[string]("count")

// beside sends a request each 2 ms until it is stopped, and then returns how long each has waited.
func beside(t *testing.T, ids []store.ID, request func(store.ID) error) (stop func() []time.Duration) {
	var waits []time.Duration
	stopped := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-stopped:
				return
			case <-tick.C:
			}
			start := time.Now()
			if err := request(ids[i%len(ids)]); err != nil {
				t.Error(err)
				return
			}
			waits = append(waits, time.Since(start))
		}
	})
	return func() []time.Duration { close(stopped); sending.Wait(); return waits }
}
