package session

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/store"
)

// cookieKeptBack reports whether the browser may have a session whose cookie it did not send, because of who made it
// send the request (RFC 6265bis, section 5.8.3). A new cookie would take that session's place. So it is when a payment
// page sends its visitors back by a form. Who signs in there gets a session all the same: that is what they want.
func (s *Session) cookieKeptBack() bool {
	h, name := s.request.Header, s.m.opts.Cookie
	if s.bearer || s.m.opts.Partitioned || h.Get("Sec-Fetch-Site") != "cross-site" {
		return false
	}
	if _, n := cookie.Lookup(h["Cookie"], name); n > 0 {
		return false
	}
	method, dest := s.request.Method, h.Get("Sec-Fetch-Dest")
	followsLink := (method == http.MethodGet || method == http.MethodHead) && h.Get("Sec-Fetch-Mode") == "navigate" &&
		(dest == "document" || dest == "")
	return s.m.opts.SameSiteStrict || !followsLink
}

// handOverParam is the query parameter with the ticket of values that are handed over.
const handOverParam = "session_handover"

// handOverTime is how long the redirect may take.
const handOverTime = 5 * time.Minute

// HandOver returns the address for a redirect to a page of this site, to. If the browser kept its cookie back from this
// request, as when a payment page sends its visitors back by a form, the values that were set so far go along: the
// store keeps them for 5 minutes under a ticket in the address, good once and for that path alone, and the request that
// brings it puts them into the session that it has. In any other case HandOver returns to, and the values are saved as
// usual.
//
// Whoever can make the first request can choose the values, and lead somebody else to the address. They are good for
// "your order is on its way", not for what a user may do.
//
// The error is the store's, [ErrTooManyVisitors], or that to is no path of this site.
func (s *Session) HandOver(to string) (string, error) {
	if s.m == nil {
		return "", ErrNoManager
	}
	target, err := url.Parse(to)
	if err != nil || !localPath(to) {
		return "", fmt.Errorf("session: hand over: %.100q is no path of this site, such as /done?order=5", to)
	}
	st := s.use()
	defer s.mu.Unlock()
	if st.exists() || len(st.changes) == 0 || !st.cookieKeptBack() {
		return to, nil
	}
	now, t := st.m.store.Now(), newTicket(store.NewID(), st.m.opts.Realm)
	if err := st.admit(now); err != nil {
		return "", err
	}
	record := st.m.newRecord(st.request, t, "", now, false)
	record.Data, record.ExpiresAt, record.Secret = st.view, now.Add(handOverTime), t.boundTo(target.Path)
	if err := st.m.store.Create(st.context(), &record, store.ID{}); err != nil {
		return "", err
	}
	st.changes = nil // they are in good hands
	return withHandOver(target, t.expose()), nil
}

// withHandOver adds the parameter as the last one of the query, whose other bytes stay as they are.
func withHandOver(u *url.URL, value string) string {
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += handOverParam + "=" + value
	return u.String()
}

// boundTo is the hash of the secret of values that are handed over. It is another one than that of a session's secret,
// so that the ticket in the address is no good as a cookie.
func (t ticket) boundTo(path string) store.Hash {
	if t.realm != "" {
		path += "\x00" + t.realm
	}
	return sha256.Sum256(append(t.secret[:], path...))
}

// takeOver puts the values that the request's address brings into its session. Whatever is wrong with them, the request
// goes on without.
func (s *Session) takeOver() {
	t := ticket{realm: s.m.opts.Realm}
	r := s.request
	if r.Method != http.MethodGet && r.Method != http.MethodHead || s.cookieKeptBack() || s.Unknown() ||
		!t.parse(handOverOf(r.URL)) {
		return
	}
	record, err := s.m.store.Load(s.context(), t.id)
	if err != nil || record == nil || record.User != "" || record.Over(s.m.store.Now()) {
		return
	}
	if bound := t.boundTo(r.URL.Path); subtle.ConstantTimeCompare(bound[:], record.Secret[:]) != 1 {
		return
	}
	if existed, err := s.m.store.Delete(s.context(), t.id); err != nil || !existed {
		return // another request was first, or nobody can tell
	}
	for key, value := range record.Data.All() {
		_ = s.change(change{key: key, value: value}) // what does not fit is reported
	}
}

// handOverOf returns the parameter's value, which is the last one of the query.
func handOverOf(u *url.URL) string {
	i := strings.LastIndex(u.RawQuery, handOverParam+"=")
	if i < 0 || i > 0 && u.RawQuery[i-1] != '&' {
		return ""
	}
	return u.RawQuery[i+len(handOverParam)+1:]
}

// WithoutHandOver returns the query of an address without what [Session.HandOver] has added to it.
func WithoutHandOver(u *url.URL) (rawQuery string) {
	value := handOverOf(u)
	if value == "" {
		return u.RawQuery
	}
	return strings.TrimSuffix(strings.TrimSuffix(u.RawQuery, handOverParam+"="+value), "&")
}
