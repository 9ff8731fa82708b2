package client

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"coatcheck.dev/internal/coalesce"
	"coatcheck.dev/store"
)

// cutoffs holds the not-before cut-offs in memory: sessions that began at such a moment or before are over. The common
// cases, none at all or only that of everybody, cost atomic loads alone.
type cutoffs struct {
	everybody atomic.Int64 // microseconds since 1970; 0 is not set
	some      atomic.Bool  // whether any user has one
	loadedAt  atomic.Int64 // nanoseconds since 1970; 0 means that they have to be loaded
	loads     coalesce.Group[struct{}, struct{}]

	mu        sync.RWMutex
	users     map[string]time.Time
	forgotten int // how often
}

// cutoffsAge is how long cut-offs are good without asking again, for stores that have no feed.
const cutoffsAge = 5 * time.Second

func (c *cutoffs) set(user string, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if user == "" {
		c.everybody.Store(max(c.everybody.Load(), t.UnixMicro()))
		return
	}
	if c.users == nil {
		c.users = make(map[string]time.Time)
	}
	c.users[user] = later(c.users[user], t)
	c.some.Store(true)
}

// notBefore returns the moment after which a session of the user has to have begun.
func (c *cutoffs) notBefore(user string) (t time.Time) {
	if us := c.everybody.Load(); us != 0 {
		t = time.UnixMicro(us)
	}
	if c.some.Load() {
		c.mu.RLock()
		defer c.mu.RUnlock()
		t = later(t, c.users[user])
	}
	return t
}

// latest returns users who have a cut-off later than that of everybody: no more than n, and the latest ones.
func (c *cutoffs) latest(n int) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var users []string
	for user, t := range c.users {
		if t.UnixMicro() > c.everybody.Load() {
			users = append(users, user)
		}
	}
	slices.SortFunc(users, func(a, b string) int { return c.users[b].Compare(c.users[a]) })
	return users[:min(n, len(users))]
}

// any reports whether there are cut-offs.
func (c *cutoffs) any() bool { return c.everybody.Load() != 0 || c.some.Load() }

// known reports whether cut-offs have been loaded, and are told by a feed or have been loaded a moment ago.
func (c *cutoffs) known(fed bool, now time.Time) bool {
	at := c.loadedAt.Load()
	age := now.UnixNano() - at // negative if the clock was set back
	return at != 0 && (fed || 0 <= age && age < int64(cutoffsAge))
}

// forget has the next request load the cut-offs again, even if they are being loaded just now.
func (c *cutoffs) forget() { c.asOf(time.Time{}) }

// asOf lets the cut-offs count as loaded at a moment that is past; never if it is zero.
func (c *cutoffs) asOf(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case t.IsZero():
		c.forgotten++
		c.loadedAt.Store(0)
	case c.loadedAt.Load() != 0:
		c.loadedAt.Store(t.UnixNano())
	}
}

func (c *cutoffs) timesForgotten() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.forgotten
}

// loaded notes that all cut-offs were known at the time now, unless they were forgotten since.
func (c *cutoffs) loaded(all map[string]time.Time, now time.Time, forgotten int) {
	for user, t := range all {
		c.set(user, t)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgotten == forgotten {
		c.loadedAt.Store(now.UnixNano())
	}
}

// Refuses reports whether a cut-off has ended a session of the user that began at created.
func (c *Client) Refuses(user string, created time.Time) bool {
	return c.cutoffs.any() && !created.After(c.cutoffs.notBefore(user))
}

// Cutoff returns the moment after which a session of the user has to have begun, zero if there is no cut-off.
func (c *Client) Cutoff(user string) time.Time { return c.cutoffs.notBefore(user) }

// SetCutoff ends the sessions of a user that began at t or before, or everybody's for the empty user.
func (c *Client) SetCutoff(ctx context.Context, user string, t time.Time) error {
	err := c.write(ctx, "set cut-off", store.ID{}, time.Now(), func(ctx context.Context) error {
		return c.store.SetNotBefore(ctx, user, t)
	})
	if err == nil {
		c.notice(store.Notice{Kind: store.Cutoff, User: user, At: t})
	}
	return err
}

func (c *Client) knowsCutoffs(now time.Time) bool { return c.cutoffs.known(c.health.good(now), now) }

// LoadCutoffs makes sure that the cut-offs are known. Until they are, nobody can tell which sessions are good.
func (c *Client) LoadCutoffs(ctx context.Context) error {
	now := time.Now()
	if c.knowsCutoffs(now) {
		return nil
	}
	const doing = "load cut-offs"
	if err := c.enter(); err != nil {
		return c.Report(doing, store.ID{}, err)
	}
	defer c.waiting.leave()
	_, _, err := c.cutoffs.loads.Do(ctx, struct{}{}, func() (struct{}, error) {
		if c.knowsCutoffs(now) {
			return struct{}{}, nil // by the load that this one waited for
		}
		asked, forgotten := time.Now(), c.cutoffs.timesForgotten()
		return struct{}{}, c.read(ctx, doing, store.ID{}, asked, func(ctx context.Context) error {
			all, err := c.store.NotBefore(ctx)
			if err == nil {
				c.cutoffs.loaded(all, asked, forgotten)
			}
			return err
		})
	})
	return err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
