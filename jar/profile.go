package jar

import "time"

// A Profile is a user agent to follow where user agents differ. They differ in nothing outside of this file.
type Profile uint8

const (
	// Spec is RFC 6265bis as web-platform-tests read it, with limits that suit all browsers.
	Spec Profile = iota
	// Chrome is Chromium as of 2026.
	Chrome
	// Firefox is Firefox as of 2026 with its default settings, but without its list of trackers.
	Firefox
	// Safari is Safari as of 2026, without its blocking of third parties. It rests on reports and source alone: unlike
	// the others it is unverified.
	Safari
	// WebKitGTK is WebKit with the cookies of libsoup, as in GNOME Web and in apps on Linux (2.50 with libsoup 3.2),
	// when it takes cookies of third parties. What Safari does is another matter: its network stack is Apple's.
	WebKitGTK
)

// String returns the profile's name.
func (p Profile) String() string {
	return [...]string{"Spec", "Chrome", "Firefox", "Safari", "WebKitGTK"}[p]
}

// Limits returns the limits of the user agent.
func (p Profile) Limits() Limits { return profiles[p].limits }

// rules are the documented differences between user agents.
type rules struct {
	// A cookie without SameSite counts as Lax. This is switched off in Firefox.
	unsetIsLax bool
	// For so long after its creation, unsafe top-level requests carry it as well.
	laxAllowUnsafe time.Duration
	// A redirect through another site makes a request cross-site. The standard demands it, but Chromium does not do it.
	redirectsCount bool
	// http on the same machine counts as secure.
	localhostIsSecure bool
	// Prefixes are compared with case, and those with Http are unknown (WebKit change 72339 is open).
	prefixesByCase, noHTTPPrefixes bool
	// A replaced cookie keeps its creation time only with the same value.
	sameValueKeepsCreation bool
	// Expires and Max-Age are read by cookie.Parsed.ExpiryChromium. Tabs inside a cookie and a '=' in a nameless one
	// are refused, and a Path with bytes beyond ASCII is not (measured with Chromium 156).
	chromiumSyntax bool
	// Expires and Max-Age are read by cookie.Parsed.ExpiryFirefox. A line without '=' is a name without a value, one
	// that begins with '=' is refused, and bytes that are no UTF-8 are replaced (measured with Firefox 153).
	firefoxSyntax bool
	// For __Host- the outcome counts, however it is written: the default path is as good as Path=/, and so is a Domain
	// that leaves the cookie host-only.
	hostPrefixByOutcome bool
	// A cookie without Domain overlays a Secure one of its own host alone, where the standard looks at no more than the
	// domains of both (measured with Firefox 153).
	hostOnlyOverlaysItsHost bool
	// http and https are one site (network.cookie.sameSite.schemeful).
	sitesHaveNoScheme bool
	// All cookies of third parties are kept in the partition of the page, and no others are sent to them (Total Cookie
	// Protection).
	partitionsThirdParties bool
	// Clear-Site-Data empties the host, and not its registrable domain.
	clearsHostAlone bool
	// A response with Clear-Site-Data sets no cookies, even over http, where it clears nothing.
	clearingRefusesLines bool
	// Lines are read by cookie.ParseLibsoup. There are no prefixes, no SameSite=None that needs Secure, no cookies of
	// public suffixes, and a Domain needs a dot. Only the same identity is protected from http. Cookies are set
	// whatever their SameSite. Hosts below that of a page are of its site, a redirect from http to https is one through
	// another site, and whatever has asked, a page gets the cookies that are for its host (libsoup 3.2).
	libsoup bool
	// The Priority attribute counts in evictions.
	priorities bool
	// Partitioned needs an explicit SameSite=None (Cocoa, since 2026-06).
	partitionedNeedsNone bool

	limits Limits
}

var profiles = [...]rules{
	Spec: {unsetIsLax: true, redirectsCount: true, localhostIsSecure: true, limits: shared},
	Chrome: {unsetIsLax: true, laxAllowUnsafe: 2 * time.Minute, localhostIsSecure: true, sameValueKeepsCreation: true,
		chromiumSyntax: true, clearingRefusesLines: true, priorities: true,
		limits: shared.with(3300, 30*24*time.Hour, 0)},
	Firefox: {redirectsCount: true, localhostIsSecure: true, sitesHaveNoScheme: true, firefoxSyntax: true,
		hostPrefixByOutcome: true, hostOnlyOverlaysItsHost: true, partitionsThirdParties: true,
		clearsHostAlone: true, limits: shared.with(3000, 0, 2048)},
	Safari: {unsetIsLax: true, redirectsCount: true, prefixesByCase: true, noHTTPPrefixes: true,
		partitionedNeedsNone: true, limits: shared.with(3000, 0, 0)},
	WebKitGTK: {libsoup: true, redirectsCount: true, sitesHaveNoScheme: true, clearsHostAlone: true,
		limits: Limits{Bytes: shared.Bytes}},
}

// shared are the limits on which browsers agree.
var shared = Limits{Site: 180, SitePurge: 30, PartitionCookies: 180, PartitionBytes: 10240, Bytes: 64 << 20}

func (l Limits) with(total int, safe time.Duration, slack int) Limits {
	l.Total, l.TotalPurge, l.Safe, l.PartitionSlack = total, 300, safe, slack
	return l
}

// Limits bound a jar against servers. A zero field means no such limit, but zero Limits in [Options] are those of the
// profile. A site includes all its subdomains.
//
// Over a limit, expired cookies go first, then the least recently used ones. Secure cookies are protected, and in
// Chrome those of a high Priority.
type Limits struct {
	Site      int // cookies of one site outside of partitions
	SitePurge int // by so many fewer than Site are left after a purge

	Total      int           // cookies outside of partitions
	TotalPurge int           // by so many fewer than Total are left after a purge
	Safe       time.Duration // cookies used so recently are not evicted because of Total

	PartitionCookies int // cookies of one site in one partition
	PartitionBytes   int // bytes of their names and values together
	PartitionSlack   int // excess bytes before a purge

	Bytes int // bytes of all cookies, overhead included
}
