package bound

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/session"
)

var (
	missing = &session.Verdict{Kind: event.Unproven, Reason: "no bound cookie"}
	several = &session.Verdict{Kind: event.Duplicate, Reason: "bound cookie"}
	over    = &session.Verdict{Kind: event.Unproven, Reason: "the bound cookie is over"}
	foreign = &session.Verdict{Kind: event.Theft, Reason: "a bound cookie of another session"}
	keyless = &session.Verdict{Kind: event.Unproven, Reason: "no key, and one is required"}
	damaged = &session.Verdict{Kind: event.Unproven, Reason: "the state of the session is damaged"}
	first   = &session.Verdict{Change: confirm}
)

// Cookie is the name of the bound cookie. It is for package session.
func (g *Guard) Cookie() string { return g.opts.Cookie }

// Admit lets a request into a bound session only with the bound cookie. It is for package session.
func (g *Guard) Admit(r *http.Request, shown cookie.Found, user, text string, now time.Time) *session.Verdict {
	if text == "" {
		return g.admitKeyless(r, user, 0, now)
	}
	f, ok := frontOf(text)
	if !ok {
		return damaged
	}
	us := now.UnixMicro()
	if f.phase == offered {
		return g.admitKeyless(r, user, f.at, now)
	}
	until := int64(0)
	if shown.N == 1 {
		until = g.find(&f, shown.Value)
	}
	if us < until+g.opts.Grace.Microseconds() {
		if f.phase == registered {
			return first
		}
		return nil
	}
	switch {
	case f.phase == registered:
		// The answer to its registration may be lost, and then the browser has no way to show anything.
		return g.admitKeyless(r, user, f.at, now)
	case g.justAfter(f.at, us) || g.opts.isOpen(r.URL.Path) || g.opts.policy(user) == Off:
		return nil
	case shown.N > 1:
		return several
	case shown.N == 1 && until == 0:
		return g.without(foreign)
	case shown.N == 1:
		return g.without(over)
	}
	return g.admitWithout(r, text)
}

// admitKeyless decides about a session without a key, for which one was offered at that time or never.
func (g *Guard) admitKeyless(r *http.Request, user string, at int64, now time.Time) *session.Verdict {
	if user == "" || g.opts.policy(user) != Required || g.opts.isOpen(r.URL.Path) ||
		g.justAfter(at, now.UnixMicro()) {
		return nil
	}
	return keyless
}

// justAfter reports whether requests may still be on their way from before that moment. They are not on their way for
// hours because a clock that was hours ahead has noted it, and was put right.
func (g *Guard) justAfter(at, now int64) bool {
	grace := g.opts.Grace.Microseconds()
	return now < at+grace && now > at-grace
}

// admitWithout tells a browser that could not fetch its cookie from one that has none. Anybody can say the former, and
// is let in no more for it: but nobody is told to sign in again because a server was down.
func (g *Guard) admitWithout(r *http.Request, text string) *session.Verdict {
	if len(r.Header[skippedHeader]) > 0 {
		if s, err := decode(text); err == nil {
			if reason := skipped(r.Header, s); reason != "" {
				return &session.Verdict{Kind: event.BindingSkipped, Reason: reason, Unavailable: true}
			}
		}
	}
	return missing
}

// without has the browser drop the bound cookie that it shows, so that it asks for another one. It may think that the
// cookie is good: if its clock was set back, say.
func (g *Guard) without(v *session.Verdict) *session.Verdict {
	with := *v
	with.Tell = g.End
	return &with
}

// confirm notes that the browser has shown its cookie.
func confirm(text string, _ time.Time) (string, error) {
	if f, ok := frontOf(text); ok && f.phase == registered {
		return text[:1] + string(rune(confirmed)) + text[2:], nil
	}
	return text, nil
}

// hashed is a bound cookie whose hash has been computed before.
type hashed struct {
	hash [hashLen]byte
	text string
}

// find returns the end of the bound cookie of that value, in microseconds since 1970, and 0 if it is none of the
// session's.
func (g *Guard) find(f *front, text string) (until int64) {
	for i := f.count() - 1; i >= 0; i-- {
		until, hash := f.value(i)
		// A hash takes longer than all else here, so that what was computed for the last request is used again.
		if h := g.slot(hash).Load(); h != nil && string(h.hash[:]) == hash && same(h.text, text) {
			return until
		}
	}
	sum := hashOf(text)
	for i := range f.count() {
		end, hash := f.value(i)
		if subtle.ConstantTimeCompare([]byte(hash), sum[:]) == 1 {
			until = end
			g.slot(hash).Store(&hashed{sum, strings.Clone(text)})
		}
	}
	return until
}

// same is subtle.ConstantTimeCompare by eight bytes at a time, because that goes from byte to byte. Texts of fewer are
// none of ours.
func same(a, b string) bool {
	n := len(a)
	if n != len(b) || n < 8 {
		return false
	}
	differ := int64At(a[n-8:]) ^ int64At(b[n-8:])
	for ; len(a) >= 8; a, b = a[8:], b[8:] {
		differ |= int64At(a) ^ int64At(b)
	}
	return differ == 0
}

func (g *Guard) slot(hash string) *atomic.Pointer[hashed] {
	return &g.hashes[(int(hash[0])|int(hash[1])<<8)%len(g.hashes)]
}
