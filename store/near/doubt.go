package near

import (
	"sync"
	"time"
)

// doubts are users all of whose records were deleted, or all but some. The store had not told of those that somebody
// had removed by other means, so what is near of these users is loaded anew.
type doubts struct {
	mu      sync.Mutex
	users   map[string][]func() // what follows the next look at the entries
	looking bool
}

// doubt has what is near of a user loaded anew, and then calls a function.
func (c *cache) doubt(user string, then func()) {
	d := &c.doubts
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.users == nil {
		d.users = make(map[string][]func())
	}
	d.users[user] = append(d.users[user], then)
	if !d.looking {
		d.looking = true
		go c.settleDoubts()
	}
}

// settleDoubts looks at all entries as long as there are doubts, because an index by user would cost every entry. It
// rests as long as it looks. Users who come meanwhile share the next look, so that no number of them takes more than
// half of a processor.
func (c *cache) settleDoubts() {
	d := &c.doubts
	for {
		d.mu.Lock()
		users := d.users
		d.users, d.looking = nil, len(users) > 0
		d.mu.Unlock()
		if len(users) == 0 {
			return
		}
		began := time.Now()
		c.forgetUsers(users)
		for _, all := range users {
			for _, then := range all {
				then()
			}
		}
		time.Sleep(time.Since(began))
	}
}

// forgetUsers has the entries of users loaded anew. The answer of a load that is under way may be one of them.
func (c *cache) forgetUsers(users map[string][]func()) {
	for i := range c.inFlight {
		c.inFlight[i].overtakeAll()
	}
	doubted := make(map[uint32]bool)
	for user := range users {
		doubted[ownerOf(user)] = true // of two users of one hash, one is loaded anew for nothing
	}
	for id, e := range c.entries.All() {
		if doubted[e.owner] {
			c.Invalidate(id, e.version)
		}
	}
}
