package ending_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/cmd/coatcheck/internal/ending"
	"coatcheck.dev/cmd/coatcheck/internal/index"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
)

// A stall is a store, a manager of its sessions, an index of them, and jobs that end them.
type stall struct {
	t        *testing.T
	folder   string
	store    backend.Store
	sessions *session.Manager
	index    *index.Index
	jobs     *ending.Jobs
	events   atomic.Int64 // ends by an operator that were told
}

func newStall(t *testing.T, st backend.Store) *stall {
	s := &stall{t: t, folder: t.TempDir(), store: st}
	s.sessions = session.New(st, session.Options{SweepInterval: -1, Events: event.NewQueue(func(e event.Event) {
		if e.Kind == event.Revoked && e.Actor == "ada" && e.Address == "192.0.2.1" {
			s.events.Add(1)
		}
	})})
	s.index = index.Open(index.Options{
		Path: filepath.Join(s.folder, "index.db"), Store: "test", Source: s.sessions, Feed: st, CheckEvery: time.Hour,
	})
	t.Cleanup(s.index.Close)
	s.open()
	return s
}

func (s *stall) open() {
	s.t.Helper()
	var err error
	s.jobs, err = ending.Open(ending.Options{
		Path: filepath.Join(s.folder, "endings.db"), Sessions: s.sessions, Finder: s.index, Feed: s.store,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.jobs.Close() })
}

var ada = ending.Operator{Name: "ada", Address: "192.0.2.1"}

// meant are the sessions of one network.
var meant = index.Query{Address: netip.MustParsePrefix("10.1.0.0/16")}

func newRecord(address string, created time.Time) store.Record {
	return store.Record{
		ID: store.NewID(), User: "u" + address, CreatedAt: created.Truncate(time.Microsecond), LastSeen: created,
		ExpiresAt: created.Add(24 * time.Hour), IdleTimeout: 24 * time.Hour, Device: store.Device{Address: address},
	}
}

// fill stores sessions of the network that is meant, and others.
func (s *stall) fill(meant, others int) (ids, rest []store.ID) {
	s.t.Helper()
	began := time.Now().Add(-time.Hour)
	records := make(chan store.Record)
	var filling sync.WaitGroup
	for range 32 {
		filling.Go(func() {
			for r := range records {
				if err := s.store.Create(s.t.Context(), r, store.ID{}); err != nil {
					s.t.Error(err)
				}
			}
		})
	}
	for i := range meant + others {
		address := fmt.Sprintf("10.1.%d.%d", i>>8&255, i&255)
		if i >= meant {
			address = fmt.Sprintf("192.0.2.%d", i&255)
		}
		r := newRecord(address, began.Add(time.Duration(i)*time.Microsecond))
		if i < meant {
			ids = append(ids, r.ID)
		} else {
			rest = append(rest, r.ID)
		}
		records <- r
	}
	close(records)
	filling.Wait()
	return ids, rest
}

func (s *stall) there(id store.ID) bool {
	_, err := s.store.Load(s.t.Context(), id)
	return !errors.Is(err, store.ErrNotFound)
}

func (s *stall) ask(q index.Query) ending.Job {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	if err := s.index.Await(ctx); err != nil {
		s.t.Fatal(err)
	}
	j, err := s.jobs.Ask(ctx, q, ending.Operator{Name: "grace"})
	if err != nil {
		s.t.Fatal(err)
	}
	return j
}

// await waits until a job is as it should be.
func (s *stall) await(id string, is func(ending.Job) bool) ending.Job {
	s.t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; time.Sleep(time.Millisecond) {
		j, ok, err := s.jobs.Find(id)
		if err != nil || !ok {
			s.t.Fatalf("the job is gone: %v", err)
		}
		if is(j) {
			return j
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("the job does not end: %+v", j)
		}
	}
}

func isDone(j ending.Job) bool { return j.State == ending.Done }

