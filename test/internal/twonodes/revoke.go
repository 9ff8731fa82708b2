package twonodes

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
)

// readers is how many read a session while it is revoked.
const readers = 2

// A witness reads a session at a node again and again, as requests do: first Peek, then Load.
type witness struct {
	accepted time.Time // when the last read began that let the session in
	refused  time.Time // when the first read ended that did not
	again    bool      // it was let in after that
	err      error
}

// watch reads until the session has been refused for some time. It says when it has read for the first time.
func (n node) watch(r store.Record, grace time.Duration, begun func(), stop <-chan struct{}) (w witness) {
	begun = sync.OnceFunc(begun)
	for {
		select {
		case <-stop:
			return w
		default:
		}
		began := time.Now()
		in, err := n.letsIn(r)
		begun()
		switch {
		case err != nil:
			w.err = err
		case in:
			w.accepted = began
			w.again = w.again || !w.refused.IsZero()
		case w.refused.IsZero():
			w.refused = time.Now()
		case time.Since(w.refused) > grace:
			return w
		}
		time.Sleep(100 * time.Microsecond) // others want to read as well
	}
}

// letsIn reports whether the ticket of a session is good: whether it is there, and has not got another secret since.
func (n node) letsIn(r store.Record) (bool, error) { return n.letsInSoon(context.Background(), r) }

func (n node) letsInSoon(ctx context.Context, r store.Record) (bool, error) {
	if sealed, known := n.Peek(r.ID, time.Now()); known {
		return !sealed.ID.IsZero() && sealed.Version == r.Version, nil
	}
	found, err := n.Load(ctx, r.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && found.Version == r.Version, err
}

// revoke ends a session at a, under the eyes of readers at b, and returns how long after the acknowledgement the last
// of them was let in; 0 if none was.
func revoke(t testing.TB, a, b node, r store.Record, end func() error) time.Duration {
	t.Helper()
	stop := make(chan struct{})
	seen := make([]witness, readers)
	var begun, watching sync.WaitGroup
	begun.Add(readers)
	for i := range seen {
		watching.Go(func() { seen[i] = b.watch(r, 20*time.Millisecond, begun.Done, stop) })
	}
	begun.Wait()
	must(t, end())
	acknowledged := time.Now()
	timer := time.AfterFunc(time.Minute, func() { close(stop) })
	watching.Wait()
	if !timer.Stop() {
		t.Fatal("a session was let in a minute after it was revoked")
	}
	var late time.Duration
	for _, w := range seen {
		if w.err != nil {
			t.Errorf("read: %v", w.err)
		}
		if w.again {
			t.Error("a session was refused, and let in again")
		}
		late = max(late, w.accepted.Sub(acknowledged))
	}
	return late
}

// ends are the ways to end a session, or what its ticket is good for.
func ends(a node, r store.Record) []func() error {
	return []func() error{
		func() error { _, err := a.Delete(context.Background(), r.ID); return err },
		func() error { _, err := a.DeleteUser(context.Background(), r.User); return err },
		func() error {
			next := session(r.User)
			next.Version = r.Version
			return a.Create(context.Background(), next, r.ID)
		},
		func() error { rotated := r; rotated.Secret[0]++; return a.Save(context.Background(), rotated) },
	}
}

// revokers is how many sessions are revoked at once.
const revokers = 4

// Revoke measures how long after a revocation at one node has been acknowledged the other one still lets the session
// in. Other sessions are read and revoked meanwhile.
func (h Harness) Revoke(t testing.TB) {
	t.Helper()
	a, b := h.nodes(t)
	n := h.Revocations
	if n == 0 {
		n = 300
	}
	lates := make([]time.Duration, n)
	var next atomic.Int64
	var revoking sync.WaitGroup
	for range revokers {
		revoking.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && !t.Failed(); i = int(next.Add(1)) - 1 {
				r := create(t, a, b, newUser())
				lates[i] = revoke(t, a, b, r, ends(a, r)[i%4])
			}
		})
	}
	revoking.Wait()
	slices.Sort(lates)
	at := func(percent int) time.Duration { return lates[(n-1)*percent/100] }
	t.Logf("%d revocations, last let in after the acknowledgement: p50 %v, p99 %v, max %v", n, at(50), at(99), at(100))
	if at(100) > h.lease() {
		t.Errorf("a session was let in %v after its end was acknowledged; the lease is %v", at(100), h.lease())
	}
	if h.P99 > 0 && at(99) > h.P99 {
		t.Errorf("of 100 sessions one was let in %v after its end was acknowledged, want at most %v", at(99), h.P99)
	}
}

