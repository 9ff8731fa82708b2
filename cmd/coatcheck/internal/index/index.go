package index

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/session"
	"coatcheck.dev/store"
)

// A Source has the sessions. A [session.Manager] is one.
type Source interface {
	// Browse lists live sessions, newest first.
	Browse(context.Context, store.Query) ([]session.Info, store.Cursor, error)

	// Lookup returns a live session.
	Lookup(context.Context, store.ID) (session.Info, bool, error)

	// Count returns about how many there are.
	Count(ctx context.Context, user string) (int, error)
}

// Options say what an index is of.
type Options struct {
	// Path is where its file is.
	Path string

	// Store names the store. A file of another store is made anew.
	Store string

	// Source has the sessions, and Feed tells of their changes.
	Source Source
	Feed   store.Feed

	// Lease is how long a feed is believed after its last beat. The default is 5 seconds.
	Lease time.Duration

	// CheckEvery is the shortest time from one check of all sessions to the next. The default is 10 seconds. A check
	// takes a twentieth of one processor at most, so with a million sessions it takes minutes.
	CheckEvery time.Duration

	// Log tells when the file is made anew, and of failures. The default is no log.
	Log *slog.Logger
}

// An Index finds sessions. Its methods may be called from any number of goroutines.
type Index struct {
	opts   Options
	log    *slog.Logger
	facets *facets
	cutoff atomic.Int64 // of everybody, while rows of that time may be there; 0 for none
	news   news
	health trust
	stop   context.CancelFunc
	done   chan struct{}
	unfeed func()

	watchMu sync.Mutex
	watched map[*func()]struct{}

	mu      sync.RWMutex // held to read while file is in use
	file    *database    // nil until it is whole
	damaged atomic.Bool  // it was found so
}

// OnChange has told be called whenever answers may be different from now on, until stop is called. It is to be quick.
func (x *Index) OnChange(told func()) (stop func()) {
	x.watchMu.Lock()
	defer x.watchMu.Unlock()
	if x.watched == nil {
		x.watched = make(map[*func()]struct{})
	}
	x.watched[&told] = struct{}{}
	return func() {
		x.watchMu.Lock()
		defer x.watchMu.Unlock()
		delete(x.watched, &told)
	}
}

func (x *Index) tell() {
	x.watchMu.Lock()
	defer x.watchMu.Unlock()
	for told := range x.watched {
		(*told)()
	}
}

// A glance is the file as it is at one time.
type glance struct{ tx *sql.Tx }

