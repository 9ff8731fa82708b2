package move

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/backend"
	"coatcheck.dev/store"
)

// A Sum is a checksum of records in any order.
type Sum struct {
	Records int
	high    uint64
	low     uint64
}

// Add adds what a visitor or an operator can see of a record. Its version is not part of that.
func (s *Sum) Add(r *store.Record) {
	var room [2048]byte
	text := append(room[:0], r.ID[:]...)
	text = binary.BigEndian.AppendUint64(text, uint64(r.LastSeen.UnixMicro()))
	sum := sha256.Sum256(r.AppendBody(text))
	var carry uint64
	s.low, carry = bits.Add64(s.low, binary.BigEndian.Uint64(sum[8:]), 0)
	s.high, _ = bits.Add64(s.high, binary.BigEndian.Uint64(sum[:]), carry)
	s.Records++
}

// String is the checksum in hexadecimal.
func (s Sum) String() string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.high), s.low))
}

// A Report says what was copied or moved.
type Report struct {
	From, To Sum // what was read in the old store, and what is in the new one
	Changed  int // sessions that changed while they were being moved
	Ended    int // sessions that ended while they were being moved
	Extra    int // sessions in the new store that the old one lacks
	Left     int // sessions left in the old store: unreadable, or begun meanwhile
	Cutoffs  int
}

// Options say what a copy does beside copying.
type Options struct {
	Move         bool // move sessions, as nodes do, so that the old store is empty in the end; for stores in use
	DeleteExtras bool // delete from the new store what the old one lacks

	// Stretch is how many sessions are copied at a time. The default is 80,000: so many have room in memory, and make
	// one transaction worth its while.
	Stretch int

	// Progress is told now and then how many sessions were brought. It may be nil.
	Progress func(sessions int)
}

// workers is how many sessions are copied at once.
const workers = 8

// Copy brings every session and cutoff from one store to another. It may be started again at any time: it compares what
// is there already. Without Options.Move nobody may be using either store.
func Copy(ctx context.Context, from, to backend.Store, o Options) (Report, error) {
	if o.Stretch <= 0 {
		o.Stretch = 80_000
	}
	c := copier{from: from, to: to, both: From(from, to), options: o}
	// The cutoffs go first: they must refuse a session from the moment it is there.
	if err := c.cutoffs(ctx); err != nil {
		return c.report, err
	}
	bring := c.copyAll
	if o.Move {
		bring = func(ctx context.Context) error { return c.each(ctx, from, c.take) }
	}
	if err := bring(ctx); err != nil {
		return c.report, err
	}
	return c.report, c.rest(ctx)
}

type copier struct {
	from, to backend.Store
	both     *Store
	options  Options

	mu     sync.Mutex
	report Report
}

func (c *copier) cutoffs(ctx context.Context) error {
	all, err := c.from.NotBefore(ctx)
	if err != nil {
		return fmt.Errorf("read the cutoffs: %w", err)
	}
	for user, at := range all {
		if err := c.to.SetNotBefore(ctx, user, at); err != nil {
			return fmt.Errorf("copy a cutoff: %w", err)
		}
	}
	c.report.Cutoffs = len(all)
	return nil
}

// each calls f for every record, several at a time.
func (c *copier) each(ctx context.Context, from store.Store, f func(context.Context, store.Record) error) error {
	q := store.Query{Limit: 500}
	for done := 0; ; {
		page, err := from.List(ctx, q)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		if err := inParallel(ctx, workers, page, f); err != nil {
			return err
		}
		if err := q.Check(page); err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		q.After = page[len(page)-1].Cursor()
		done += len(page)
		c.progress(done)
	}
}

func (c *copier) progress(done int) {
	if c.options.Progress != nil {
		c.options.Progress(done)
	}
}

func inParallel(
	ctx context.Context, workers int, page []store.Record, f func(context.Context, store.Record) error,
) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queue := make(chan store.Record)
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for r := range queue {
				if err := f(ctx, r); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, r := range page {
		if ctx.Err() != nil {
			break
		}
		queue <- r
	}
	close(queue)
	running.Wait()
	return context.Cause(ctx)
}

// take moves the record.
func (c *copier) take(ctx context.Context, r store.Record) error {
	r = withoutMark(r)
	now, err := c.both.take(ctx, r.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case errors.Is(err, store.ErrNotFound):
		c.report.Ended++
		return nil
	case err != nil:
		return err
	case !same(&now, &r):
		c.report.Changed++
		return nil
	}
	c.report.From.Add(&r)
	c.report.To.Add(&now)
	return nil
}

// rest counts what is left in the old store.
func (c *copier) rest(ctx context.Context) error {
	n, err := c.from.Count(ctx, "", time.Time{})
	if err != nil {
		return fmt.Errorf("count sessions: %w", err)
	}
	if c.report.Left = n; !c.options.Move {
		c.report.Left = max(0, n-c.report.From.Records)
	}
	return nil
}

func same(a, b *store.Record) bool {
	var x, y Sum
	x.Add(a)
	y.Add(b)
	return x == y
}

// Err says what is wrong with the outcome, if anything.
func (r *Report) Err() error {
	switch {
	case r.From != r.To:
		return fmt.Errorf("the stores differ: %d sessions with checksum %s in FROM, %d with %s in TO",
			r.From.Records, r.From, r.To.Records, r.To)
	case r.Extra > 0:
		return fmt.Errorf("TO has %d sessions that FROM lacks: they may have ended there since an earlier copy; "+
			"if nobody uses TO yet, run this again with --delete-extras", r.Extra)
	}
	return nil
}
