package sqlite

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// locker takes the database for itself until release is called, as another program would.
func locker(t *testing.T, dsn string) (release func()) {
	t.Helper()
	b := newBox(t, dsn)
	conn, err := b.db.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(context.Background(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	return sync.OnceFunc(func() {
		if _, err := conn.ExecContext(context.Background(), `ROLLBACK`); err != nil {
			t.Error(err)
		}
		conn.Close()
	})
}

// What queues up while one transaction waits is committed by the next one.
func TestWhatQueuesUpIsOneTransaction(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()

	const n = 64
	before := commits.Load()
	var started, wg sync.WaitGroup
	started.Add(n)
	for range n {
		wg.Go(func() {
			started.Done()
			mustCreate(t, b)
		})
	}
	started.Wait()
	waitFor(t, "coatcheck.dev/store/sql.(*embedded).begin") // the first of them waits for the lock
	time.Sleep(50 * time.Millisecond)                       // and the others for the first
	release()
	wg.Wait()
	if got := commits.Load() - before; got > n/4 {
		t.Errorf("%d creations took %d transactions, want far fewer", n, got)
	} else {
		t.Logf("%d creations took %d transactions", n, got)
	}
	if count, err := b.Count(t.Context(), "ada"); err != nil || count != n+1 {
		t.Errorf("count: got %d, %v; want %d", count, err, n+1)
	}
}

// Without anybody holding it up, a commit makes the others queue just so.
func TestConcurrentCreatesShareCommits(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	const callers, each = 64, 20
	before := commits.Load()
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				mustCreate(t, b)
			}
		})
	}
	wg.Wait()
	got := commits.Load() - before
	t.Logf("%d creations by %d callers took %d transactions", callers*each, callers, got)
	if got > callers*each/3 {
		t.Errorf("%d creations by %d callers took %d transactions, want at most a third", callers*each, callers, got)
	}
}

// A change that the database refuses fails alone, whatever it was committed together with.
func TestOneFailureDoesNotSpoilTheOthers(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	b.mustExec(t, `CREATE TRIGGER no_eve BEFORE INSERT ON coatcheck_sessions WHEN new.owner = 'eve' BEGIN SELECT raise(ABORT, 'not eve'); END`)
	b.mustExec(t, `CREATE TRIGGER no_mallory BEFORE INSERT ON coatcheck_sessions WHEN new.owner = 'mallory' BEGIN SELECT raise(ROLLBACK, 'not mallory'); END`)
	release := locker(t, b.dsn)
	defer release()

	users := []string{"ada", "eve", "alan", "mallory", "grace"}
	errs := make([]error, 40)
	var heard sync.Map
	defer b.Subscribe(func(n store.Notice) { heard.Store(n.User, true) })()
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = b.Create(t.Context(), session(users[i%len(users)]), store.ID{}) })
	}
	waitFor(t, "coatcheck.dev/store/sql.(*embedded).begin")
	time.Sleep(50 * time.Millisecond)
	release()
	wg.Wait()
	for i, err := range errs {
		user := users[i%len(users)]
		if refused := user == "eve" || user == "mallory"; refused != (err != nil) {
			t.Errorf("create %d for %s: got error %v", i, user, err)
		}
		if _, told := heard.Load(user); told != (err == nil) {
			t.Errorf("the feed told of %s: %v, the creation's error is %v", user, told, err)
		}
	}
	if n, err := b.Count(t.Context(), ""); err != nil || n != 1+24 {
		t.Errorf("count: got %d, %v; want 25", n, err)
	}
}

// A change whose caller has gone is not made, if it still waits for its turn.
func TestACancelledWriteLeavesTheQueue(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()

	first := make(chan error, 1)
	go func() { first <- b.Create(context.Background(), session("ada"), store.ID{}) }()
	waitFor(t, "coatcheck.dev/store/sql.(*embedded).begin") // so that it has been taken from the queue

	ctx, cancel := context.WithCancel(t.Context())
	cancelled, second := session("alan"), make(chan error, 1)
	go func() { second <- b.Create(ctx, cancelled, store.ID{}) }()
	time.Sleep(50 * time.Millisecond) // in the queue by now; if not, it must not get in
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled call returned %v", err)
	}
	release()
	if err := <-first; err != nil {
		t.Errorf("the first call: %v", err)
	}
	mustCreate(t, b) // comes after whatever was in the queue
	if _, err := b.Load(t.Context(), cancelled.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the cancelled session loads with %v, want ErrNotFound", err)
	}
}

// The goroutine of the writer ends when there is nothing to write, closed or not.
func TestAnIdleStoreHasNoGoroutine(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	done := make(chan error, 1)
	go func() { done <- b.Create(context.Background(), session("ada"), store.ID{}) }()
	waitFor(t, "coatcheck.dev/store/sql.(*writer).run")
	release()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for isRunning("coatcheck.dev/store/sql.(*writer).run") {
		if time.Now().After(deadline) {
			t.Fatal("the writer is still there")
		}
		time.Sleep(time.Millisecond)
	}
}

// Close lets what is queued become durable, and nothing in after it.
func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()
	results := make(chan error, 20)
	for range cap(results) {
		go func() { results <- b.Create(context.Background(), session("ada"), store.ID{}) }()
	}
	waitFor(t, "coatcheck.dev/store/sql.(*embedded).begin")
	time.Sleep(50 * time.Millisecond) // the others queue up

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := b.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close while locked: got %v, want DeadlineExceeded", err)
	}
	release()
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	for range cap(results) {
		if err := <-results; err != nil {
			t.Errorf("a queued creation: %v", err)
		}
	}
	_, loadErr := b.Load(t.Context(), store.NewID())
	for _, err := range []error{loadErr, b.Create(t.Context(), session("ada"), store.ID{}), b.Prepare(t.Context())} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a call after close returned %v", err)
		}
	}
	var n int
	if err := b.db.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&n); err != nil || n != 1+cap(results) {
		t.Errorf("the database has %d sessions, %v; want %d", n, err, 1+cap(results))
	}
}
