package format

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/jar"
)

// ErrNothing says that there were entries in a file and none of them could be read, or that there are none where there
// should be some.
var ErrNothing = errors.New("nothing in it could be read")

// A sink takes what a reader finds. It is the one rule for all readers: an entry that cannot be read is left out and
// named, and the rest is read.
type sink struct {
	Counts
	now    time.Time
	check  func(jar.Cookie) error // why a jar cannot hold a cookie
	take   func(jar.Cookie)       // also expired ones, which delete
	lose   func(Loss)
	reason string // of the first entry that was left out
}

// add takes an entry that was read. The changes say what of it was lost or guessed.
func (s *sink) add(at place, c *jar.Cookie, changes ...string) {
	if domain, ok := strings.CutPrefix(c.Domain, "*."); ok {
		c.Domain, c.HostOnly = domain, false
		changes = append(changes, "its domain begins with *, and is taken as that of the hosts below as well")
	}
	if !c.HostOnly && hasNoHostsBelow(c.Domain) {
		c.HostOnly = true // curl and others do not know that it always is
		changes = append(changes, "it counts for "+c.Domain+" alone, which has no hosts below")
	}
	if err := s.check(*c); err != nil {
		s.leaveOut(at, c, "no browser would keep it: "+err.Error())
		return
	}
	if !c.Expires.IsZero() && !c.Expires.After(s.now) {
		s.Expired++
		s.take(*c)
		return
	}
	if latest := s.now.Add(cookie.MaxLifetime); c.Expires.After(latest) {
		changes = append(changes, "its expiry on "+c.Expires.UTC().Format(time.DateOnly)+
			" is cut: browsers keep a cookie for at most 400 days")
		c.Expires = latest
	}
	s.Read++
	if len(changes) > 0 {
		s.Changed++
	}
	for _, what := range changes {
		s.lose(Loss{Place: at.String(), Cookie: c.Name, Domain: c.Domain, What: what})
	}
	s.take(*c)
}

// hasNoHostsBelow reports whether a cookie whose Domain is this host is for it alone, though it is no public suffix.
func hasNoHostsBelow(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost"
}

// leaveOut counts an entry that cannot be read. Of c only the name and the domain matter; nil means that nothing is
// known. The reason must not tell a value, because values are secrets.
func (s *sink) leaveOut(at place, c *jar.Cookie, why string) {
	if s.LeftOut == 0 {
		s.reason = at.String() + ": " + why
	}
	s.LeftOut++
	if c == nil {
		c = &jar.Cookie{}
	}
	s.lose(Loss{Place: at.String(), Cookie: c.Name, Domain: c.Domain, LeftOut: true, What: why})
}

// note reports what is no entry of its own and is lost all the same.
func (s *sink) note(at place, what string) {
	s.lose(Loss{Place: at.String(), LeftOut: true, What: what})
}

// nothing returns ErrNothing if there was something and nothing came of it.
func (s *sink) nothing() error {
	if s.LeftOut == 0 || s.LeftOut < s.Entries() {
		return nil
	}
	if s.LeftOut == 1 {
		return fmt.Errorf("%w: %s", ErrNothing, s.reason)
	}
	return fmt.Errorf("%w, %d entries were left out; the first was %s", ErrNothing, s.LeftOut, s.reason)
}
