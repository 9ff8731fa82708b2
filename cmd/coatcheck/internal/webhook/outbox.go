package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"coatcheck.dev/event"
	"coatcheck.dev/store"
)

// Options say where an outbox is kept. What is zero has a default, which only tests change.
type Options struct {
	// File is the database. It is made if it is missing, for its owner alone.
	File string

	// Log has what operators must know. The default is no log.
	Log *slog.Logger

	Timeout    time.Duration // of one request; 15 seconds
	First      time.Duration // between the first two attempts; 5 seconds, and twice as long each time
	Most       time.Duration // between two attempts; 1 hour
	Pause      time.Duration // of a receiver that keeps failing, at most; 1 minute
	GiveUp     time.Duration // how long a message is tried; 3 days
	Keep       time.Duration // how long what was sent can be replayed; 7 days
	KeepDead   time.Duration // how long dead messages are shown; 30 days
	MaxWaiting int           // messages for one receiver, and messages that are kept; 1,000,000
	MaxMemory  int           // events on their way to the disk; 65,536
	Beat       time.Duration // how often it is noted that the program runs; 10 seconds
}

func (o Options) withDefaults() Options {
	for at, d := range map[*time.Duration]time.Duration{
		&o.Timeout: 15 * time.Second, &o.First: 5 * time.Second, &o.Most: time.Hour, &o.Pause: time.Minute,
		&o.GiveUp: 72 * time.Hour, &o.Keep: 7 * 24 * time.Hour, &o.KeepDead: 30 * 24 * time.Hour,
		&o.Beat: 10 * time.Second,
	} {
		if *at == 0 {
			*at = d
		}
	}
	for at, n := range map[*int]int{&o.MaxWaiting: 1_000_000, &o.MaxMemory: 1 << 16} {
		if *at == 0 {
			*at = n
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// An Outbox keeps what receivers have to hear, and sends it. Its methods may be called from any number of goroutines.
type Outbox struct {
	opts   Options
	log    *slog.Logger
	db     *disk
	client *http.Client

	mu     sync.Mutex     // guards what follows
	memory []notification // what is not on the disk yet
	lost   losses
	failed time.Time // since when the disk has not taken anything; zero while it does

	wake    chan struct{} // of the writer
	stop    context.CancelFunc
	stopped chan struct{} // closed once the writer has ended

	posts    sync.Mutex // guards couriers; taken before mu
	couriers map[string]*courier
}

// losses are events that were there, and could not be kept.
type losses struct {
	count int
	since time.Time
	total uint64
}

// Open opens an outbox, and begins to send what waits in it.
func Open(ctx context.Context, o Options, receivers ...Receiver) (*Outbox, error) {
	o = o.withDefaults()
	db, err := openDatabase(ctx, o.File)
	if err != nil {
		return nil, fmt.Errorf("open the outbox %s: %w", o.File, err)
	}
	out := &Outbox{
		opts: o, log: o.Log.With("part", "webhooks"), db: db, client: newClient(o.Timeout),
		wake: make(chan struct{}, 1), stopped: make(chan struct{}), couriers: make(map[string]*courier),
	}
	now := time.Now()
	alive, unclean, err := db.begin(ctx, now)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the outbox %s: %w", o.File, err), db.close())
	}
	if unclean {
		out.log.Warn("the program was killed: what happened in its last moments may be missing in the outbox, and "+
			"receivers are told so", "since", alive)
		out.put(gap(alive, now, 0, "the program was killed"))
	}
	if err := out.Configure(ctx, receivers...); err != nil {
		return nil, errors.Join(err, db.close())
	}
	writing, stop := context.WithCancel(context.WithoutCancel(ctx))
	out.stop = stop
	go out.write(writing)
	return out, nil
}

// Observe takes an event. It is an [event.Observer] that never waits, for [event.Queue.Tap].
func (o *Outbox) Observe(e event.Event) {
	if m, ok := ofEvent(&e); ok {
		o.put(m)
	}
}

// Notice takes what the session store tells: ends that are no events.
func (o *Outbox) Notice(n store.Notice) {
	if m, ok := ofNotice(&n, time.Now()); ok {
		o.put(m)
	}
}

// put keeps a message in memory until it is on the disk.
func (o *Outbox) put(m notification) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.memory) >= o.opts.MaxMemory {
		if o.lost.count == 0 {
			o.lost.since = m.Timestamp
		}
		o.lost.count++
		o.lost.total++
		return
	}
	o.memory = append(o.memory, m)
	poke(o.wake)
}

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Configure says who the receivers are, from now on. Those that are as before go on undisturbed. What waits for one
// that is no longer among them stays until it is too old, and goes on if it comes back. On an error all stay that were.
func (o *Outbox) Configure(ctx context.Context, receivers ...Receiver) error {
	o.posts.Lock()
	defer o.posts.Unlock()
	before := make(map[string]*courier) // of those that were taken up; nil for one that is new
	for i := range receivers {
		r := &receivers[i]
		old := o.couriers[r.Name]
		if old != nil && old.receiver.same(r) {
			continue
		}
		if before[r.Name] = old; old != nil {
			old.end()
		}
		row, err := o.db.receiver(ctx, r)
		if err != nil {
			o.restore(before)
			return fmt.Errorf("take up the receiver %s: %w", r.Name, err)
		}
		o.start(*r, row.off)
	}
	for name, c := range o.couriers {
		if !slices.ContainsFunc(receivers, func(r Receiver) bool { return r.Name == name }) {
			c.end()
			delete(o.couriers, name)
		}
	}
	return nil
}

// start begins to send to a receiver. The lock is held.
func (o *Outbox) start(r Receiver, off time.Time) {
	c := newCourier(o, r, off)
	o.couriers[r.Name] = c
	go c.run()
}

// restore has those go on whose couriers have ended, and ends what has begun in their place. The lock is held.
func (o *Outbox) restore(before map[string]*courier) {
	for name, old := range before {
		if c := o.couriers[name]; c != nil && c != old {
			c.end()
		}
		delete(o.couriers, name)
		if old != nil {
			o.start(old.receiver, old.off)
		}
	}
}

// everyone returns the receivers that a message can be for.
func (o *Outbox) everyone() (all []*courier) {
	o.posts.Lock()
	defer o.posts.Unlock()
	for _, c := range o.couriers {
		all = append(all, c)
	}
	return all
}

// Close puts on the disk what is still in memory, and ends all sending. Requests that are under way are broken off, and
// made again after the next start.
func (o *Outbox) Close(ctx context.Context) error {
	o.stop()
	select {
	case <-o.stopped:
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, c := range o.everyone() {
		c.end()
	}
	o.mu.Lock()
	left := len(o.memory) + o.lost.count
	o.mu.Unlock()
	if left > 0 { // without a clean end, the next start tells receivers of a gap
		return errors.Join(fmt.Errorf("%d events could not be written to the outbox", left), o.db.close())
	}
	return errors.Join(o.db.end(ctx), o.db.close())
}