// visitors use, rotate, step up, sign in anew, sign out and begin sessions until they are stopped.
func (s *stall) visitors(ids []store.ID) (stop func() (begun map[store.ID]bool)) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var mu sync.Mutex
	begun := make(map[store.ID]bool)
	note := func(id store.ID) {
		mu.Lock()
		defer mu.Unlock()
		begun[id] = true
	}
	var at atomic.Pointer[[]store.ID] // the handles as they are now
	at.Store(&ids)
	var visiting sync.WaitGroup
	for n := range 4 {
		visiting.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			mine := append([]store.ID(nil), ids[n*len(ids)/4:(n+1)*len(ids)/4]...)
			for pause := time.NewTicker(200 * time.Microsecond); ctx.Err() == nil; <-pause.C {
				i := random.IntN(len(mine))
				r, err := s.store.Load(ctx, mine[i])
				if err != nil {
					continue
				}
				next, old := r, r.ID
				switch random.IntN(6) {
				case 0:
					_ = s.store.Touch(ctx, []store.Seen{{ID: old, At: time.Now()}})
				case 1:
					next.Secret[0]++
					_ = s.store.Save(ctx, next)
				case 2, 3: // a step-up
					next.ID = store.NewID()
					if s.store.Create(ctx, next, old) == nil {
						mine[i] = next.ID
					}
				case 4: // a sign-in
					next.ID, next.CreatedAt = store.NewID(), time.Now().Truncate(time.Microsecond)
					if s.store.Create(ctx, next, old) == nil {
						note(next.ID)
					}
				case 5:
					fresh := newRecord("10.1.9.9", time.Now())
					if s.store.Create(ctx, fresh, store.ID{}) == nil {
						note(fresh.ID)
					}
				}
			}
		})
	}
	return func() map[store.ID]bool { cancel(); visiting.Wait(); return begun }
}

// All sessions that were meant have ended, and no others, whatever happens to them meanwhile: the ones that were used,
// have rotated or stepped up among them, and those that have begun later not.
//
// Rows: ASVS 7.4.5
func TestEndsThoseThatWereMeantAndNoOthers(t *testing.T) {
	s := newStall(t, memory.New())
	const n = 6000
	ids, others := s.fill(n, 4000)
	j := s.ask(meant)
	if j.Count != n || len(j.Sample) != 20 || j.Word() != "6000" || s.events.Load() != 0 || !s.there(ids[0]) {
		t.Fatalf("%+v", j)
	}
	stop := s.visitors(ids)
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "leaked", Word: "6,000"}); err != nil {
		t.Fatal(err)
	}
	j = s.await(j.ID, isDone)
	begun := stop()
	s.compare(j, begun, others, true)
	if j.Ended+j.Gone != n || j.Failed != 0 || j.More != 0 || j.Ended == 0 {
		t.Errorf("%+v", j)
	}
	if err := s.sessions.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := int(s.events.Load()); got != j.Ended {
		t.Errorf("%d ends were told, %d sessions have ended", got, j.Ended)
	}
	count := map[ending.Outcome]int{}
	if err := s.jobs.Outcomes(j.ID, func(id store.ID, o ending.Outcome) error {
		count[o]++
		return nil
	}); err != nil || count["ended"] != j.Ended || count["gone"] != j.Gone || len(count) > 2 {
		t.Errorf("%v, %v", count, err)
	}
}

// compare holds what is in the store against what should be.
func (s *stall) compare(j ending.Job, begun map[store.ID]bool, others []store.ID, stay bool) {
	s.t.Helper()
	for _, id := range others {
		if !s.there(id) {
			s.t.Fatal("one that was not meant has ended")
		}
	}
	for id := range begun {
		if s.there(id) != stay {
			s.t.Fatalf("one that began later is there: %v", !stay)
		}
	}
	after := store.Cursor{}
	for {
		page, err := s.store.List(s.t.Context(), store.Query{After: after, Limit: 1000})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, r := range page {
			if meant.Address.Contains(netip.MustParseAddr(r.Device.Address)) && !r.CreatedAt.After(j.AsOf) {
				s.t.Fatalf("one that was meant is there: %+v", r)
			}
		}
		if len(page) < 1000 {
			return
		}
		after = page[len(page)-1].Cursor()
	}
}

// A search that names a user is forgotten with the user.
func TestUsersAreForgotten(t *testing.T) {
	s := newStall(t, memory.New())
	of, other := s.ask(index.Query{User: "countess"}), s.ask(meant)
	if err := s.jobs.Forget("countess"); err != nil {
		t.Fatal(err)
	}
	if _, there, err := s.jobs.Find(of.ID); there || err != nil {
		t.Errorf("the user's is there: %v, %v", there, err)
	}
	if _, there, err := s.jobs.Find(other.ID); !there || err != nil {
		t.Errorf("the other one is there: %v, %v", there, err)
	}
}

// What begins while the job runs ends with the rest if the order says so.
func TestWhatBeginsLaterEndsIfAsked(t *testing.T) {
	s := newStall(t, memory.New())
	ids, others := s.fill(50, 50)
	j := s.ask(meant)
	later := newRecord("10.1.0.1", time.Now())
	if err := s.store.Create(t.Context(), later, store.ID{}); err != nil {
		t.Fatal(err)
	}
	if j.Word() != "" {
		t.Errorf("a word for %d", j.Count)
	}
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Newer: true}); err != nil {
		t.Fatal(err)
	}
	j = s.await(j.ID, isDone)
	s.compare(j, map[store.ID]bool{later.ID: true}, others, false)
	if j.Ended != len(ids)+1 || j.More != 1 {
		t.Errorf("%+v", j)
	}
}