func (x *Index) reading(ctx context.Context, do func(*glance) error) error {
	if x.ready() {
		x.news.settle(ctx)
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.file == nil {
		return ErrNotReady
	}
	tx, err := x.file.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err == nil {
		err = do(&glance{tx})
		_ = tx.Rollback() // it has changed nothing
	}
	if isDamage(err) {
		x.damaged.Store(true)
		x.news.put(func() {}) // only wakes
		return ErrNotReady
	}
	return err
}

// Open opens the index, or begins to make it, and follows the store until [Index.Close]. It does not wait for either,
// and never fails: without a file that can be written, [Index.Select] goes on telling that the index is not ready.
func Open(o Options) *Index {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Lease <= 0 {
		o.Lease = 5 * time.Second
	}
	if o.CheckEvery <= 0 {
		o.CheckEvery = 10 * time.Second
	}
	x := &Index{opts: o, log: o.Log.With("part", "index"), facets: newFacets(), done: make(chan struct{})}
	x.news.wake, x.news.urgent = make(chan struct{}, 1), make(chan struct{}, 1)
	x.health.lease = o.Lease
	ctx, stop := context.WithCancel(context.Background())
	x.stop = stop
	x.unfeed = o.Feed.Subscribe(x.notice)
	go x.run(ctx)
	return x
}

// Close stops following, and closes the file. Closing twice is harmless.
func (x *Index) Close() {
	x.unfeed()
	x.stop()
	<-x.done
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.file != nil {
		x.file.close()
		x.file = nil
	}
}

// ErrNotReady says that the index is being made.
var ErrNotReady = errors.New("index: it is being made")

// A Page is a part of what a query finds.
type Page struct {
	Sessions []session.Info
	Next     string // where the next page begins; "" after the last one
	Fresh    bool   // all sessions have been looked up in the store just now
}

// MaxLimit bounds how many sessions a page has.
const MaxLimit = 1000

// lookTime is how long a page waits for the store.
const lookTime = time.Second

// Select returns a page of what a query finds, at most limit sessions from the place after on, which is "" or the Next
// of a page before. While the index is not ready the error is [ErrNotReady], and for a place of another query
// [ErrCursor].
//
// Sessions that have ended meanwhile, or do not fit any more, are left out, so a page may be short of some.
func (x *Index) Select(ctx context.Context, q Query, after string, limit int) (Page, error) {
	now := time.Now()
	from, err := parseCursor(after, q.Sort)
	if err != nil {
		return Page{}, err
	}
	limit = max(1, min(limit, MaxLimit))
	var page Page
	err = x.reading(ctx, func(t *glance) error {
		found, err := x.newSearch(q, now).find(ctx, t.tx, from, limit+1)
		if err != nil {
			return err
		}
		if len(found) > limit {
			found = found[:limit]
			page.Next = found[limit-1].cursor.String()
		}
		page.Sessions, err = x.fetch(ctx, t.tx, found, now)
		return err
	})
	if err != nil {
		return Page{}, err
	}
	x.refresh(ctx, q, now, &page)
	return page, nil
}

// refresh puts what the store knows in place of what the index knows, if the store answers in time.
func (x *Index) refresh(ctx context.Context, q Query, now time.Time, page *Page) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	ids := make([]store.ID, len(page.Sessions))
	for i := range page.Sessions {
		ids[i] = page.Sessions[i].Handle
	}
	answered := make(chan []look, 1)
	go func() {
		looked, err := x.look(ctx, ids)
		if err != nil {
			looked = nil
		}
		answered <- looked
	}()
	var looked []look
	select {
	case looked = <-answered:
	case <-ctx.Done():
	}
	if looked == nil && len(ids) > 0 {
		return
	}
	kept := page.Sessions[:0]
	for i, l := range looked {
		if known := page.Sessions[i]; !l.there || !l.info.LastSeen.Equal(known.LastSeen) {
			x.news.add(l.id)
		}
		if l.there && q.Match(l.info, now) {
			kept = append(kept, l.info)
		}
	}
	page.Sessions, page.Fresh = kept, true
}

// Count returns how many sessions a query finds. While the index is not ready the error is [ErrNotReady].
func (x *Index) Count(ctx context.Context, q Query) (n int, err error) {
	err = x.reading(ctx, func(t *glance) error {
		n, err = x.newSearch(q, time.Now()).count(ctx, t.tx)
		return err
	})
	return n, err
}

// Each calls do with the handles of all sessions that a query finds as of a moment, oldest first, no more than 1,000 at
// a time, until it returns an error, which Each returns. Sessions that began after that moment are left out, and those
// that have ended before their turn. What changes in between may or may not be found: [Query.Match] tells whether a
// session fits.
func (x *Index) Each(ctx context.Context, q Query, asOf time.Time, do func([]store.ID) error) error {
	q.Sort = Sort{By: "created", Ascending: true}
	asOf = asOf.Truncate(time.Microsecond)
	var after *cursor
	for {
		var ids []store.ID
		some := false
		err := x.reading(ctx, func(t *glance) error {
			s := x.newSearch(q, asOf)
			s.conds = append(s.conds, condition{
				sql: "l.created <= ?", args: []any{asOf.UnixMicro()}, index: "live_created",
			})
			found, err := s.find(ctx, t.tx, after, MaxLimit)
			if err != nil || len(found) == 0 {
				return err
			}
			some = true
			after = &found[len(found)-1].cursor
			infos, err := x.fetch(ctx, t.tx, found, asOf)
			for _, i := range infos {
				ids = append(ids, i.Handle)
			}
			return err
		})
		if err != nil || !some {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		if err := do(ids); err != nil {
			return err
		}
	}
}

// A look is what the store says of a handle.
type look struct {
	id    store.ID
	info  session.Info
	there bool
}

// lookers is how many lookups are under way at once.
const lookers = 8

// look asks the store for sessions, in the order of the handles. It stops at the first error.
func (x *Index) look(ctx context.Context, ids []store.ID) ([]look, error) {
	looked := make([]look, len(ids))
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var asking sync.WaitGroup
	for range min(lookers, len(ids)) {
		asking.Go(func() {
			for failed.Load() == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				info, there, err := x.opts.Source.Lookup(ctx, ids[i])
				if err != nil {
					failed.Store(&err)
					return
				}
				looked[i] = look{ids[i], info, there}
			}
		})
	}
	asking.Wait()
	if err := failed.Load(); err != nil {
		return nil, *err
	}
	return looked, ctx.Err()
}

