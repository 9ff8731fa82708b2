package auth

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"coatcheck.dev/cmd/coatcheck/internal/identity"
	"coatcheck.dev/event"
)

// setCookie begins the names of the headers that have one line of Set-Cookie each, by number from 1 to maxNumbered.
// cacheControl has what the app's answer has to say about caching beside what it says itself.
const (
	setCookie    = "Coatcheck-Set-Cookie-"
	maxNumbered  = 4
	cacheControl = "Coatcheck-Cache-Control"
)

// What many answers say. Nobody writes into a header's lines, so that all can share them.
var (
	nothing               = []string{""}
	unkept                = []string{"no-store"}
	ofNobodyElse          = []string{"private"}
	ofNobodyElseAndUnkept = []string{"private, no-store"}
)

// A reply is the http.ResponseWriter of one request that a proxy asks about. It has the answer reach the browser in
// the way of the dialect.
type reply struct {
	http.ResponseWriter
	server  *Server
	request *http.Request // the client's
	whole   bool          // the proxy passes on whatever it hears
}

// WriteHeader begins the answer. All that was said about the session is in its headers by now.
func (a *reply) WriteHeader(status int) {
	header, d := a.Header(), a.server.opts.Dialect
	if status == http.StatusOK && header[identity.User] != nil {
		status = a.admitted()
	} else {
		strip(header)
	}
	if d.terse && !a.whole {
		status = terse(status)
		delete(header, "Www-Authenticate") // which nginx would add to the whole answer
	}
	if to := header["Location"]; d.resolves && len(to) == 1 && strings.HasPrefix(to[0], "/") {
		r, proxies := a.request, a.server.has.TrustedProxies
		header["Location"] = []string{event.ClientScheme(r, proxies) + "://" + event.ClientHost(r, proxies) + to[0]}
	}
	a.ResponseWriter.WriteHeader(status)
}

// strip takes out what an answer of 200 would have told.
func strip(header http.Header) {
	for _, name := range []string{identity.User, identity.Session, identity.Data, identity.Bound, "Authorization"} {
		delete(header, name)
	}
}

// terse returns the status for a proxy that takes 401 and 403 for answers, and any other for a failure.
func terse(status int) int {
	switch status {
	case http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusServiceUnavailable:
		return status
	case http.StatusSeeOther:
		return http.StatusUnauthorized
	case http.StatusMethodNotAllowed:
		return http.StatusForbidden
	}
	return http.StatusServiceUnavailable
}

// admitted returns the status for a request that may go on. It sees to it that cookies reach the browser.
func (a *reply) admitted() int {
	header, d := a.Header(), a.server.opts.Dialect
	cookies, handle := header["Set-Cookie"], header[identity.Session][0]
	switch {
	case a.whole:
		// It may go on after all: things have changed since the proxy asked.
		return a.again()
	case len(cookies) > 0 && (d.drops || d.numbered && len(cookies) > maxNumbered):
		if a.opensPage() && a.server.sent.first(handle, time.Now()) {
			return a.again()
		}
	case len(cookies) > 0 && d.numbered:
		delete(header, "Set-Cookie")
		for i, line := range cookies {
			header[setCookie+strconv.Itoa(i+1)] = []string{line}
		}
	}
	switch {
	case len(cookies) > 0:
		header[cacheControl] = ofNobodyElseAndUnkept
	case handle != "":
		header[cacheControl] = ofNobodyElse
	default:
		header[cacheControl] = nothing
	}
	header["Cache-Control"] = unkept // of this answer
	return http.StatusOK
}

// again returns the status of an answer that has the client ask once more: by itself if it opens a page.
func (a *reply) again() int {
	header := a.Header()
	strip(header)
	header["Cache-Control"] = unkept
	if a.opensPage() {
		header["Location"] = []string{a.request.RequestURI}
		return http.StatusSeeOther
	}
	header["Retry-After"] = []string{"1"}
	return http.StatusServiceUnavailable
}

// opensPage reports whether a browser opens a page, at an address that leads nowhere else.
func (a *reply) opensPage() bool {
	r := a.request
	if r.Method != http.MethodGet || len(r.RequestURI) > 1 && (r.RequestURI[1] == '/' || r.RequestURI[1] == '\\') {
		return false
	}
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// sentBack remembers for which sessions a browser was sent to the same page once more, so that it happens once.
type sentBack struct {
	mu      sync.Mutex
	began   int64 // the minute of now, in seconds
	now     map[string]bool
	earlier map[string]bool // in the minute before
}

// maxSentBack bounds how many sessions are remembered; beyond them nobody is sent back.
const maxSentBack = 10000

// first reports whether it is the first time in a minute for a session, by its handle.
func (s *sentBack) first(handle string, at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if passed := at.Unix() - s.began; passed >= 60 || passed < 0 {
		s.earlier = nil
		if passed < 120 && passed >= 0 {
			s.earlier = s.now
		}
		s.began, s.now = at.Unix(), make(map[string]bool)
	}
	if s.now[handle] || s.earlier[handle] || len(s.now) >= maxSentBack {
		return false
	}
	s.now[handle] = true
	return true
}
