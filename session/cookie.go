package session

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"coatcheck.dev/cookie"
	"coatcheck.dev/event"
	"coatcheck.dev/internal/sitedata"
)

// cookie returns the session cookie. A lifetime of 0 means until the browser closes.
func (o *Options) cookie(value string, lifetime time.Duration) *cookie.Cookie {
	c := &cookie.Cookie{
		Name: o.Cookie, Value: value, Domain: o.InsecureDomain, Path: "/", MaxAge: lifetime,
		Secure: !o.InsecureCookie, HttpOnly: true, SameSite: cookie.SameSiteLax,
	}
	switch {
	case o.SameSiteStrict:
		c.SameSite = cookie.SameSiteStrict
	case o.Partitioned:
		c.SameSite, c.Partitioned = cookie.SameSiteNone, true
	}
	return c
}

// CookieProblem returns nil, or why a browser would drop the session's cookie from the answer to this request, for
// sign-in pages to show: the error names the host and what helps. It is reported once for each of the first 100 hosts.
//
// An error that wraps [ErrPlainHTTP], reported as [event.PlainHTTP], is for plain HTTP on any host but localhost
// ([event.Trustworthy]), by what the proxies in Options.TrustedProxies say of scheme and host. But a browser knows
// better. It sends Sec-Fetch-Site to those places alone for which it keeps such cookies (Fetch Metadata, section 2),
// and "Origin: https://..." from a page over https. A cookie that comes back was kept. "X-Forwarded-Proto: https" and
// what other proxies write in its place is believed of everybody, because whoever makes it up has only themselves to
// deceive, and a sign-in behind a proxy that was forgotten goes on.
//
// Any other error, reported as [event.Undelivered], is for a host outside Options.InsecureDomain. The host example.com
// is always fine, because requests of net/http/httptest have it.
func (s *Session) CookieProblem() error {
	if s.m == nil || s.remote || s.bearer {
		return nil
	}
	name := event.HostName(event.ClientHost(s.request, s.m.opts.TrustedProxies))
	if name == testHost {
		return nil
	}
	kind, err := s.dropped(name)
	if err != nil && s.m.troubled.firstOf(clip(name, maxHostName), maxHosts) {
		s.warn(event.Event{Kind: kind, Err: err})
	}
	return err
}

// dropped returns why a browser would drop a cookie from the host of that name, and the kind of event for it.
func (s *Session) dropped(name string) (event.Kind, error) {
	o := &s.m.opts
	switch {
	case !o.within(name):
		return event.Undelivered, fmt.Errorf("session: browsers drop a cookie of Options.InsecureDomain %q from the "+
			"host %q", o.InsecureDomain, clip(name, maxHostName))
	case !o.InsecureCookie && name != "" && s.overPlainHTTP():
		return event.PlainHTTP, fmt.Errorf("%w: %q is no localhost. Use https, or in development "+
			"Options.InsecureCookie (coatcheck --dev); a proxy that speaks https has to set X-Forwarded-Proto, and "+
			"Options.TrustedProxies (--trust-proxy) to name it", ErrPlainHTTP, clip(name, maxHostName))
	}
	return "", nil
}

// overPlainHTTP reports whether the request's browser keeps no Secure cookie from here.
func (s *Session) overPlainHTTP() bool {
	o, h := &s.m.opts, s.request.Header
	scheme, host := event.ClientScheme(s.request, o.TrustedProxies), event.ClientHost(s.request, o.TrustedProxies)
	if event.Trustworthy(scheme, host) || h.Get("Sec-Fetch-Site") != "" ||
		strings.HasPrefix(h.Get("Origin"), "https://") || toldHTTPS(h) {
		return false
	}
	_, n := cookie.Lookup(h["Cookie"], o.Cookie)
	return n == 0
}

var schemeHeaders = []string{"X-Forwarded-Proto", "X-Forwarded-Protocol", "X-Forwarded-Scheme", "X-Url-Scheme"}

// toldHTTPS reports whether a request's headers say that its client has come by https: in one of the ways of proxies,
// in any case, and first in a list, where the proxy next to the client writes.
func toldHTTPS(h http.Header) bool {
	for _, name := range schemeHeaders {
		first, _, _ := strings.Cut(h.Get(name), ",")
		if strings.EqualFold(strings.TrimSpace(first), "https") {
			return true
		}
	}
	for _, name := range [...]string{"X-Forwarded-Ssl", "Front-End-Https"} {
		if strings.EqualFold(h.Get(name), "on") {
			return true
		}
	}
	first, _, _ := strings.Cut(h.Get("Forwarded"), ",") // RFC 7239, section 5.4
	for pair := range strings.SplitSeq(first, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if strings.EqualFold(name, "proto") && strings.EqualFold(strings.Trim(value, `"`), "https") {
			return true
		}
	}
	return false
}