func TestOrders(t *testing.T) {
	s := newStall(t, memory.New())
	ids, _ := s.fill(150, 1)
	j := s.ask(meant)
	for why, o := range map[string]ending.Order{
		"no reason":    {Word: "150"},
		"blank":        {Reason: " \t", Word: "150"},
		"long":         {Reason: string(make([]byte, 201)), Word: "150"},
		"no word":      {Reason: "x"},
		"another word": {Reason: "x", Word: "151"},
		"a yes":        {Reason: "x", Word: "yes"},
	} {
		var wrong *ending.OrderError
		if _, err := s.jobs.Start(j.ID, ada, o); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := s.jobs.Start(store.NewID().String(), ada, ending.Order{Reason: "x"}); !errors.Is(err,
		ending.ErrNoJob) {
		t.Errorf("a job that there is not: %v", err)
	}
	if ok, err := s.jobs.Cancel(j.ID, ada); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Word: "150"}); err == nil {
		t.Error("it was started after it was cancelled")
	}
	if !s.there(ids[0]) || !s.there(ids[149]) {
		t.Error("something has ended")
	}
}

// A job that is cancelled stops. What has ended stays ended, the rest stays, and the numbers say which is which.
func TestCancel(t *testing.T) {
	s := newStall(t, memory.New())
	const n = 3000
	ids, _ := s.fill(n, 0)
	j := s.ask(meant)
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Word: "3000"}); err != nil {
		t.Fatal(err)
	}
	s.await(j.ID, func(j ending.Job) bool { return j.Ended > 0 })
	if ok, err := s.jobs.Cancel(j.ID, ada); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.jobs.Close(); err != nil {
		t.Fatal(err)
	}
	s.open() // it does not go on
	j, _, err := s.jobs.Find(j.ID)
	left := 0
	for _, id := range ids {
		if s.there(id) {
			left++
		}
	}
	if err != nil || j.State != ending.Cancelled || left == 0 || j.Ended != n-left {
		t.Errorf("%d are left, %+v, %v", left, j, err)
	}
}

// A program that stops goes on with the job when it starts again, and no session is forgotten or counted twice.
func TestGoesOnAfterARestart(t *testing.T) {
	s := newStall(t, memory.New())
	const n = 3000
	s.fill(n, 0)
	j := s.ask(meant)
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x", Word: "3000"}); err != nil {
		t.Fatal(err)
	}
	for stopAt := range 3 {
		s.await(j.ID, func(j ending.Job) bool { return j.Ended > stopAt*n/4 })
		if err := s.jobs.Close(); err != nil {
			t.Fatal(err)
		}
		s.open()
	}
	j = s.await(j.ID, isDone)
	s.compare(j, nil, nil, true)
	if j.Ended != n || j.Gone != 0 {
		t.Errorf("%+v", j)
	}
}

// A brokenStore fails to delete: everything, or some sessions.
type brokenStore struct {
	*memory.Store
	down atomic.Bool
	bad  store.ID
}

var errDown = errors.New("the store is down")

func (s *brokenStore) Delete(ctx context.Context, id store.ID) (bool, error) {
	if s.down.Load() || id == s.bad {
		return false, errDown
	}
	return s.Store.Delete(ctx, id)
}

func (s *brokenStore) Load(ctx context.Context, id store.ID) (store.Record, error) {
	if s.down.Load() {
		return store.Record{}, errDown
	}
	return s.Store.Load(ctx, id)
}

func (s *brokenStore) Peek(store.ID, time.Time) (store.Encoded, bool) { return store.Encoded{}, false }

// A job waits for a store that is down, and only what it cannot end while it answers has failed.
//
// Rows: I10
func TestAStoreThatIsDownIsWaitedFor(t *testing.T) {
	st := &brokenStore{Store: memory.New()}
	s := newStall(t, st)
	ids, _ := s.fill(90, 0)
	st.bad = ids[7]
	j := s.ask(meant)
	st.down.Store(true)
	if _, err := s.jobs.Start(j.ID, ada, ending.Order{Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { st.down.Store(false) })
	j = s.await(j.ID, isDone)
	if j.Ended != 89 || j.Failed != 1 {
		t.Errorf("%+v", j)
	}
	if err := s.jobs.Outcomes(j.ID, func(id store.ID, o ending.Outcome) error {
		if (o == "failed") != (id == st.bad) {
			t.Errorf("%s is said to have %s", id, o)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}