// Status says how far the index can be relied on.
type Status struct {
	Ready    bool      // queries are answered
	Checking bool      // what was there before a start or an interruption is being compared with the store
	Done, Of int       // sessions that have been looked at while it is made or checked, and about how many there are
	Rows     int       // sessions in the index
	AsOf     time.Time // all that happened before is in it; zero means up to now
}

// Status returns it as of now.
func (x *Index) Status() Status {
	s := x.health.status(time.Now())
	s.Ready, s.Rows = x.ready(), x.facets.rows()
	return s
}

func (x *Index) ready() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.file != nil
}

// Await waits until the index is ready and whatever has happened before is in it, for tests and for what must not begin
// before. The error is that of ctx.
func (x *Index) Await(ctx context.Context) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if s := x.Status(); s.Ready && !s.Checking && s.AsOf.IsZero() && x.news.empty() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// trust is how current the index is.
type trust struct {
	lease time.Duration

	mu       sync.Mutex
	beats    bool // the feed tells of its health; one that does not is always whole
	lost     bool
	heard    time.Time // the moment that the last beat vouches for
	begun    time.Time // when the store was first asked
	failing  time.Time // since when the store or the file fails; zero if it does not
	hurry    bool      // everything is to be compared with the store
	since    time.Time // with hurry: up to when everything is known
	renewed  bool      // with hurry: there was a reason since the check began
	done, of int
}

func (h *trust) status(now time.Time) Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Status{Checking: h.hurry, Done: h.done, Of: max(h.of, h.done)}
	asOf := func(t time.Time) {
		if !t.IsZero() && (s.AsOf.IsZero() || t.Before(s.AsOf)) {
			s.AsOf = t
		}
	}
	if h.beats && (h.lost || now.Sub(h.heard) > h.lease) {
		if asOf(h.heard); h.heard.IsZero() {
			asOf(h.begun)
		}
	}
	asOf(h.failing)
	if h.hurry {
		asOf(h.since)
	}
	return s
}

// fails notes whether the store answers and the file can be written. It reports whether that is news.
func (h *trust) fails(is bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	news := is == h.failing.IsZero()
	switch {
	case !is:
		h.failing = time.Time{}
	case h.failing.IsZero():
		h.failing = time.Now()
	}
	return news
}

// doubt has everything compared with the store. The index was right up to a moment.
func (h *trust) doubt(since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.hurry || since.Before(h.since) {
		h.since = since
	}
	h.hurry, h.renewed = true, true
}

func (h *trust) progress(done, of int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done, h.of = done, of
}

// news is what has changed and has not been looked at.
type news struct {
	wake   chan struct{}
	urgent chan struct{} // somebody waits for what has changed

	mu       sync.Mutex
	changed  map[store.ID]bool // true if it has ended
	users    []string          // all sessions of whom have ended, but those kept
	cutoffs  []store.Notice
	overflow bool   // there was more than there is room for
	busy     bool   // what was taken is being looked at
	told     uint64 // how often there was something
	taken    uint64 // told when all of it was taken last
	served   uint64 // taken, once that is in the index
}

// maxNews bounds how many changes wait.
const maxNews = 200_000

func (n *news) put(do func()) {
	n.mu.Lock()
	if n.changed == nil {
		n.changed = make(map[store.ID]bool)
	}
	do()
	n.told++
	if len(n.changed) > maxNews || len(n.users) > maxNews || len(n.cutoffs) > maxNews {
		n.changed, n.users, n.cutoffs, n.overflow = nil, nil, nil, true
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// add has sessions looked up.
func (n *news) add(ids ...store.ID) {
	n.put(func() {
		for _, id := range ids {
			if _, known := n.changed[id]; !known {
				n.changed[id] = false
			}
		}
	})
}

func (n *news) empty() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.changed) == 0 && len(n.users) == 0 && len(n.cutoffs) == 0 && !n.overflow && !n.busy
}

