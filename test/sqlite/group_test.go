package sqlite

import (
	"context"
	"errors"
	"runtime"
	"slices"
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

// queue makes each call on a goroutine of its own and returns when one of them waits for the lock and the others for
// that one. The results are there once done returns.
func queue(ctx context.Context, t *testing.T, b *box, calls ...func(context.Context) error) (done func() []error) {
	t.Helper()
	errs := make([]error, len(calls))
	var wg sync.WaitGroup
	for i, call := range calls {
		ctx := watch(ctx)
		wg.Go(func() { errs[i] = call(ctx) })
		<-ctx.waits
	}
	waitUntil(t, "a call has a connection, and waits for the lock", func() bool { return b.db.Stats().InUse == 1 })
	return func() []error {
		wg.Wait()
		return errs
	}
}

// creations are calls that create a session of each user.
func creations(b *box, users ...string) (calls []func(context.Context) error) {
	for _, user := range users {
		calls = append(calls, func(ctx context.Context) error { return b.Create(ctx, session(user), store.ID{}) })
	}
	return calls
}

// What queues up while one transaction waits is committed by the next one.
func TestWhatQueuesUpIsOneTransaction(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()

	const n = 64
	before := commits.Load()
	done := queue(t.Context(), t, b, creations(b, slices.Repeat([]string{"ada"}, n)...)...)
	release()
	for _, err := range done() {
		must(t, err)
	}
	if got := commits.Load() - before; got > n/4 {
		t.Errorf("%d creations took %d transactions, want far fewer", n, got)
	} else {
		t.Logf("%d creations took %d transactions", n, got)
	}
	if count, err := b.Count(t.Context(), "ada", time.Time{}); err != nil || count != n+1 {
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
	b.mustExec(t, `CREATE TRIGGER no_eve BEFORE INSERT ON coatcheck_sessions WHEN new.owner = 'eve'
		BEGIN SELECT raise(ABORT, 'not eve'); END`)
	b.mustExec(t, `CREATE TRIGGER no_mallory BEFORE INSERT ON coatcheck_sessions WHEN new.owner = 'mallory'
		BEGIN SELECT raise(ROLLBACK, 'not mallory'); END`)
	release := locker(t, b.dsn)
	defer release()

	users := slices.Repeat([]string{"ada", "eve", "alan", "mallory", "grace"}, 8)
	var heard sync.Map
	defer b.Subscribe(func(n store.Notice) { heard.Store(n.User, true) })()
	done := queue(t.Context(), t, b, creations(b, users...)...)
	release()
	for i, err := range done() {
		user := users[i]
		if refused := user == "eve" || user == "mallory"; refused != (err != nil) {
			t.Errorf("create %d for %s: got error %v", i, user, err)
		}
		if _, told := heard.Load(user); told != (err == nil) {
			t.Errorf("the feed told of %s: %v, the creation's error is %v", user, told, err)
		}
	}
	if n, err := b.Count(t.Context(), "", time.Time{}); err != nil || n != 1+24 {
		t.Errorf("count: got %d, %v; want 25", n, err)
	}
}

// A change whose caller has gone is not made, if it still waits for its turn.
func TestACancelledWriteLeavesTheQueue(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()

	first := queue(t.Context(), t, b, creations(b, "ada")...)
	ctx, cancel := context.WithCancel(t.Context())
	cancelled := session("alan")
	second := queue(ctx, t, b, func(ctx context.Context) error { return b.Create(ctx, cancelled, store.ID{}) })
	cancel()
	if err := second()[0]; !errors.Is(err, context.Canceled) {
		t.Errorf("the cancelled call returned %v", err)
	}
	release()
	if err := first()[0]; err != nil {
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
	defer release()
	before := runtime.NumGoroutine()
	done := queue(t.Context(), t, b, creations(b, "ada", "alan", "grace")...)
	release()
	for _, err := range done() {
		must(t, err)
	}
	waitUntil(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// Close lets what is queued become durable, and nothing in after it.
func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	b := newBox(t, newFile(t))
	mustCreate(t, b)
	release := locker(t, b.dsn)
	defer release()
	const n = 20
	done := queue(t.Context(), t, b, creations(b, slices.Repeat([]string{"ada"}, n)...)...)

	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := b.Close(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close while locked: got %v, want DeadlineExceeded", err)
	}
	release()
	if err := b.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	for _, err := range done() {
		if err != nil {
			t.Errorf("a queued creation: %v", err)
		}
	}
	_, loadErr := b.Load(t.Context(), store.NewID())
	for _, err := range []error{loadErr, b.Create(t.Context(), session("ada"), store.ID{}), b.Prepare(t.Context())} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("a call after close returned %v", err)
		}
	}
	var rows int
	if err := b.db.QueryRow(`SELECT count(*) FROM coatcheck_sessions`).Scan(&rows); err != nil || rows != 1+n {
		t.Errorf("the database has %d sessions, %v; want %d", rows, err, 1+n)
	}
}
