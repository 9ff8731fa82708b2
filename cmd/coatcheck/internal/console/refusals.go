package console

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/history"
)

// refusals keeps in the history which sign-ins of operators were refused. Strangers can cause as many as they like, so
// of each minute there is an entry for the first of an address, and one for how many more it sent; those of all
// addresses after the first few are counted together.
type refusals struct {
	note func(history.Entry)

	mu    sync.Mutex
	timer *time.Timer    // ends the minute; nil while there is none
	more  map[string]int // by address; "" for all others
}

const (
	refusedFor  = time.Minute
	refusedFrom = 20 // addresses that are told apart in a minute
)

// add notes or counts one.
func (f *refusals) add(e history.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil {
		f.more, f.timer = make(map[string]int), time.AfterFunc(refusedFor, f.flush)
	}
	if _, known := f.more[e.Address]; known {
		f.more[e.Address]++
		return
	}
	if len(f.more) < refusedFrom {
		f.more[e.Address] = 0
		e.Kind = history.OperatorRefused
		f.note(e)
		return
	}
	f.more[""]++
}

// flush notes what was counted, and ends the minute.
func (f *refusals) flush() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer == nil {
		return
	}
	f.timer.Stop()
	f.timer = nil
	for address, n := range f.more {
		if n > 0 {
			f.note(history.Entry{Kind: history.OperatorRefused, Address: address, Detail: strconv.Itoa(n)})
		}
	}
}

// refuse tells the log and the history that somebody did not get in. The name is that of the operator if it is known.
func (c *Console) refuse(r *http.Request, name string, reason any) {
	c.log.Warn("authn_login_fail", "address", c.address(r), "operator", name, "reason", reason)
	c.refused.add(history.Entry{Actor: name, Address: c.address(r), Reason: fmt.Sprint(reason)})
}