// testHost is that of requests by net/http/httptest.
const testHost = "example.com"

// dropElsewhere has the browser forget the cookies of the session's name that it may have for this request beside the
// cookie that the response sets. Nothing in a request tells their Domain and Path, so each is tried that fits it: at
// most 23.
func (st *state) dropElsewhere(header http.Header) {
	own := st.m.opts.cookie("", 0)
	for _, domain := range domainsOf(event.HostName(event.ClientHost(st.request, st.m.opts.TrustedProxies))) {
		for _, path := range pathsOf(st.request.URL.EscapedPath()) {
			other := own.Deletion()
			other.Domain, other.Path = domain, path
			if domain != own.Domain || path != own.Path {
				_ = cookie.Set(header, other) // which refuses what no cookie can have
			}
		}
	}
}

const maxDomains = 6

// domainsOf returns up to 6 Domain attributes of cookies that a host gets: none, its name and those above. Browsers
// ignore one that is a public suffix.
func domainsOf(host string) []string {
	domains := []string{""}
	if _, err := netip.ParseAddr(host); err == nil {
		return domains
	}
	for domain := host; len(domains) < maxDomains; {
		domains = append(domains, domain)
		_, above, _ := strings.Cut(domain, ".")
		if !strings.Contains(above, ".") {
			break
		}
		domain = above
	}
	return domains
}

// pathsOf returns up to 4 Path attributes of cookies that a path gets: the whole site, the first folder without and
// with a final slash, and the folder that is the default (RFC 6265bis, section 5.1.4).
func pathsOf(path string) []string {
	paths := []string{"/"}
	first, _, deeper := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	folder := path[:max(strings.LastIndexByte(path, '/'), 0)]
	candidates := []string{"/" + first}
	if deeper {
		candidates = append(candidates, "/"+first+"/", folder)
	}
	for _, p := range candidates {
		if p != "" && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// ticketHeader carries new tickets to programs that have no cookies; empty, it tells them to forget the one they have.
const ticketHeader = "Session-Ticket"

// announce writes the new ticket into the response's header, or takes the old one away.
func (s *Session) announce(header http.Header) {
	st := s.lock()
	defer s.mu.Unlock()
	if st.tell != nil && !s.bearer {
		st.tell(header)
	}
	pending := st.cookie
	st.cookie, st.tell = cookieKeep, nil
	if pending == cookieKeep || pending == cookieOffer && !st.takeSuccessor() {
		return
	}
	st.dropOldCookie(header)
	if s.scattered {
		st.dropElsewhere(header) // first: some clients take a cookie of the Domain for the host's own
	}
	switch gone := pending == cookieDelete; {
	case s.bearer && gone:
		header.Set(ticketHeader, "")
	case s.bearer:
		header.Set(ticketHeader, st.ticket.expose())
	case gone:
		st.setCookie(header, s.m.opts.cookie("", 0).Deletion())
	default:
		st.setCookie(header, s.m.opts.cookie(st.ticket.expose(), st.cookieLifetime(s.m.store.Now())))
		if sitedata.ClearsCookies(header) {
			st.emit(event.Event{Kind: event.Undelivered, Reason: "Clear-Site-Data deletes it in the browser"})
		}
	}
}

func (st *state) setCookie(header http.Header, c *cookie.Cookie) {
	if err := cookie.Set(header, c); err != nil {
		// Options.Check has tried this cookie, so only a session that ends within the second comes here.
		st.emit(event.Event{Kind: event.Undelivered, Err: fmt.Errorf("session: write cookie: %w", err)})
	}
}

// cookieLifetime is how long the browser is to keep the cookie: as long as the session can last if the user wants to
// be remembered, and until the browser closes otherwise. It is for convenience only; the record is what ends a session.
func (st *state) cookieLifetime(now time.Time) time.Duration {
	if !st.record.Remember {
		return 0
	}
	left := st.record.ExpiresAt.Sub(now)
	return max(left.Round(time.Second), time.Second)
}
