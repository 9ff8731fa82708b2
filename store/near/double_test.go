package near_test

import (
	"cmp"
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"coatcheck.dev/store"
	"coatcheck.dev/store/memory"
	"coatcheck.dev/store/near"
)

// A double is a store as one in another process is: its feed crosses a network, which the test plays, and what it
// answers can be held up. What is done to far is done by another node.
type double struct {
	store.Store // what the node under test calls
	far         *memory.Store
	loads       atomic.Int64

	mu     sync.Mutex
	feed   store.FeedState
	cut    bool // nothing is told any more, and nobody says so
	late   []store.Notice
	hold   bool // notices wait in late
	before func(id store.ID)
	after  func(store.ID, store.Record, error) (store.Record, error)
	write  func(kind store.NoticeKind, call func() error) error
}

func newDouble() *double {
	far := memory.New()
	d := &double{Store: far, far: far}
	far.Subscribe(d.relay)
	return d
}

// relay tells what has happened, unless the network does not let it through.
func (d *double) relay(n store.Notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.cut:
	case d.hold:
		d.late = append(d.late, n)
	default:
		d.feed.Publish(n)
	}
}

// arrive has the oldest notices arrive that wait, as many as given.
func (d *double) arrive(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, late := range d.late[:n] {
		d.feed.Publish(late)
	}
	d.late = d.late[n:]
}

func (d *double) set(change func(d *double)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

func (d *double) beat() { d.relay(store.Notice{Kind: store.Beat, At: time.Now()}) }

func (d *double) lose() { d.relay(store.Notice{Kind: store.Lost}) }

// Subscribe implements store.Feed.
func (d *double) Subscribe(tell func(store.Notice)) (stop func()) { return d.feed.Subscribe(tell) }

// Load implements store.Store.
func (d *double) Load(ctx context.Context, id store.ID) (store.Record, error) {
	d.loads.Add(1)
	d.mu.Lock()
	before, after := d.before, d.after
	d.mu.Unlock()
	if before != nil {
		before(id)
	}
	if err := ctx.Err(); err != nil {
		return store.Record{}, err
	}
	r, err := d.Store.Load(ctx, id)
	if after != nil {
		r, err = after(id, r, err)
	}
	return r, err
}

func (d *double) writing(kind store.NoticeKind, call func() error) error {
	d.mu.Lock()
	write := d.write
	d.mu.Unlock()
	if write != nil {
		return write(kind, call)
	}
	return call()
}

// Create implements store.Store.
func (d *double) Create(ctx context.Context, r store.Record, replaces store.ID) error {
	return d.writing(store.Created, func() error { return d.Store.Create(ctx, r, replaces) })
}

// Save implements store.Store.
func (d *double) Save(ctx context.Context, r store.Record) error {
	return d.writing(store.Saved, func() error { return d.Store.Save(ctx, r) })
}

// Delete implements store.Store.
func (d *double) Delete(ctx context.Context, id store.ID) (existed bool, err error) {
	err = d.writing(store.Deleted, func() error {
		existed, err = d.Store.Delete(ctx, id)
		return err
	})
	return existed, err
}

// A node is a cache over a double, and words for what a test does with it.
type node struct {
	*testing.T
	near.Store
	inner *double
}

// newNode returns a node whose feed has told a beat.
func newNode(t *testing.T, o near.Options) *node {
	t.Helper()
	n := newNodeOver(t, newDouble(), o)
	n.inner.beat()
	return n
}

func newNodeOver(t *testing.T, d *double, o near.Options) *node {
	t.Helper()
	o.MaxAge = cmp.Or(o.MaxAge, time.Hour) // most tests are about the lease alone
	n := &node{t, near.New(d, o), d}
	t.Cleanup(n.Store.Close)
	return n
}

// here makes a session.
func (n *node) here() store.Record {
	n.Helper()
	r := session("ada")
	n.must(n.Create(context.Background(), r, store.ID{}))
	r.Version = 1
	return r
}

// elsewhere has another node make a session.
func (n *node) elsewhere() store.Record {
	n.Helper()
	r := session("ada")
	if err := n.inner.far.Create(context.Background(), r, store.ID{}); err != nil {
		n.Fatal(err)
	}
	r.Version = 1
	return r
}

// saveElsewhere has another node save a record.
func (n *node) saveElsewhere(r store.Record) store.Record {
	n.Helper()
	if err := n.inner.far.Save(context.Background(), r); err != nil {
		n.Fatal(err)
	}
	r.Version++
	return r
}

// endElsewhere has another node end a session.
func (n *node) endElsewhere(id store.ID) {
	n.Helper()
	if existed, err := n.inner.far.Delete(context.Background(), id); !existed || err != nil {
		n.Fatalf("delete: %v, %v", existed, err)
	}
}

// reads checks which version a load returns, 0 for none, and how many loads of the store that takes.
func (n *node) reads(id store.ID, version uint64, loads int64) {
	n.Helper()
	before := n.inner.loads.Load()
	r, err := n.Load(context.Background(), id)
	switch {
	case version == 0 && err != store.ErrNotFound:
		n.Errorf("load: got version %d, %v; want ErrNotFound", r.Version, err)
	case version != 0 && (err != nil || r.Version != version):
		n.Errorf("load: got version %d, %v; want version %d", r.Version, err, version)
	}
	if got := n.inner.loads.Load() - before; got != loads {
		n.Errorf("the store was asked %d times, want %d", got, loads)
	}
}

// beats has the feed beat every second for some time.
func (n *node) beats(d time.Duration) {
	for range d / time.Second {
		time.Sleep(time.Second)
		n.inner.beat()
	}
}