// Isolate cuts b off from the store, not only from its feed, and checks that it lets nothing in any more once the lease
// is over: then it cannot tell.
func (h Harness) Isolate(t testing.TB, cut func(testing.TB, store.Store) (repair func())) {
	t.Helper()
	if cut == nil {
		t.Skip("this store cannot be cut off in that way")
	}
	a, b := h.nodes(t)
	var kept []store.Record
	for range 4 {
		kept = append(kept, create(t, a, b, newUser()))
	}
	repair := cut(t, b.inner)
	for i, r := range kept {
		must(t, ends(a, r)[i]())
	}
	acknowledged := time.Now()
	var late time.Duration
	reads, unknown := 0, 0
	for time.Since(acknowledged) < h.lease()+time.Second {
		for _, r := range kept {
			began := time.Since(acknowledged)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			in, err := b.letsInSoon(ctx, r)
			cancel()
			if reads++; err != nil {
				unknown++
			}
			if in {
				late = max(late, began)
			}
		}
		time.Sleep(time.Millisecond) // others want to run as well
	}
	t.Logf("cut off, last let in %v after the acknowledgement; of %d reads %d could not tell", late, reads, unknown)
	if late > h.lease() {
		t.Errorf("a session was let in %v after its end was acknowledged; the lease is %v", late, h.lease())
	}
	if unknown == 0 {
		t.Error("the node was never cut off")
	}
	since := time.Now()
	repair()
	b.waitForBeat(t, since)
	for i, r := range kept {
		if in, err := b.letsIn(r); in || err != nil {
			t.Errorf("once the store is back, revoked session %d is let in: %v, %v", i, in, err)
		}
	}
}

// Cut does the same while the feed of b is cut, and once it is repaired.
func (h Harness) Cut(t testing.TB, cut func(testing.TB, store.Store) (repair func())) {
	t.Helper()
	if cut == nil {
		t.Skip("this feed cannot be cut in that way")
	}
	a, b := h.nodes(t)
	var kept [6]store.Record
	for i := range kept {
		kept[i] = create(t, a, b, newUser())
	}
	repair := cut(t, b.inner)
	var lates []time.Duration
	for i, r := range kept[:3] { // what was kept before
		lates = append(lates, revoke(t, a, b, r, ends(a, r)[i]))
	}
	for i := range 3 { // what is loaded meanwhile
		r := create(t, a, b, newUser())
		lates = append(lates, revoke(t, a, b, r, ends(a, r)[i]))
	}
	t.Logf("with the feed cut, last let in after the acknowledgement: %v", lates)
	if late := slices.Max(lates); late > h.lease() {
		t.Errorf("a session was let in %v after its end was acknowledged; the lease is %v", late, h.lease())
	}
	for i, r := range kept[3:] { // what nobody looks at before the feed is back
		must(t, ends(a, r)[i]())
	}
	since := time.Now()
	repair()
	b.waitForBeat(t, since)
	for i, r := range kept[3:] {
		if in, err := b.letsIn(r); in || err != nil {
			t.Errorf("once the feed is back, revoked session %d is let in: %v, %v", i, in, err)
		}
	}
	r := create(t, a, b, newUser())
	t.Logf("once it is repaired: %v", revoke(t, a, b, r, ends(a, r)[0]))
}

// waitForBeat waits until the feed has proved itself whole since a moment.
func (n node) waitForBeat(t testing.TB, since time.Time) {
	t.Helper()
	for deadline := time.Now().Add(feedTimeout); ; time.Sleep(5 * time.Millisecond) {
		if s := n.Stats(); s.FeedUp && time.Since(since) > s.FeedLag {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the feed does not come back")
		}
	}
}