// settleTime is how long a question waits for what has changed before it.
const settleTime = 100 * time.Millisecond

// settle waits until all that has been told so far is in the index, so that whoever has changed something sees it; but
// not for long.
func (n *news) settle(ctx context.Context) {
	n.mu.Lock()
	told, waits := n.told, n.served < n.told
	n.mu.Unlock()
	if !waits {
		return
	}
	select {
	case n.urgent <- struct{}{}:
	default:
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(settleTime); waits && time.Now().Before(until); {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n.mu.Lock()
		waits = n.served < told
		n.mu.Unlock()
	}
}

// taken is a part of the news.
type taken struct {
	ended, changed []store.ID
	users          []string
	cutoffs        []store.Notice
	overflow       bool
}

// maxTaken bounds what is looked at in one go.
const maxTaken = 2000

func (n *news) take() (t taken, any bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for id, ended := range n.changed {
		if len(t.ended)+len(t.changed) == maxTaken {
			break
		}
		delete(n.changed, id)
		if ended {
			t.ended = append(t.ended, id)
		} else {
			t.changed = append(t.changed, id)
		}
	}
	t.users, t.cutoffs, t.overflow = n.users, n.cutoffs, n.overflow
	n.users, n.cutoffs, n.overflow = nil, nil, false
	if len(n.changed) == 0 {
		n.taken = n.told
	}
	n.busy = len(t.ended)+len(t.changed)+len(t.users)+len(t.cutoffs) > 0 || t.overflow
	if !n.busy {
		n.served = n.taken
	}
	return t, n.busy
}

// back puts what could not be done behind what has happened meanwhile.
func (n *news) back(t taken) {
	n.add(t.changed...)
	n.put(func() {
		for _, id := range t.ended {
			n.changed[id] = true
		}
		n.users, n.cutoffs = slices.Concat(t.users, n.users), slices.Concat(t.cutoffs, n.cutoffs)
		n.overflow = n.overflow || t.overflow
	})
}

func (n *news) rest() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.busy, n.served = false, n.taken
}

// notice hears of every change, of this node and of others. It is quick, and asks nobody.
func (x *Index) notice(n store.Notice) {
	switch n.Kind {
	case store.Created, store.Saved:
		x.news.put(func() { x.news.changed[n.ID] = false })
	case store.Deleted, store.Replaced, store.Swept:
		x.news.put(func() { x.news.changed[n.ID] = true })
	case store.UserDeleted:
		x.news.put(func() { x.news.users = append(x.news.users, n.User) })
	case store.Cutoff:
		if n.User == "" {
			x.refuse(n.At)
		}
		x.news.put(func() { x.news.cutoffs = append(x.news.cutoffs, n) })
	case store.Lost:
		x.health.hear(n)
	case store.Beat:
		if x.health.hear(n) {
			x.news.put(func() {}) // only wakes
		}
	}
}

// refuse leaves out of all answers what began at a moment or before.
func (x *Index) refuse(t time.Time) {
	for us := t.UnixMicro(); ; {
		old := x.cutoff.Load()
		if old >= us || x.cutoff.CompareAndSwap(old, us) {
			return
		}
	}
}

// hear takes a Lost or a Beat, and reports whether everything is in doubt now.
func (h *trust) hear(n store.Notice) (doubt bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wasLost := h.lost
	h.beats, h.lost = true, n.Kind == store.Lost
	if h.lost {
		return false
	}
	if doubt = wasLost && !h.begun.IsZero(); doubt {
		since := h.heard
		if since.IsZero() {
			since = h.begun
		}
		if !h.hurry || since.Before(h.since) {
			h.since = since
		}
		h.hurry, h.renewed = true, true
	}
	h.heard = n.At
	return doubt
}

// begin notes that the store is asked from now on: an interruption of the feed matters from then on.
func (h *trust) begin(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.begun.IsZero() {
		h.begun = now
	}
}

func (h *trust) isLost() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost
}

func (h *trust) hurries() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hurry
}
